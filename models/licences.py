"""The licences of the registry's models, for the documentation. Each comes from the page of the model's repository."""

from models.registry import ModelFile

APACHE, LTX = "Apache 2.0", "LTX-2 community licence"

_BY_REPOSITORY = {
    "Comfy-Org/Qwen-Image-Edit_ComfyUI": APACHE,
    "Comfy-Org/Qwen-Image_ComfyUI": APACHE,
    "Comfy-Org/Real-ESRGAN_repackaged": "BSD 3-clause",
    "Comfy-Org/MoGe": "MIT",
    "Comfy-Org/Wan_2.1_ComfyUI_repackaged": APACHE,
    "Comfy-Org/Wan_2.2_ComfyUI_Repackaged": APACHE,
    "Comfy-Org/frame_interpolation": APACHE,
    "Comfy-Org/ltx-2.3": LTX,
    "Comfy-Org/z_image": APACHE,
    "Comfy-Org/z_image_turbo": APACHE,
    "comfyanonymous/flux_text_encoders": APACHE,
    "lightx2v/Qwen-Image-Edit-2511-Lightning": APACHE,
}
_UNKNOWN = "see its page"


def licence(file: ModelFile) -> str:
    """Returns the licence's name as its authors write it, or a hint where to look it up."""
    if "gemma" in file.name:
        return "Gemma terms of use"
    if file.repo.startswith("Lightricks/LTX-2"):
        return LTX
    return _BY_REPOSITORY.get(file.repo, _UNKNOWN)
