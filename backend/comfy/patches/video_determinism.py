"""Makes the video encoder repeat itself: equal frames in, equal frames out of the file.

x264's macroblock tree, as built into PyAV 18.1's wheels, codes equal pictures differently from run to run on
processors with AVX-512 (up to 8 of 255 grey levels, measured on decoded frames), which breaks "the same seed makes
the same clip". Without the tree all runs agree. It can go when a test without it passes on such a processor.

ComfyUI writes through `av.open(...)` in comfy_api/latest/_input_impl/video_types.py and offers no way to give the
encoder options, so that module gets an `av` that adds this one.
"""

import types
from typing import Any

ENCODER_OPTIONS = {"x264-params": "mbtree=0"}


def install() -> None:
    """Once per process, after ComfyUI is importable. Asserts that what it changes is there."""
    from comfy_api.latest._input_impl import video_types

    av = video_types.av
    assert isinstance(av, types.ModuleType), "ComfyUI's video writer has changed, or this was installed twice"
    replacement = types.ModuleType("av")
    replacement.__dict__.update(av.__dict__)
    replacement.open = lambda *args, **kwargs: _wrapped(av.open(*args, **kwargs))  # type: ignore[attr-defined]
    video_types.av = replacement


def _wrapped(container: Any) -> Any:
    return _Output(container) if hasattr(container, "add_stream") else container


class _Output:
    """An output container that gives each h264 stream the options above."""

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
        if codec == "h264":
            stream.options = ENCODER_OPTIONS
        return stream
