"""A mask for the landscape by day: the sun and the sky around it."""

from PIL import Image, ImageDraw

from tools.examples.landscape import SIZE


def mask() -> Image.Image:
    """White where the landscape is replaced."""
    drawn = Image.new("L", SIZE, 0)
    ImageDraw.Draw(drawn).ellipse((410, 50, 634, 256), fill=255)
    return drawn
