"""Lets MoGe, which estimates the depth of a picture, run on a CPU.

ComfyUI 0.30.0 chooses half precision for it there too, but torch cannot resize pictures of that type on a CPU
("compute_index_ranges_weights" not implemented for 'Half').
"""

from typing import Any

from patches import expect, patch


@patch(
    "comfy.ldm.moge.model:MoGeModel.__init__",
    package="ComfyUI",
    reason="On a CPU, MoGe has to work in float32: torch cannot resize half-precision pictures there.",
    until="ComfyUI chooses float32 for MoGe on a CPU by itself.",
)
def install() -> None:
    """Call it once per process, after ComfyUI was imported. It leaves other devices alone."""
    import comfy.model_management
    import torch
    from comfy.ldm.moge.model import MoGeModel

    if comfy.model_management.get_torch_device().type != "cpu":
        return
    original = MoGeModel.__init__

    def init_in_float32(self: Any, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        expect(hasattr(self, "dtype"), "ComfyUI's MoGe has no dtype any more")
        self.dtype = torch.float32  # of the picture; weights are cast to it where they are used

    MoGeModel.__init__ = init_in_float32
