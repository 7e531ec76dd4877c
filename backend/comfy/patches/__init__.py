"""Changes to code of ComfyUI's, each in a file of its own."""
