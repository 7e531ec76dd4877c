"""LTX-2.3: video with sound. One file a kind of input, what they share in `common`, `passes` and `loras`.

Facts about sizes, sigmas and phases: ComfyUI 0.30.0's comfy_extras/nodes_lt.py and the official templates
video_ltx2_3_* (distilled) and video_ltx2_t2v (dev model with real guidance).
"""

from modes.ltx.audio import AUDIO_TO_VIDEO, LIPSYNC, VOICE_IDENTITY
from modes.ltx.control import REFERENCE_SHEET, RESTYLE
from modes.ltx.frames import FIRST_LAST_FRAME, STYLE_TRANSITION
from modes.ltx.image import IMAGE_TO_VIDEO
from modes.ltx.long import LONG_VIDEO
from modes.ltx.text import TEXT_TO_VIDEO

LTX_MODES = (
    TEXT_TO_VIDEO,
    IMAGE_TO_VIDEO,
    AUDIO_TO_VIDEO,
    LIPSYNC,
    FIRST_LAST_FRAME,
    RESTYLE,
    VOICE_IDENTITY,
    STYLE_TRANSITION,
    REFERENCE_SHEET,
    LONG_VIDEO,
)
