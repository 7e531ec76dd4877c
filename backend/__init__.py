"""ComfyUI in library mode: one engine, one prompt at a time, events out.

The only room that imports ComfyUI or torch, and only inside functions, so that importing it costs nothing.
"""
