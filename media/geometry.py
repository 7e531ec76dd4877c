"""Frames of video turned upright, brought to a size and to the colours of BT.709, by FFmpeg's filters."""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any, cast

import av
import numpy as np
from av.filter import Graph
from av.sidedata.sidedata import Type

from media.image import Fit

HDR = (16, 18)
"""Transfer characteristics PQ and HLG (ITU-T H.273): what newer phones film in."""

UNSPECIFIED = 2
"""The colour matrix of H.273 that says nothing."""

Filter = tuple[str, str | None]


class Geometry:
    """Brings frames to `size` (width, height; None: as they are seen, made even) in one pixel format. What is too long
    is cropped on both sides, or fitted in with black bars. `pixel_shape` is width over height of one stored pixel."""

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
        # Without the display matrix: asked for its side data, a frame of PyAV is in a cycle and outlives its use.
        kind = (frame.width, frame.height, frame.format.name, frame.color_trc)
        if self._graph is None or kind != self._kind:  # a browser's recording changes its size with its window
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
        if self._size is None:  # from the first frame on, all have one size
            self._size = (max(seen[0] // 2 * 2, 2), max(seen[1] // 2 * 2, 2))
        width, height = self._size
        factor = (max if self._fit == "crop" else min)(width / seen[0], height / seen[1])
        scaled = [max(round(side * factor), 2) for side in seen]
        colours = "out_color_matrix=bt709:out_range=tv"
        if frame.color_trc in HDR:
            colours += ":out_primaries=bt709:out_transfer=bt709"
        if frame.colorspace == UNSPECIFIED and frame.height >= 720 and not frame.format.is_rgb:
            colours += ":in_color_matrix=bt709"  # as players take high definition; FFmpeg would take BT.601
        yield "scale", f"{scaled[0]}:{scaled[1]}:flags=lanczos:{colours}"
        yield "format", self._pixels
        if self._fit == "crop":
            yield "crop", f"{width}:{height}"
        else:
            yield "pad", f"{width}:{height}:-1:-1:black"  # -1 is the middle
        yield "setsar", "1"


def seen_size(frame: av.VideoFrame, pixel_shape: Fraction) -> tuple[int, int]:
    """Width and height as a player shows them: with square pixels, and upright."""
    width, height = round(frame.width * pixel_shape), frame.height
    return (height, width) if _turn(frame)[0] else (width, height)


def _turn(frame: av.VideoFrame) -> tuple[bool, bool, bool]:
    """How to bring a frame upright: swap rows and columns, then mirror left-right, then mirror top-bottom. Read from
    the display matrix (a b u; c d v; x y w) of libavutil/display.h: x' = a x + c y, y' = b x + d y, y downwards."""
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
