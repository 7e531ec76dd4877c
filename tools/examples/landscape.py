"""A lake between mountains, by day and by night: two pictures that differ in nothing but the light."""

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

Colour = tuple[int, int, int]

SIZE = (768, 512)
SCALE = 2  # drawn twice as large, then made smaller: smooth edges


@dataclass(frozen=True)
class Light:
    """The colours of one time of day, from the top of the sky down to the shore."""

    sky: tuple[Colour, Colour, Colour]
    disc: Colour
    glow: Colour
    far: Colour
    near: Colour
    water: tuple[Colour, Colour]
    shore: Colour
    window: Colour
    stars: int


DAY = Light(
    sky=((86, 148, 206), (168, 205, 224), (253, 222, 180)),
    disc=(255, 246, 214),
    glow=(255, 214, 140),
    far=(150, 172, 200),
    near=(44, 84, 92),
    water=((206, 212, 200), (58, 116, 142)),
    shore=(24, 50, 48),
    window=(92, 70, 54),
    stars=0,
)
NIGHT = Light(
    sky=((8, 14, 40), (24, 36, 84), (78, 78, 132)),
    disc=(244, 246, 255),
    glow=(120, 136, 210),
    far=(52, 60, 108),
    near=(12, 22, 44),
    water=((66, 72, 124), (10, 18, 46)),
    shore=(5, 10, 22),
    window=(255, 200, 96),
    stars=90,
)


def landscape(light: Light) -> Image.Image:
    """The scene of `SIZE` in one light, as RGB."""
    width, height = (side * SCALE for side in SIZE)
    horizon = round(height * 0.62)
    image = gradient((width, height), light.sky, horizon)
    _stars(image, light, horizon)
    centre, radius = (round(width * 0.68), round(height * 0.3)), round(height * 0.062)
    image = _glowing(image, centre, radius, light)
    draw = ImageDraw.Draw(image)
    for layer in range(4):
        colour = mix(light.far, light.near, layer / 3)
        draw.polygon(_ridge(width, horizon, layer), fill=colour)
    _lake(image, horizon, centre[0], light)
    _cabin(ImageDraw.Draw(image), round(width * 0.23), round(height * 0.91), light)
    _trees(ImageDraw.Draw(image), width, height, light)
    return image.resize(SIZE, Image.Resampling.LANCZOS)


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """A colour between two: `share` 0 is the first, 1 the second."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return red, green, blue


def gradient(size: tuple[int, int], colours: tuple[Colour, ...], bottom: int) -> Image.Image:
    """Colours from the top of a picture to the row `bottom`, the last one below it."""
    stops = np.linspace(0, bottom, len(colours))
    rows = np.stack([np.interp(np.arange(size[1]), stops, channel) for channel in np.array(colours).T], axis=1)
    return Image.fromarray(np.broadcast_to(rows[:, None], (size[1], size[0], 3)).round().astype(np.uint8))


def _stars(image: Image.Image, light: Light, horizon: int) -> None:
    rng, draw = np.random.default_rng(4), ImageDraw.Draw(image)
    for _ in range(light.stars):
        x, y = rng.integers(0, image.width), rng.integers(0, int(horizon * 0.75))
        radius = rng.choice([1, 1, 2, 3])
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=(226, 230, 255))


def _glowing(image: Image.Image, centre: tuple[int, int], radius: int, light: Light) -> Image.Image:
    rows, columns = np.mgrid[: image.height, : image.width]
    distance = np.hypot(columns - centre[0], rows - centre[1])
    strength = np.clip(np.exp(-distance / (radius * 3.2)) * 0.9, 0, 1)[..., None]
    pixels = np.asarray(image) * (1 - strength) + np.array(light.glow) * strength
    image = Image.fromarray(pixels.round().astype(np.uint8))
    x, y = centre
    ImageDraw.Draw(image).ellipse((x - radius, y - radius, x + radius, y + radius), fill=light.disc)
    return image


def _ridge(width: int, horizon: int, layer: int) -> list[tuple[float, float]]:
    """The outline of one row of mountains: the farther, the higher and the more jagged."""
    x = np.linspace(0, 1, 200)
    rng = np.random.default_rng(20 + layer)
    outline = np.zeros_like(x)
    for octave in range(5):
        outline += np.abs(np.sin(x * np.pi * rng.uniform(0.8, 1.4) * 2**octave + rng.uniform(0, 6))) / 1.9**octave
    height = horizon * (0.33 - 0.075 * layer)
    top = horizon + 4 - outline / outline.max() * height - (3 - layer) * horizon * 0.03
    return [(0, horizon + 4), *zip((x * width).tolist(), top.tolist(), strict=True), (width, horizon + 4)]


def _lake(image: Image.Image, horizon: int, sun: int, light: Light) -> None:
    """Water with the mountains upside down in it, and a path of light towards the sun or the moon."""
    width, height = image.size
    depth = height - horizon
    water = gradient((width, depth), light.water, depth)
    mirrored = image.crop((0, horizon - depth, width, horizon)).transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    water = Image.blend(water, mirrored.filter(ImageFilter.GaussianBlur(3 * SCALE)), 0.42)
    image.paste(water, (0, horizon))
    draw, rng = ImageDraw.Draw(image), np.random.default_rng(9)
    for row in range(12):
        y = horizon + round(depth * (0.03 + 0.75 * (row / 12) ** 1.3))
        half = (14 + 3 * row) * SCALE * rng.uniform(0.5, 1)
        x, thickness = sun + rng.uniform(-6, 6) * SCALE, (1 + row / 5) * SCALE
        draw.rounded_rectangle(
            (x - half, y, x + half, y + thickness), thickness / 2, fill=mix(light.glow, light.disc, 0.5)
        )


def _cabin(draw: ImageDraw.ImageDraw, x: int, y: int, light: Light) -> None:
    unit = 11 * SCALE
    wall, roof = mix(light.shore, (120, 84, 60), 0.55), mix(light.shore, (140, 60, 50), 0.5)
    draw.rectangle((x, y - 4 * unit, x + 7 * unit, y + unit), fill=wall)
    draw.rectangle((x + 5.2 * unit, y - 7.6 * unit, x + 6 * unit, y - 5 * unit), fill=roof)
    draw.polygon(
        [(x - unit, y - 3.8 * unit), (x + 3.5 * unit, y - 7.2 * unit), (x + 8 * unit, y - 3.8 * unit)], fill=roof
    )
    draw.rectangle((x + unit, y - 2.9 * unit, x + 2.6 * unit, y - 1.3 * unit), fill=light.window)
    draw.rectangle((x + 4.3 * unit, y - 3 * unit, x + 5.9 * unit, y + unit), fill=mix(wall, (0, 0, 0), 0.35))


def _trees(draw: ImageDraw.ImageDraw, width: int, height: int, light: Light) -> None:
    x = np.linspace(0, width, 120)
    shore = height * (0.9 + 0.02 * np.sin(x / width * 6) - 0.06 * np.exp(-(((x / width) - 0.1) ** 2) / 0.03))
    draw.polygon([(0, height), *zip(x.tolist(), shore.tolist(), strict=True), (width, height)], fill=light.shore)
    rng = np.random.default_rng(6)
    for place in (0.015, 0.06, 0.1, 0.155, 0.19, 0.4, 0.79, 0.84, 0.88, 0.93, 0.975):
        tall = height * rng.uniform(0.22, 0.36) * (0.5 if 0.3 < place < 0.5 else 1)
        _pine(draw, place * width, height * 0.93, tall, mix(light.shore, light.near, rng.uniform(0, 0.35)))


def _pine(draw: ImageDraw.ImageDraw, x: float, foot: float, tall: float, colour: Colour) -> None:
    for tier in range(5):
        top, bottom = foot - tall * (1 - 0.16 * tier), foot - tall * (0.72 - 0.16 * tier)
        half = tall * (0.06 + 0.035 * tier)
        draw.polygon([(x, top), (x + half, bottom), (x - half, bottom)], fill=colour)
    draw.rectangle((x - tall * 0.02, foot - tall * 0.1, x + tall * 0.02, foot + tall * 0.05), fill=colour)
