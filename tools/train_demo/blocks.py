"""The code of the demo video VAE: 8 frames of 32 x 32 pixels are 128 numbers, each how much there is of one pattern.

The patterns are the principal components of scenes, and of still pictures of any kind, by the usual law that the
finer a detail the weaker it is; so given pictures keep their details, and what moves is sharp where it can be.
"""

from dataclasses import replace

import torch
from torch import Generator, Tensor
from torch.nn import functional

from demo_models import shapes
from tools.train_demo.scenes import Size, draw, picture

CHANNELS = shapes.LATENT_CHANNELS
USED = 64  # of these; the others are 0 in what is encoded, and left alone by all that follows
ENLARGED = 32  # of these, the ones that the upsampler makes
FRAMES, SIDE = 8, 8  # values of a block in time and on a side; differences of colours have half the side
BRIGHTNESS = FRAMES * SIDE * SIDE
COLOUR = FRAMES * (SIDE // 2) ** 2
VALUES = BRIGHTNESS + 2 * COLOUR
_SIZES = (  # and how many clips
    (Size(64, 64, 17), 96),
    (Size(128, 128, 17), 64),
    (Size(192, 128, 25), 40),
    (Size(128, 192, 17), 40),
    (Size(256, 256, 17), 32),
    (Size(256, 256, 33), 16),
    (Size(384, 256, 17), 16),
    (Size(384, 384, 25), 8),
)
_STILL, _STILL_COLOUR, _FALL = 0.5, 0.35, 1.0  # of still pictures: size, of that colours' share, fall with frequency
_LEVEL = 0.3  # 0 gives all channels the size they have in pictures, 1 the same
# Size of the largest channel. With 1, all that a clip is to be would be decided in the last two steps of the distilled
# schedule, in which noise is as strong as it was learned to be for the real model's latents.
_LARGEST = 2.2


def to_blocks(clips: Tensor) -> Tensor:
    """[clips, 3, 8 k + 1, rows, columns] to [clips, k + 1, rows / 8, columns / 8, VALUES].

    The first frame is a block of its own, eight times the same, as in the VAE. Differences of colours are means of
    2 x 2 values, doubled so that all patterns are orthonormal.
    """
    full = torch.cat([clips[:, :, :1].expand(-1, -1, FRAMES - 1, -1, -1), clips], 2)
    count, _, frames, rows, columns = full.shape
    blocks = (frames // FRAMES, rows // SIDE, columns // SIDE)

    def cut(values: Tensor, side: int) -> Tensor:
        parts = values.reshape(count, -1, blocks[0], FRAMES, blocks[1], side, blocks[2], side)
        return parts.permute(0, 2, 4, 6, 1, 3, 5, 7).flatten(4)

    colours = 2 * functional.avg_pool3d(full[:, 1:], (1, 2, 2))
    return torch.cat([cut(full[:, :1], SIDE), cut(colours, SIDE // 2)], -1)


def fit(generator: Generator) -> dict[str, Tensor]:
    """`basis` [VALUES, CHANNELS], orthonormal or 0, and `scale` [CHANNELS], what a latent of 1 stands for."""
    covariance = _still()
    for size, count in _SIZES:
        seen = to_blocks(picture(draw(size, count, generator, plain=0.25))).flatten(0, 3)
        covariance = covariance + seen.T @ seen / len(seen) / len(_SIZES)
    energies, patterns = torch.linalg.eigh(covariance)
    basis = patterns.flip(1)[:, :USED]
    size = energies.flip(0)[:USED].sqrt()
    scale = size[0] / _LARGEST * (size / size[0]) ** (1 - _LEVEL)
    unused = (0, CHANNELS - USED)
    return {"basis": functional.pad(basis, unused).contiguous(), "scale": functional.pad(scale, unused, value=1.0)}


def fit_enlarging(code: dict[str, Tensor], generator: Generator) -> Tensor:
    """The first latents of scenes of twice the size, [latents, 2 x 2, latents, 3, 3], from a place and those around."""
    products, wanted = torch.zeros(()), torch.zeros(())
    for size, count in (
        (Size(64, 64, 17), 64),
        (Size(128, 128, 17), 32),
        (Size(192, 128, 9), 24),
        (Size(128, 192, 9), 24),
    ):
        scenes = draw(size, count, generator, plain=0.3)
        small = encode(code, picture(scenes))[:, :ENLARGED]
        large = encode(code, picture(replace(scenes, size=Size(2 * size.width, 2 * size.height, size.frames))))
        around = functional.pad(small, (1, 1, 1, 1)).unfold(3, 3, 1).unfold(4, 3, 1)
        seen = around.movedim(1, 4).flatten(0, 3).flatten(1)
        places = large[:, :ENLARGED].unflatten(4, (-1, 2)).unflatten(3, (-1, 2))
        known = places.permute(0, 2, 3, 5, 1, 4, 6).flatten(0, 3).flatten(1)
        products, wanted = products + seen.T @ seen / len(seen), wanted + seen.T @ known / len(seen)
    fitted = torch.linalg.solve(products + 1e-3 * torch.eye(len(products)), wanted)
    return fitted.T.reshape(ENLARGED, 4, ENLARGED, 3, 3).contiguous()


def encode(code: dict[str, Tensor], clips: Tensor) -> Tensor:
    """Latents [clips, channels, frames, rows, columns]."""
    return (to_blocks(clips) @ code["basis"] / code["scale"]).movedim(-1, 1)


def _still() -> Tensor:
    """Covariance of still pictures: cosines in space, the same in all frames."""
    covariance = torch.zeros(VALUES, VALUES)
    for first, side, share in (
        (0, SIDE, 1.0),
        (BRIGHTNESS, SIDE // 2, _STILL_COLOUR),
        (BRIGHTNESS + COLOUR, SIDE // 2, _STILL_COLOUR),
    ):
        line = torch.arange(side, dtype=torch.float32)
        waves = functional.normalize(torch.cos(torch.pi / side * torch.outer(line, line + 0.5)))
        patterns = torch.einsum("fy,gx->fgyx", waves, waves).flatten(0, 1).flatten(1)
        amounts = (_STILL * share / (1 + torch.hypot(line[:, None], line).flatten()) ** _FALL) ** 2
        still = torch.einsum("k,ki,kj->ij", amounts, patterns, patterns)
        last = first + FRAMES * side * side
        covariance[first:last, first:last] = torch.kron(torch.ones(FRAMES, FRAMES), still)
    return covariance
