"""Wan 2.2: silent video, by two experts (14B) or one small model (5B)."""

from modes.wan.experts import FIRST_LAST_FRAME, IMAGE_TO_VIDEO, TEXT_TO_VIDEO
from modes.wan.long import LONG_VIDEO
from modes.wan.small import TEXT_IMAGE_TO_VIDEO

WAN_MODES = (TEXT_TO_VIDEO, IMAGE_TO_VIDEO, FIRST_LAST_FRAME, LONG_VIDEO, TEXT_IMAGE_TO_VIDEO)
