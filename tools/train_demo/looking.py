"""What is seen and heard in a clip of the demo models: colour, shape and way of the thing, and which sound it is."""

import functools
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from torchvision.transforms.functional import gaussian_blur

from tools.train_demo.names import COLOURS, SHAPES

_CLEAR = 0.5  # of the largest difference to the background, what counts as the thing
_NEAR = 0.36  # shorter sides from its middle, beyond which nothing belongs to the thing
_MOVED = 0.1  # of the side, what counts as a move
_SOUNDS = {  # hertz of the demo vocoder in which each is loudest
    "hum": (100, 300, 500),
    "beeps": (700, 900, 1000),
    "whistle": (1500, 1800, 2200),
    "buzz": (3100, 3700, 4400),
}
_TIP = 8**0.5 / 3  # from the middle of a pyramid of area 1
_AROUND, _FINE = 32, 4  # places on a side; how much finer shapes are drawn
_SOFT = 0.1  # of a side, how soft their edges are
_SILENT = 0.002  # root mean square


@dataclass(frozen=True)
class Seen:
    """colour and shape are names; way is a name of a move; places are x and y, shares of the sides, by frame."""

    colour: str
    shape: str
    way: str
    places: np.ndarray
    sizes: np.ndarray  # share of the picture that the thing covers, by frame


def look(pictures: np.ndarray) -> Seen:
    """At [frames, height, width, 3] of uint8 with a plain background, the same along each row but for the thing."""
    masks = np.stack([_thing(picture) for picture in pictures.astype(float)])
    height, width = masks.shape[1:]
    y, x = np.mgrid[:height, :width]
    weight = masks.sum((1, 2)).clip(1)
    places = np.stack([(masks * x).sum((1, 2)) / weight / width, (masks * y).sum((1, 2)) / weight / height], 1)
    return Seen(
        colour=_colour(pictures, masks),
        shape=_shape(pictures, masks),
        way=_way(places),
        places=places,
        sizes=weight / height / width,
    )


def hear(sound: np.ndarray, rate: int) -> str:
    """Name of the sound in [samples], -1 to 1."""
    if np.sqrt((sound**2).mean()) < _SILENT:
        return "silence"
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound)))) ** 2
    hertz = np.fft.rfftfreq(len(sound), 1 / rate)
    return max(_SOUNDS, key=lambda name: sum(spectrum[abs(hertz - tone) < 45].sum() for tone in _SOUNDS[name]))


def loudness(sound: np.ndarray, frames: int) -> np.ndarray:
    """Root mean square during each of the clip's frames."""
    parts = np.array_split(sound, frames)
    return np.array([np.sqrt((part**2).mean()) for part in parts])


def _thing(picture: np.ndarray) -> np.ndarray:
    """Returns the pixels that differ from the usual colour of their rows, without those far away from most of them."""
    difference = _difference(picture)
    if difference.max() < 30:
        return np.zeros(difference.shape)
    mask = difference > _CLEAR * np.percentile(difference, 99)
    y, x = np.nonzero(mask)
    rows, columns = np.mgrid[: mask.shape[0], : mask.shape[1]]
    near = np.hypot(rows - np.median(y), columns - np.median(x))
    return mask & (near < _NEAR * min(mask.shape))


def _difference(picture: np.ndarray) -> np.ndarray:
    return np.abs(picture - np.median(picture, axis=1, keepdims=True)).sum(2)


def _colour(pictures: np.ndarray, masks: np.ndarray) -> str:
    if not masks.any():
        return "none"
    mean = np.median(pictures[masks], axis=0) / 255
    # Lit from one side: what counts is the mixture more than how bright it is.
    known = {name: np.array(rgb) * 0.85 for name, rgb in COLOURS.items()}

    def distance(rgb: np.ndarray) -> float:
        chroma = (mean - mean.mean()) - (rgb - rgb.mean())
        return float((chroma**2).sum() + 0.15 * (mean.mean() - rgb.mean()) ** 2)

    return min(known, key=lambda name: distance(known[name]))


def _shape(pictures: np.ndarray, masks: np.ndarray) -> str:
    """Which of the shapes, drawn as large and as soft, is most like what is seen of the thing in all frames."""
    seen = [_around(picture, mask) for picture, mask in zip(pictures.astype(float), masks, strict=True) if mask.any()]
    if not seen:
        return "none"
    thing = torch.stack(seen).mean(0)
    return max(SHAPES, key=lambda name: float(torch.corrcoef(torch.stack([thing, _drawn()[name]]).flatten(1))[0, 1]))


def _around(picture: np.ndarray, mask: np.ndarray) -> Tensor:
    """How clearly each place belongs to the thing, [_AROUND, _AROUND], its middle in the middle."""
    rows, columns = np.mgrid[: mask.shape[0], : mask.shape[1]]
    difference = _difference(picture)
    thing = (difference / np.percentile(difference[mask], 75)).clip(0, 1)
    far = np.hypot(rows - rows[mask].mean(), columns - columns[mask].mean()) > 0.3 * min(mask.shape)
    thing[far | (thing < 0.2)] = 0
    side, middle = np.sqrt(thing.sum()), [(thing * places).sum() / thing.sum() for places in (rows, columns)]
    down, across = (
        (middle[axis] + place * side + 0.5) / mask.shape[axis] * 2 - 1 for axis, place in enumerate(_grid())
    )
    places = torch.stack([across, down], -1)[None].float()
    return functional.grid_sample(torch.tensor(thing)[None, None].float(), places, align_corners=False)[0, 0]


@functools.cache
def _drawn() -> dict[str, Tensor]:
    """The shapes with an area of 1, soft at their edges."""
    down, across = _grid(_FINE)
    shapes = {
        "ball": across**2 + down**2 < 1 / np.pi,
        "cube": torch.maximum(abs(across), abs(down)) < 1 / 2,
        "pyramid": (2 * abs(across) - down < _TIP) & (down < _TIP / 2),  # as wide as it is high
    }
    deviation = _SOFT * _AROUND * _FINE / 2
    size = 2 * round(3 * deviation) + 1
    soft = {name: gaussian_blur(shape[None].float(), [size, size], [deviation] * 2) for name, shape in shapes.items()}
    return {name: functional.avg_pool2d(shape, _FINE)[0] for name, shape in soft.items()}


def _grid(finer: int = 1) -> tuple[Tensor, Tensor]:
    """Down and across, one side of the thing in each direction from its middle."""
    line = (torch.arange(_AROUND * finer) + 0.5) / (_AROUND * finer) * 2 - 1
    down, across = torch.meshgrid(line, line, indexing="ij")
    return down, across


def _way(places: np.ndarray) -> str:
    moved = places[-2:].mean(0) - places[:2].mean(0)
    if abs(moved).max() < _MOVED:
        return "still"
    if abs(moved[0]) > abs(moved[1]):
        return "left" if moved[0] < 0 else "right"
    return "up" if moved[1] < 0 else "down"
