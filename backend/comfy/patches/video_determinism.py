"""Makes the video encoder repeat itself: equal frames give equal files.

It switches off x264's macroblock tree, for the reason that `constants.X264_REPEATABLE` gives. Files are larger without
it: docs/benchmarks.md has the figures. The setting `repeatable_video` decides.

ComfyUI writes through `av.open(...)` in comfy_api/latest/_input_impl/video_types.py and offers no way to pass options
to the encoder, so that module gets an `av` that adds them. ComfyUI replaces a stream's options where a graph sets a
constant rate factor; the wrapped stream keeps both.
"""

import types
from typing import Any

from constants import X264_REPEATABLE
from patches import expect, patch

ENCODER_OPTIONS = {"x264-params": X264_REPEATABLE}


@patch(
    "comfy_api.latest._input_impl.video_types:av",
    package="ComfyUI",
    reason="With the setting repeatable_video, equal frames give equal files: x264's macroblock tree is switched off.",
    until="ComfyUI lets a caller pass options to the encoder, or x264 repeats itself on processors with AVX-512.",
)
def install() -> None:
    """Call it once per process, after ComfyUI is importable."""
    from comfy_api.latest._input_impl import video_types

    av = video_types.av
    expect(isinstance(av, types.ModuleType), "ComfyUI's video writer does not import av as a module any more")
    replacement = types.ModuleType("av")
    replacement.__dict__.update(av.__dict__)
    replacement.__dict__["open"] = lambda *args, **kwargs: _wrap(av.open(*args, **kwargs))
    video_types.av = replacement


def _wrap(container: Any) -> Any:
    return _Output(container) if hasattr(container, "add_stream") else container


class _Output:
    """An output container whose h264 streams have the options above."""

    def __init__(self, container: Any) -> None:
        self._container = container

    def __getattr__(self, name: str) -> Any:
        return getattr(self._container, name)

    def __enter__(self) -> "_Output":
        self._container.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._container.__exit__(*error)

    def add_stream(self, codec: str, *args: Any, **kwargs: Any) -> Any:
        stream = self._container.add_stream(codec, *args, **kwargs)
        return _Stream(stream) if codec == "h264" else stream


class _Stream:
    """A video stream that keeps the options above when others are set."""

    def __init__(self, stream: Any) -> None:
        object.__setattr__(self, "_stream", stream)
        stream.options = ENCODER_OPTIONS

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._stream, name, {**value, **ENCODER_OPTIONS} if name == "options" else value)
