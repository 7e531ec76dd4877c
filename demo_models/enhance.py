"""Demo files for enhancing: a model that enlarges pictures by 4, and one that makes frames in between.

Both have computed weights. The enlarger (ESRGAN) doubles the size twice, with smooth transitions: (B, 3, H, W) becomes
(B, 3, 4H, 4W). Its convolutions treat what is beyond an edge as black, so it adds the missing part along the edges. A
channel of ones shows where the edges are. Numbers that are to have an effect only there are negative everywhere else;
the activation leaves a fifth of them, which the next layer subtracts.

The interpolator (FILM) moves nothing, but blends. A flow of a few thousandths of a pixel tells its last layers the
time. The product of time and difference is the difference of two squares, and squares are piecewise linear here. The
blend is exact in the middle, at a quarter and at three quarters; any other time counts as the nearest of these.
"""

import inspect
from typing import Any

import torch
from comfy_extras.frame_interpolation_models.film_net import FILMNet
from spandrel.architectures.ESRGAN import ESRGAN
from torch import Generator, Tensor

from demo_models.files import DemoFile
from demo_models.making import Made
from demo_models.weights import Fill, Rules, constant, fill
from patches import expect, patch

# The enlarger's channels. _SIDE is 0 at the left and right edge and 1 elsewhere; _END, above and below.
_COLOURS, _SMOOTH, _SIDES, _ENDS = (slice(start, start + 3) for start in (0, 3, 6, 9))
_SIDE, _END, _ONE, _CHANNELS = 12, 13, 14, 15
_AWAY = 2.0  # more than any colour
_LEAK = 0.2  # the share of a negative number that activations leave, in both models
_BLUR = torch.tensor([0.25, 0.5, 0.25])
_EDGES = torch.tensor([1.0, -1.0, 1.0])  # applied to ones, it gives 0 where a neighbour is missing, and 1 elsewhere

# The interpolator's channels are both pictures, and for each of _PLACES and each colour how far the sum, and the
# difference, of time and change are above this place.
_PLACES = (0.0, 0.5, 1.0)
_STEP = 0.5
_FILTERS = 2 * 3 + 2 * 3 * len(_PLACES)
_FLOW = 1 / 1024  # pixels
FILM: dict[str, Any] = {
    "pyramid_levels": 2,
    "fusion_pyramid_levels": 2,
    "specialized_levels": 1,
    "sub_levels": 1,
    "filters": _FILTERS,
    "flow_convs": (1,),
    "flow_filters": (2,),
}


def patch_comfyui() -> None:
    """Makes FILM small. A second call has no effect."""
    if FILMNet.__init__ is not _small:
        _patch_film()


_full_size = FILMNet.__init__


def _small(self: FILMNet, **factory: Any) -> None:
    _full_size(self, **FILM, **factory)


@patch(
    "comfy_extras.frame_interpolation_models.film_net:FILMNet.__init__",
    package="ComfyUI",
    reason="FILM's demo file is small; ComfyUI has the sizes of the network in its code.",
    until="ComfyUI reads these sizes from a file's metadata or shapes.",
)
def _patch_film() -> None:
    expect(FILM.keys() <= inspect.signature(_full_size).parameters.keys(), "FILM takes other sizes")
    FILMNet.__init__ = _small


def _mixed(matrix: Tensor, height: Tensor, width: Tensor) -> Tensor:
    """Returns a weight (out, in, h, w) that mixes channels by a matrix, with the same kernel for all of them."""
    return torch.einsum("oi,y,x->oiyx", matrix, height, width)


def _only(places: slice | int, columns: slice | int, value: float = 1.0) -> Tensor:
    """Returns a matrix (out, in) of the enlarger's channels: `value` times one in a block, and zero elsewhere."""
    matrix = torch.zeros(_CHANNELS, _CHANNELS)
    block = matrix[places, columns]
    matrix[places, columns] = value * (torch.eye(3) if block.dim() == 2 else torch.ones_like(block))
    return matrix


def _with_edges(channels: int) -> Tensor:
    """Returns the matrix (3, channels) that makes a smooth picture with nothing missing at its edges."""
    matrix = torch.zeros(_CHANNELS, _CHANNELS)
    matrix += _only(_COLOURS, _SMOOTH)
    for sign, colours in ((_SIDE, _SIDES), (_END, _ENDS)):
        share = 0.25 / (1 - _LEAK)
        matrix += _only(_COLOURS, colours, share) - _only(_COLOURS, _COLOURS, share * _LEAK)
        matrix += _only(_COLOURS, sign, share * _LEAK * _AWAY)
    return matrix[:3, :channels]


def _doubling(before: Tensor) -> Fill:
    """The weight (out, in, h, w) of an enlarging convolution; `before` is the matrix (3, channels) for the colours."""
    centre = torch.tensor([0.0, 1.0, 0.0])

    def make(_tensor: Tensor, _generator: Generator) -> Tensor:
        weight = torch.zeros(_CHANNELS, _CHANNELS, 3, 3)
        weight[_COLOURS] = weight[_SIDES] = weight[_ENDS] = _mixed(before, centre, centre)
        weight[_SMOOTH] = _mixed(before, _BLUR, _BLUR)
        for sign, colours, height, width in ((_SIDE, _SIDES, centre, _EDGES), (_END, _ENDS, _EDGES, centre)):
            kernel = torch.outer(height, width)
            weight[sign, _ONE] = kernel
            weight[colours, _ONE] -= _AWAY * kernel
        weight[_ONE, _ONE] = torch.outer(centre, centre)
        return weight

    return make


def _centred(matrix: Tensor) -> Fill:
    """A weight (out, in, h, w) without neighbours; the matrix is in its first rows and columns."""

    def make(tensor: Tensor, _generator: Generator) -> Tensor:
        weight = torch.zeros_like(tensor)
        middle = tensor.shape[-1] // 2
        weight[: len(matrix), : matrix.shape[1], middle, middle] = matrix
        return weight

    return make


def _ones(tensor: Tensor, _generator: Generator) -> Tensor:
    bias = torch.zeros_like(tensor)
    bias[_ONE] = 1.0
    return bias


ENLARGER: Rules = [
    (r"^model\.0\.weight", _centred(torch.eye(3))),
    (r"^model\.0\.bias", _ones),
    (r"^model\.3\.weight", _doubling(torch.eye(3, _CHANNELS))),
    (r"^model\.6\.weight", _doubling(_with_edges(_CHANNELS))),
    (r"^model\.8\.weight", _centred(_with_edges(_CHANNELS))),
    (r"^model\.10\.weight", _centred(torch.eye(3))),
    (r".", constant(0.0)),
]


def _parts(tensor: Tensor, _generator: Generator) -> Tensor:
    """The fusion's first 3 x 3 convolution, (out, in, h, w): both pictures, then sums and differences for each place.

    Its inputs are the earlier picture, its features, the later picture, its features, and two flows of two numbers.
    """
    weight = torch.zeros_like(tensor)
    earlier, later, time = 0, 3 + _FILTERS, 2 * (3 + _FILTERS)
    rows = weight[:, :, 1, 1]
    for colour in range(3):
        rows[colour, earlier + colour] = rows[3 + colour, later + colour] = 1.0
    for row in range(6, _FILTERS):
        colour, sign = row % 3, 1.0 if row % 6 < 3 else -1.0
        rows[row, time] = 1 / (3 * _FLOW)  # the flow of the coarse level counts twice
        rows[row, later + colour], rows[row, earlier + colour] = sign, -sign
    return weight


def _places(tensor: Tensor, _generator: Generator) -> Tensor:
    bias = torch.zeros_like(tensor)
    bias[6:] = -torch.tensor(_PLACES).repeat_interleave(6)
    return bias


def _blend(tensor: Tensor, _generator: Generator) -> Tensor:
    """fuse.output_conv.weight, (out, in, h, w): the earlier picture, and the product of time and change.

    Two activations leave a twenty-fifth of a number that is below a place.
    """
    weight = torch.zeros_like(tensor)
    rows = weight[:, :, 0, 0]
    left = _LEAK**2
    bend = _STEP / 2 / (1 - left)
    straight = (2 * _PLACES[0] - _STEP) / 2 - 2 * bend * left * len(_PLACES)
    for colour in range(3):
        rows[colour, colour], rows[colour, 3 + colour] = 1 - straight, straight
        rows[colour, 6 + colour :: 6] = bend
        rows[colour, 9 + colour :: 6] = -bend
    return weight


INTERPOLATOR: Rules = [
    (r"^predict_flow\._predictor\._convs\.2\.conv\.bias", constant(_FLOW)),
    (r"^fuse\.convs\.0\.1\.conv\.weight", _parts),
    (r"^fuse\.convs\.0\.1\.conv\.bias", _places),
    (r"^fuse\.convs\.0\.2\.conv\.weight", _centred(torch.eye(_FILTERS))),
    (r"^fuse\.output_conv\.weight", _blend),
    (r".", constant(0.0)),
]


def _enlarger(file: DemoFile) -> Made:
    model = ESRGAN(num_filters=_CHANNELS, num_blocks=1, scale=4)
    return _halved(fill(model.state_dict(), file.seed, ENLARGER)), {}


def _interpolator(file: DemoFile) -> Made:
    return _halved(fill(FILMNet().state_dict(), file.seed, INTERPOLATOR)), {}


def _halved(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.half() for name, tensor in tensors.items()}


MAKERS = {"enlarger": _enlarger, "interpolator": _interpolator}
