"""Lets MoGe, the depth of a picture, run on a CPU.

ComfyUI 0.30.0 takes half precision for it there too, for which torch cannot resize pictures
("compute_index_ranges_weights" not implemented for 'Half'). It can go when `comfy.ldm.moge.model.MoGeModel` chooses
float32 on a CPU by itself.
"""

from typing import Any


def install() -> None:
    """Once per process, after ComfyUI was imported; leaves other devices alone."""
    import comfy.model_management
    import torch
    from comfy.ldm.moge.model import MoGeModel

    if comfy.model_management.get_torch_device().type != "cpu":
        return
    original = MoGeModel.__init__

    def whole(self: Any, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        assert hasattr(self, "dtype"), "ComfyUI's MoGe has changed"
        self.dtype = torch.float32  # of the picture; weights are cast to it where they are used

    MoGeModel.__init__ = whole
