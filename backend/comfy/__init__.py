"""ComfyUI in library mode: the only room, with demo_models, that imports ComfyUI or torch."""
