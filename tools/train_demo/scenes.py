"""Scenes to learn from: a coloured thing in front of a plain background, which moves, and its caption and sound.

A clip is drawn at the resolution that the demo VAE works with: one value of brightness and two differences of colours
for 4 x 4 pixels. Everything is drawn for a batch at once from a table of numbers, one row per clip.
"""

from dataclasses import dataclass
from math import pi

import torch
from torch import Generator, Tensor

from demo_models.picture_code import COLOURS, PATCH
from tools.train_demo import names
from tools.train_demo.names import BACKGROUNDS, MOVES, SHAPES, SOUNDS

_SOUND_OF_SHAPE = (1, 2, 3, 0)  # ball, cube, pyramid, plain picture
FRAME_RATE = 25.0
_PLAIN = len(SHAPES)  # a clip without a thing: any soft picture, which stays or slides


@dataclass(frozen=True)
class Size:
    """The size of a clip: width and height in pixels, multiples of 32, and 8 k + 1 frames."""

    width: int
    height: int
    frames: int

    @property
    def tokens(self) -> tuple[int, int, int]:
        return (self.frames - 1) // 8 + 1, self.height // 32, self.width // 32

    @property
    def seconds(self) -> float:
        return self.frames / FRAME_RATE


@dataclass
class Scenes:
    """One row per clip. Lengths are shares of the shorter side, places shares of each side."""

    size: Size
    colour: Tensor
    shape: Tensor  # number in SHAPES, or one more: a plain picture
    move: Tensor
    background: Tensor
    sound: Tensor
    sound_said: Tensor  # whether the caption names the sound; else it goes with the shape
    radius: Tensor
    start: Tensor  # x and y of the thing's centre in the middle of the clip
    travel: Tensor  # of the thing's centre over the clip
    horizon: Tensor
    camera: Tensor  # x and y that the view moves over the clip, and log of how much it grows
    loudness: Tensor  # [clips, 4]: rate in hertz, phase, depth, level
    plain: Tensor  # colours of plain pictures, [clips, 3, 4, 4]
    detail: Tensor  # what is added to them, [clips, 3, 24, 24]
    shade: Tensor  # of the background, [clips, 3]


def draw(size: Size, count: int, generator: Generator, plain: float = 0.0, dance: float = 0.0) -> Scenes:
    """Random scenes; `plain` is the share of pictures without a thing, `dance` how many more dance than by chance."""

    def number(low: float, high: float, *shape: int) -> Tensor:
        return low + (high - low) * torch.rand(count, *shape, generator=generator)

    def often_near(*shape: int) -> Tensor:
        """-1 to 1, mostly near 0: what words leave open is mostly the same, or a few steps could not decide it."""
        return number(-1, 1, *shape) ** 3

    def choice(several: int) -> Tensor:
        return torch.randint(several, (count,), generator=generator)

    shape, move, sound = choice(len(SHAPES)), choice(len(MOVES)), choice(len(SOUNDS))
    move[torch.rand(count, generator=generator) < dance] = MOVES.index("dance")
    shape[torch.rand(count, generator=generator) < plain] = _PLAIN
    move[(shape == _PLAIN) & (torch.rand(count, generator=generator) < 0.5)] = MOVES.index("still")
    way = torch.tensor([[-1.0, 0], [1, 0], [0, -1], [0, 1], [0, 0], [0, 0]])[move]
    # Slower in longer clips, never out of the picture.
    travel = way * (0.41 + 0.05 * often_near(1))
    start = 0.5 + 0.07 * often_near(2)
    start[:, 1] += 0.04
    central = torch.rand(count, generator=generator) < 0.15  # begins where a given picture mostly has its thing
    travel[central] *= 0.6
    start[central] += travel[central] / 2
    radius = 0.205 + 0.015 * often_near()
    dancing = move == MOVES.index("dance")
    start[dancing, 1] = 0.5
    said = torch.rand(count, generator=generator) < 0.6
    sound = torch.where(said, sound, torch.tensor(_SOUND_OF_SHAPE)[shape])
    sound[dancing & (sound == 0)] = SOUNDS.index("hum")
    loudness = torch.stack([number(0.7, 1.7), number(0, 2 * pi), number(0.85, 1.0), number(0.5, 1.0)], 1)
    return Scenes(
        size=size,
        colour=choice(len(names.COLOURS)),
        shape=shape,
        move=move,
        background=choice(len(BACKGROUNDS)),
        sound=sound,
        sound_said=said,
        radius=radius,
        start=start,
        travel=travel,
        horizon=0.70 + 0.08 * often_near(),
        camera=torch.zeros(count, 3),
        loudness=loudness,
        plain=number(0.1, 0.9, 3, 4, 4),
        detail=number(-0.5, 0.5, 3, 24, 24) * number(0, 0.6, 1, 1, 1),
        shade=0.03 * torch.randn(count, 3, generator=generator),
    )


def loudness(scenes: Scenes, seconds: Tensor) -> Tensor:
    """How loud each clip's sound is at the given times, 0 to 1, [clips, times]."""
    rate, phase, depth, level = scenes.loudness.T[:, :, None]
    swinging = 0.5 - 0.5 * torch.cos(2 * pi * rate * seconds + phase)
    is_dance = (scenes.move == MOVES.index("dance"))[:, None]
    beeps = (scenes.sound == SOUNDS.index("beeps"))[:, None]
    pulses = (torch.sin(2 * pi * 4 * seconds + phase) > 0).float()
    loud = torch.where(is_dance, 1 - depth + depth * swinging, torch.where(beeps, pulses, torch.ones_like(pulses)))
    return loud * torch.where(is_dance, torch.ones_like(level), level) * (scenes.sound > 0)[:, None]


def places(scenes: Scenes) -> Tensor:
    """x and y of the thing's centre, [clips, frames, 2], as shares of the sides."""
    count = scenes.size.frames
    share = torch.linspace(-0.5, 0.5, count)[None, :, None]
    place = scenes.start[:, None] + scenes.travel[:, None] * share
    heights = loudness(scenes, torch.arange(count) / FRAME_RATE)
    jump = 0.5 * (heights - 0.5) * (scenes.move == MOVES.index("dance"))[:, None]
    return torch.stack([place[..., 0], place[..., 1] - jump], -1)


def picture(scenes: Scenes) -> Tensor:
    """The clips, [clips, 3, frames, height / 4, width / 4], brightness and differences of colours of -1 to 1 RGB."""
    size = scenes.size
    rows, columns = size.height // PATCH, size.width // PATCH
    short = min(rows, columns)
    share = torch.linspace(-0.5, 0.5, size.frames)[None, :]
    grow = torch.exp(scenes.camera[:, 2:3] * share)[:, :, None, None]
    # Places in units of the shorter side, from the middle.
    y = ((torch.arange(rows) + 0.5 - rows / 2) / short)[None, None, :, None]
    x = ((torch.arange(columns) + 0.5 - columns / 2) / short)[None, None, None, :]
    shift = scenes.camera[:, None, :2] * share[..., None]
    y, x = y / grow + shift[..., 1, None, None], x / grow + shift[..., 0, None, None]
    edge = 1 / (short * grow)  # width of one value

    background = torch.tensor([[*BACKGROUNDS.values()]])[0][scenes.background] + scenes.shade[:, None]
    ground = ((y - (scenes.horizon[:, None, None, None] - 0.5)) / edge + 0.5).clamp(0, 1)
    sky = background[:, 0, :, None, None, None] + 0.16 * y[:, None]
    below = background[:, 1, :, None, None, None] - 0.12 * y[:, None]
    rgb = sky + (below - sky) * ground[:, None]

    thing, light = _thing(scenes, x, y, edge)
    colour = torch.tensor([*names.COLOURS.values()])[scenes.colour][:, :, None, None, None]
    lit = (colour * (0.82 + 0.18 * light[:, None])).clamp(0, 1)
    rgb = rgb + (lit - rgb) * thing[:, None]
    plain = scenes.shape == _PLAIN
    if plain.any():
        rgb[plain] = _plain(scenes, plain, x, y)
    return torch.einsum("yc,nctij->nytij", COLOURS, 2 * rgb.clamp(0, 1) - 1)


def _thing(scenes: Scenes, x: Tensor, y: Tensor, edge: Tensor) -> tuple[Tensor, Tensor]:
    """How much of each place the thing covers, and how it is lit, -1 to 1."""
    size = scenes.size
    place = places(scenes) - 0.5
    sides = torch.tensor([size.width, size.height]) / min(size.width, size.height)
    place = (place * sides)[..., None, None]
    dx, dy = x - place[:, :, 0], y - place[:, :, 1]
    radius = scenes.radius[:, None, None, None]
    ball = (dx**2 + dy**2).sqrt() - 1.05 * radius
    cube = torch.maximum(dx.abs(), dy.abs()) - 0.92 * radius
    # Tip up: two slanted sides and the bottom.
    pyramid = torch.maximum((2.0 * dx.abs() - dy - 1.15 * radius) / 5**0.5, dy - 1.0 * radius)
    shape = scenes.shape[:, None, None, None]
    distance = torch.where(shape == 0, ball, torch.where(shape == 1, cube, pyramid))
    light = (-(dx + dy) / radius).clamp(-1, 1)
    covered = (0.5 - distance / edge).clamp(0, 1) * (shape < _PLAIN)
    return covered, light


def _plain(scenes: Scenes, rows: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Soft pictures of 4 x 4 colours, which slide as the thing would have."""
    size = scenes.size
    share = torch.linspace(-0.5, 0.5, size.frames)[None, :, None]
    slide = (scenes.travel[rows][:, None] * share)[..., None, None]
    count = int(rows.sum())
    full = (count, size.frames, size.height // PATCH, size.width // PATCH)
    across = (x.expand(len(rows), *full[1:])[rows] - 0.6 * slide[:, :, 0]).expand(full)
    down = (y.expand(len(rows), *full[1:])[rows] - 0.6 * slide[:, :, 1]).expand(full)
    grid = torch.stack([across, down], -1).flatten(1, 2)
    drawn = torch.zeros(())
    for colours in (scenes.plain, scenes.detail):
        drawn = drawn + torch.nn.functional.grid_sample(
            colours[rows], 1.4 * grid, mode="bicubic", padding_mode="reflection", align_corners=False
        )
    return drawn.unflatten(2, (size.frames, -1)).clamp(0, 1)
