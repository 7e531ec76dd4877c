"""LTX-2.3: video with sound. Each kind of input has a file; `common`, `passes` and `loras` have what the modes share.

The facts about sizes, sigmas and phases come from ComfyUI 0.30.0's comfy_extras/nodes_lt.py and the official templates
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
