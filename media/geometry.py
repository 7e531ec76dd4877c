"""Rotates video frames upright, resizes them, and converts their colours to BT.709, with FFmpeg's filters."""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any, cast

import av
import numpy as np
from av.filter import Graph
from av.sidedata.sidedata import Type

from media.image import Fit

HDR = (16, 18)
"""The transfer characteristics PQ and HLG in the numbers of ITU-T H.273. Newer phones record in them."""

UNSPECIFIED = 2
"""The number in H.273 for a colour matrix that is not stated."""

Filter = tuple[str, str | None]


class Geometry:
    """Converts frames to one size and one pixel format.

    `size` is (width, height) in pixels; without it, frames keep the size at which players show them, rounded down to
    even numbers. With the fit "crop" what does not fit is cut off on both sides, and with "pad" black bars are added.
    `pixel_shape` is the width of a stored pixel divided by its height.
    """

    def __init__(
        self, pixel_shape: Fraction, size: tuple[int, int] | None = None, fit: Fit = "crop", pixels: str = "yuv420p"
    ) -> None:
        self._pixel_shape = pixel_shape
        self._size = size
        self._fit = fit
        self._pixels = pixels
        self._graph: Graph | None = None
        self._kind: tuple[object, ...] | None = None

    def apply(self, frame: av.VideoFrame) -> av.VideoFrame:
        # The display matrix is not compared: reading a frame's side data creates a reference cycle in PyAV, so that
        # the frame stays in memory longer.
        kind = (frame.width, frame.height, frame.format.name, frame.color_trc)
        if self._graph is None or kind != self._kind:  # a browser's recording may change its size
            self._graph, self._kind = self._built(frame), kind
        self._graph.push(frame)
        made = self._graph.pull()
        assert isinstance(made, av.VideoFrame), "a graph of video filters yields video frames"
        return made

    def _built(self, frame: av.VideoFrame) -> Graph:
        graph = Graph()
        time_base = frame.time_base or Fraction(1, 1000)
        nodes = [graph.add_buffer(width=frame.width, height=frame.height, format=frame.format, time_base=time_base)]
        nodes += [graph.add(name, settings) for name, settings in [*_upright(frame), *self._fitted(frame)]]
        graph.link_nodes(*nodes, graph.add("buffersink")).configure()
        return graph

    def _fitted(self, frame: av.VideoFrame) -> Iterator[Filter]:
        seen = seen_size(frame, self._pixel_shape)
        if self._size is None:  # all frames get the size of the first one
            self._size = (max(seen[0] // 2 * 2, 2), max(seen[1] // 2 * 2, 2))
        width, height = self._size
        factor = (max if self._fit == "crop" else min)(width / seen[0], height / seen[1])
        scaled = [max(round(side * factor), 2) for side in seen]
        colours = "out_color_matrix=bt709:out_range=tv"
        if frame.color_trc in HDR:
            colours += ":out_primaries=bt709:out_transfer=bt709"
        if frame.colorspace == UNSPECIFIED and frame.height >= 720 and not frame.format.is_rgb:
            colours += ":in_color_matrix=bt709"  # players assume this for high definition; FFmpeg would assume BT.601
        yield "scale", f"{scaled[0]}:{scaled[1]}:flags=lanczos:{colours}"
        yield "format", self._pixels
        if self._fit == "crop":
            yield "crop", f"{width}:{height}"
        else:
            yield "pad", f"{width}:{height}:-1:-1:black"  # -1 is the middle
        yield "setsar", "1"


def seen_size(frame: av.VideoFrame, pixel_shape: Fraction) -> tuple[int, int]:
    """Returns width and height in pixels as a player shows the frame: upright, with square pixels."""
    width, height = round(frame.width * pixel_shape), frame.height
    return (height, width) if _turn(frame)[0] else (width, height)


def _turn(frame: av.VideoFrame) -> tuple[bool, bool, bool]:
    """Returns how to rotate a frame upright: whether to swap rows and columns, then mirror left-right, then top-bottom.

    The source is the display matrix (a b u; c d v; x y w) of libavutil/display.h: x' = a x + c y, y' = b x + d y, where
    y points downwards.
    """
    side_data = cast(Mapping[Any, Any], frame.side_data)  # PyAV's stubs know only keys that are text
    matrix = side_data.get(Type.DISPLAYMATRIX)
    if matrix is None:
        return False, False, False
    a, b, _, c, d = np.frombuffer(bytes(matrix), np.int32)[:5].tolist()
    swapped = abs(b) > abs(a)
    return swapped, (c if swapped else a) < 0, (b if swapped else d) < 0


def _upright(frame: av.VideoFrame) -> Iterator[Filter]:
    swapped, mirrored, upside_down = _turn(frame)
    if swapped:
        yield "transpose", "cclock_flip"
    if mirrored:
        yield "hflip", None
    if upside_down:
        yield "vflip", None
