"""Z-Image: images from text, from an image, and inside a mask. Facts from the official templates image_z_image*."""

from modes.zimage.change import IMAGE_TO_IMAGE
from modes.zimage.inpaint import INPAINT
from modes.zimage.text import TEXT_TO_IMAGE

IMAGE_MODES = (TEXT_TO_IMAGE, IMAGE_TO_IMAGE, INPAINT)
