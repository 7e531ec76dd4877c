"""Turns the official templates (the frontend's format) into Kinora's templates (what ComfyUI executes).

convert: one template as the frontend's own "export (API)" would give it. fold: what is constant is computed, what
nobody sees is dropped. recipes: which template becomes which workflow. nodeinfo: what ComfyUI says of its nodes.
"""
