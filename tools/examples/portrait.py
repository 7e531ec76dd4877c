"""A face that looks at the viewer, mouth closed: made to speak by lipsync and voice modes."""

from PIL import Image, ImageDraw, ImageFilter

from tools.examples.landscape import Colour, gradient, mix

SIZE = (512, 640)
SCALE = 3

SKIN: Colour = (236, 188, 156)
HAIR: Colour = (62, 38, 34)
COAT: Colour = (34, 92, 110)
LIPS: Colour = (190, 92, 88)
DARK: Colour = (44, 30, 34)


def portrait() -> Image.Image:
    """Head and shoulders, as RGB of `SIZE`."""
    image = gradient(
        (SIZE[0] * SCALE, SIZE[1] * SCALE), ((246, 222, 190), (236, 186, 156), (214, 146, 130)), 640 * SCALE
    )
    _disc(image, (256, 290), 210, (250, 236, 212))
    pen = Pen(image)
    _hair_behind(pen)
    _body(pen)
    _head(pen)
    _eyes(pen)
    _nose_and_mouth(pen)
    _fringe(pen)
    return image.resize(SIZE, Image.Resampling.LANCZOS)


class Pen:
    """Draws in the units of the finished picture."""

    def __init__(self, image: Image.Image) -> None:
        self.image = image
        self._draw = ImageDraw.Draw(image)

    def oval(self, x: float, y: float, wide: float, tall: float, colour: Colour) -> None:
        """An ellipse around its middle, `wide` and `tall` from there to the rim."""
        self._draw.ellipse(self._scaled(x - wide, y - tall, x + wide, y + tall), fill=colour)

    def box(self, left: float, top: float, right: float, bottom: float, corner: float, colour: Colour) -> None:
        """A rectangle with round corners."""
        self._draw.rounded_rectangle(self._scaled(left, top, right, bottom), corner * SCALE, fill=colour)

    def shape(self, points: list[tuple[float, float]], colour: Colour) -> None:
        self._draw.polygon(self._scaled(*(value for point in points for value in point)), fill=colour)

    def curve(self, points: list[tuple[float, float]], colour: Colour) -> None:
        """A closed outline that runs smoothly near its points (Chaikin's corner cutting, four times)."""
        for _ in range(4):
            pairs = zip(points, [*points[1:], points[0]], strict=True)
            points = [(a[0] * (1 - t) + b[0] * t, a[1] * (1 - t) + b[1] * t) for a, b in pairs for t in (0.25, 0.75)]
        self.shape(points, colour)

    def arc(
        self, x: float, y: float, wide: float, tall: float, angles: tuple[int, int], colour: Colour, line: float
    ) -> None:
        box = self._scaled(x - wide, y - tall, x + wide, y + tall)
        self._draw.arc(box, *angles, fill=colour, width=round(line * SCALE))

    def soft(self, x: float, y: float, wide: float, tall: float, colour: Colour, strength: float, blur: float) -> None:
        """A blurred ellipse: a shadow, or a blush."""
        mask = Image.new("L", self.image.size)
        box = self._scaled(x - wide, y - tall, x + wide, y + tall)
        ImageDraw.Draw(mask).ellipse(box, fill=round(255 * strength))
        self.image.paste(colour, mask=mask.filter(ImageFilter.GaussianBlur(blur * SCALE)))

    @staticmethod
    def _scaled(*values: float) -> list[float]:
        return [value * SCALE for value in values]


def _disc(image: Image.Image, centre: tuple[int, int], radius: int, colour: Colour) -> None:
    Pen(image).oval(*centre, radius, radius, colour)


def _hair_behind(pen: Pen) -> None:
    pen.curve(
        [(256, 92), (352, 104), (402, 196), (398, 330), (418, 440), (352, 492), (160, 492), (94, 440), (114, 330),
         (110, 196), (160, 104)],
        HAIR,
    )  # fmt: skip


def _body(pen: Pen) -> None:
    pen.curve(
        [(256, 470), (330, 486), (452, 524), (506, 600), (520, 720), (-8, 720), (6, 600), (60, 524), (182, 486)], COAT
    )
    pen.curve([(216, 400), (296, 400), (300, 500), (256, 548), (212, 500)], mix(SKIN, (150, 84, 70), 0.28))
    pen.shape([(204, 482), (256, 560), (222, 590), (176, 500)], mix(COAT, (255, 255, 255), 0.2))
    pen.shape([(308, 482), (256, 560), (290, 590), (336, 500)], mix(COAT, (255, 255, 255), 0.2))
    for y in (604, 634):
        pen.oval(256, y, 5, 5, mix(COAT, (0, 0, 0), 0.4))


def _head(pen: Pen) -> None:
    for side in (-1, 1):
        pen.oval(256 + side * 118, 292, 18, 32, mix(SKIN, (170, 90, 76), 0.22))
        pen.oval(256 + side * 122, 334, 5, 5, (240, 206, 110))
    pen.curve(
        [(256, 130), (352, 142), (384, 232), (370, 340), (322, 416), (256, 446), (190, 416), (142, 340), (128, 232),
         (160, 142)],
        SKIN,
    )  # fmt: skip
    for side in (-1, 1):
        pen.soft(256 + side * 70, 344, 30, 20, (226, 120, 108), 0.5, 10)
    pen.soft(256, 426, 60, 14, (170, 100, 84), 0.35, 10)


def _eyes(pen: Pen) -> None:
    for side in (-1, 1):
        x = 256 + side * 52
        pen.curve(
            [(x - 38, 284), (x - 12, 256), (x + 16, 256), (x + 38, 284), (x + 14, 302), (x - 14, 302)], (252, 250, 246)
        )
        pen.oval(x, 279, 15, 16, (66, 112, 112))
        pen.oval(x, 279, 7.5, 8, DARK)
        pen.oval(x - 5, 273, 4, 4, (255, 255, 255))
        pen.arc(x, 284, 31, 24, (196, 344), DARK, 4.5)
        pen.arc(x, 288, 34, 34, (222, 318), mix(SKIN, (150, 80, 66), 0.45), 2)
        brow = [(x - side * 34, 240), (x + side * 2, 226), (x + side * 40, 236), (x + side * 4, 236)]
        pen.curve([*brow], HAIR)


def _nose_and_mouth(pen: Pen) -> None:
    shade = mix(SKIN, (160, 84, 70), 0.4)
    pen.soft(270, 320, 12, 32, (176, 104, 84), 0.3, 7)
    pen.arc(256, 338, 18, 12, (30, 150), shade, 3.5)
    pen.curve(
        [(214, 384), (238, 374), (256, 379), (274, 374), (298, 384), (276, 388), (236, 388)], mix(LIPS, DARK, 0.12)
    )
    pen.curve([(214, 384), (240, 386), (272, 386), (298, 384), (280, 404), (256, 409), (232, 404)], LIPS)
    pen.arc(256, 364, 44, 21, (38, 142), mix(LIPS, DARK, 0.55), 2.5)
    pen.soft(256, 397, 14, 3, (255, 214, 206), 0.55, 2)
    pen.soft(256, 418, 22, 4, (176, 104, 84), 0.4, 4)


def _fringe(pen: Pen) -> None:
    pen.curve(
        [(256, 104), (346, 112), (394, 200), (390, 300), (364, 250), (338, 196), (290, 170), (232, 200), (166, 226),
         (146, 262), (122, 306), (116, 200), (164, 114)],
        HAIR,
    )  # fmt: skip
    light = mix(HAIR, (190, 130, 100), 0.35)
    for shift in (0, 14, 28):
        pen.arc(262 + shift, 210 + shift / 2, 96 - shift, 78 - shift, (214, 262), light, 3)
