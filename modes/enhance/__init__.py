"""Larger images and videos, and more frames per second."""

from modes.enhance.frames import INTERPOLATE
from modes.enhance.image import UPSCALE
from modes.enhance.video import UPSCALE_VIDEO

ENHANCE_MODES = (UPSCALE, UPSCALE_VIDEO, INTERPOLATE)
