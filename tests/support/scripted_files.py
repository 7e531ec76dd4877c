"""The files of the scripted engine: small, but of the kind, size and length that the graph asks for."""

import hashlib
import io
import json
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from workflow import Graph, sinks

SIDE = 256  # pixels, where the graph does not say
SOUND_RATE = 48_000  # samples a second
SOUNDS = {"SaveAudio": (".flac", "flac"), "SaveAudioMP3": (".mp3", "mp3"), "SaveAudioOpus": (".opus", "libopus")}


def write(graph: Graph, outputs: Path, inputs: Path) -> list[Path]:
    """Writes what each save node of the graph would write, under ComfyUI's names, and returns the files."""
    written = []
    for node in sinks(graph):
        class_type = graph[node]["class_type"]
        if class_type in SOUNDS:
            suffix, codec = SOUNDS[class_type]
            file = _free_name(outputs, graph[node]["inputs"]["filename_prefix"], suffix)
            _write_sound(file, codec)
            written.append(file)
        elif class_type == "SaveVideo":
            file = _free_name(outputs, graph[node]["inputs"]["filename_prefix"], ".mp4")
            _write_video(file, graph, *size(graph, inputs))
            written.append(file)
        else:
            written += _write_images(outputs, graph, node, *size(graph, inputs)[:2])
    return written


def preview(graph: Graph, done: float) -> bytes:
    """A JPEG of 64 x 64 pixels that changes with `done`, from 0 to 1."""
    buffer = io.BytesIO()
    Image.fromarray(_pattern(graph, 64, 64, done)).save(buffer, "JPEG")
    return buffer.getvalue()


def size(graph: Graph, inputs: Path) -> tuple[int, int, int]:
    """Width and height in pixels and number of frames, read off the nodes that state them."""
    stated = [node["inputs"] for node in graph.values() if _whole(node["inputs"], "width", "height")]
    twice = 2 ** sum(node["class_type"] == "LTXVLatentUpsampler" for node in graph.values())
    lengths = [node["inputs"]["length"] for node in graph.values() if _whole(node["inputs"], "length")]
    frames = max(lengths, default=9)
    if stated:
        largest = max(stated, key=lambda each: each["width"] * each["height"])
        return largest["width"] * twice, largest["height"] * twice, frames
    for node in graph.values():
        if node["class_type"] == "LoadImage" and (inputs / str(node["inputs"]["image"])).is_file():
            with Image.open(inputs / node["inputs"]["image"]) as image:
                return image.width, image.height, frames
    return SIDE, SIDE, frames


def steps(graph: Graph, sampler: str) -> int | None:
    """How many steps a sampler takes, by its own inputs or by the nodes that feed it; None where nobody says."""
    for node in _upstream(graph, sampler):
        inputs = graph[node]["inputs"]
        if isinstance(inputs.get("steps"), int):
            return inputs["steps"]
        if isinstance(inputs.get("sigmas"), str):
            return max(1, inputs["sigmas"].count(","))
    return None


def _upstream(graph: Graph, node: str) -> Iterator[str]:
    """The node itself, then those that feed its sigmas."""
    yield node
    link = graph[node]["inputs"].get("sigmas")
    if isinstance(link, list):
        yield from _upstream(graph, link[0])


def _whole(inputs: dict[str, Any], *names: str) -> bool:
    return all(type(inputs.get(name)) is int for name in names)


def _free_name(outputs: Path, prefix: str, suffix: str) -> Path:
    start = outputs / prefix
    start.parent.mkdir(parents=True, exist_ok=True)
    number = 1
    while (file := start.with_name(f"{start.name}_{number:05}_{suffix}")).exists():
        number += 1
    return file


def _pattern(graph: Graph, width: int, height: int, done: float) -> np.ndarray:
    """A picture of (height, width, 3) whose colour is the graph's own, with a bar as long as `done`."""
    without_names = {node: {**content["inputs"], "filename_prefix": ""} for node, content in graph.items()}
    colour = hashlib.sha256(json.dumps(without_names, sort_keys=True).encode()).digest()[:3]
    pixels = np.empty((height, width, 3), np.uint8)
    pixels[:] = list(colour)
    pixels[-max(1, height // 8) :, : round(width * done)] = 255
    return pixels


def _write_images(outputs: Path, graph: Graph, node: str, width: int, height: int) -> list[Path]:
    """As many different images as the graph's batch has."""
    sizes = [content["inputs"]["batch_size"] for content in graph.values() if _whole(content["inputs"], "batch_size")]
    count = max(sizes, default=1)
    files = []
    for number in range(count):
        files.append(_free_name(outputs, graph[node]["inputs"]["filename_prefix"], ".png"))
        Image.fromarray(_pattern(graph, width, height, number / count)).save(files[-1])
    return files


def _write_video(file: Path, graph: Graph, width: int, height: int, frames: int) -> None:
    import av

    create = next((node["inputs"] for node in graph.values() if node["class_type"] == "CreateVideo"), {})
    rate = Fraction(create.get("fps", 24)).limit_denominator(1000)
    with av.open(str(file), "w", options={"movflags": "use_metadata_tags"}) as container:  # as ComfyUI keeps the graph
        container.metadata["prompt"] = json.dumps(graph)
        stream = container.add_stream("h264", rate=rate, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = width // 2 * 2, height // 2 * 2, "yuv420p"
        sound = container.add_stream("aac", rate=SOUND_RATE, layout="stereo") if "audio" in create else None
        for number in range(frames):
            picture = _pattern(graph, stream.width, stream.height, number / max(1, frames - 1))
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture)))
        container.mux(stream.encode())
        if sound:
            _encode_tone(container, sound, float(frames / rate))


def _write_sound(file: Path, codec: str, seconds: float = 1.0) -> None:
    import av

    with av.open(str(file), "w") as container:
        _encode_tone(container, container.add_stream(codec, rate=SOUND_RATE, layout="stereo"), seconds)


def _encode_tone(container: Any, stream: Any, seconds: float) -> None:
    """A soft tone of 440 Hz in both channels."""
    import av

    times = np.arange(round(seconds * SOUND_RATE)) / SOUND_RATE
    tone = (0.1 * np.sin(2 * np.pi * 440 * times)).astype(np.float32)
    frame = av.AudioFrame.from_ndarray(np.stack([tone, tone]), format="fltp", layout="stereo")
    frame.sample_rate = SOUND_RATE
    resampler = av.AudioResampler(format=stream.format.name, layout="stereo", rate=SOUND_RATE, frame_size=960)
    for part in [*resampler.resample(frame), *resampler.resample(None)]:
        container.mux(stream.encode(part))
    container.mux(stream.encode())
