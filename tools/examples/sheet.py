"""A reference sheet: one robot from the front, the side and behind, and what it carries."""

from PIL import Image

from tools.examples.landscape import Colour, mix
from tools.examples.portrait import SCALE, Pen

SIZE = (768, 448)

SHELL: Colour = (238, 150, 66)
METAL: Colour = (96, 108, 126)
GLASS: Colour = (36, 48, 66)
LAMP: Colour = (120, 232, 214)
PAPER: Colour = (244, 241, 234)
LEAF: Colour = (94, 166, 96)


def sheet() -> Image.Image:
    """Four panels side by side, as RGB of `SIZE`."""
    image = Image.new("RGB", (SIZE[0] * SCALE, SIZE[1] * SCALE), PAPER)
    pen = Pen(image)
    for x in (112, 300, 488, 664):
        pen.soft(x, 386, 62, 8, (150, 140, 128), 0.55, 5)
    _robot(pen, 112, "front")
    _robot(pen, 300, "side")
    _robot(pen, 488, "back")
    _flower(pen, 664)
    return image.resize(SIZE, Image.Resampling.LANCZOS)


def _robot(pen: Pen, x: float, view: str) -> None:
    shade, dark = mix(SHELL, (120, 50, 20), 0.35), mix(METAL, (0, 0, 0), 0.35)
    narrow = 0.72 if view == "side" else 1.0
    for leg in (-1, 1):
        foot = x + leg * 26 * narrow
        pen.box(foot - 10, 310, foot + 10, 372, 6, METAL if leg < 0 or view != "side" else dark)
        pen.box(foot - 18 + (8 if view == "side" else 0), 362, foot + 20 + (8 if view == "side" else 0), 384, 9, dark)
    if view != "side":
        for arm in (-1, 1):
            pen.box(x + arm * 66 - 9, 212, x + arm * 66 + 9, 292, 9, METAL)
            pen.oval(x + arm * 66, 298, 14, 14, dark)
    pen.box(x - 54 * narrow, 196, x + 54 * narrow, 322, 24, SHELL)
    pen.box(x - 54 * narrow, 290, x + 54 * narrow, 322, 16, shade)
    pen.box(x - 14, 182, x + 14, 204, 4, dark)
    pen.box(x - 62 * narrow, 92, x + 62 * narrow, 188, 30, SHELL)
    pen.box(x - 3, 62, x + 3, 96, 2, dark)
    pen.oval(x, 58, 9, 9, LAMP)
    if view == "front":
        pen.box(x - 46, 112, x + 46, 168, 22, GLASS)
        for eye in (-1, 1):
            pen.oval(x + eye * 21, 138, 10, 12, LAMP)
            pen.oval(x + eye * 21 - 3, 133, 3, 3, (255, 255, 255))
        pen.arc(x, 148, 10, 8, (20, 160), LAMP, 2.5)
        pen.oval(x, 240, 20, 20, PAPER)
        pen.shape([(x - 8, 246), (x, 228), (x + 8, 246)], LEAF)
    elif view == "side":
        pen.box(x + 6, 112, x + 44, 168, 16, GLASS)
        pen.oval(x + 32, 138, 7, 12, LAMP)
        pen.oval(x - 14, 140, 13, 13, dark)
        pen.oval(x - 14, 140, 6, 6, METAL)
        pen.box(x - 9, 216, x + 11, 296, 10, METAL)
        pen.oval(x + 1, 300, 14, 14, dark)
        pen.box(x - 62, 214, x - 34, 288, 10, LEAF)
    else:
        pen.box(x - 36, 214, x + 36, 294, 16, LEAF)
        pen.box(x - 26, 250, x + 26, 282, 8, mix(LEAF, (0, 0, 0), 0.25))
        for side in (-1, 1):
            pen.box(x + side * 30 - 4, 198, x + side * 30 + 4, 226, 3, mix(LEAF, (0, 0, 0), 0.35))
        for row in (118, 134, 150):
            pen.box(x - 26, row, x + 26, row + 6, 3, shade)


def _flower(pen: Pen, x: float) -> None:
    clay = (192, 98, 70)
    pen.box(x - 4, 190, x + 4, 310, 4, LEAF)
    pen.curve([(x, 286), (x - 66, 262), (x - 58, 228), (x - 10, 252)], LEAF)
    pen.curve([(x, 268), (x + 62, 240), (x + 56, 206), (x + 10, 232)], mix(LEAF, (0, 0, 0), 0.15))
    for dx, dy in ((0, -34), (32, -11), (20, 28), (-20, 28), (-32, -11)):
        pen.oval(x + dx, 166 + dy, 25, 25, (236, 108, 128))
    pen.oval(x, 166, 20, 20, (250, 208, 96))
    pen.shape([(x - 46, 312), (x + 46, 312), (x + 34, 384), (x - 34, 384)], clay)
    pen.box(x - 54, 300, x + 54, 322, 5, mix(clay, (255, 255, 255), 0.12))
