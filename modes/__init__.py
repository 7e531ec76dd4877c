"""Every mode, declared once. A new mode is a template in `workflows/` and a declaration in this package."""

from errors import InvalidInputError
from modes.cogvideo import TEXT_TO_VIDEO as COGVIDEO
from modes.enhance import ENHANCE_MODES
from modes.ltx import LTX_MODES
from modes.messages import InvalidParamsError
from modes.mode import Example, Mode, Preset
from modes.params import OutputSpec, Parameter, Params
from modes.qwen import EDIT
from modes.user_graph import OWN_GRAPH
from modes.wan import WAN_MODES
from modes.zimage import IMAGE_MODES

__all__ = [
    "MODES",
    "Example",
    "InvalidParamsError",
    "Mode",
    "OutputSpec",
    "Parameter",
    "Params",
    "Preset",
    "get",
]

MODES: dict[str, Mode] = {
    mode.id: mode for mode in (*LTX_MODES, *WAN_MODES, COGVIDEO, *IMAGE_MODES, EDIT, *ENHANCE_MODES, OWN_GRAPH)
}


def get(mode_id: str) -> Mode:
    """Raises InvalidInputError for an id that no mode has."""
    if mode_id not in MODES:
        raise InvalidInputError(f"There is no mode “{mode_id}”. Modes: {', '.join(MODES)}.", "mode")
    return MODES[mode_id]
