"""Patches of ComfyUI, each in a file of its own, declared by `patches.patch`. The demo models have more of them."""
