"""What x264's macroblock tree is worth: python -m tools.measure.macroblock_tree

It prints two tables in Markdown for docs/benchmarks.md: file size and quality of the same frames, encoded as ComfyUI
does, with and without the tree, and whether encoding them again gives the same pictures. It takes about six minutes.
"""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import av
import gradio
import numpy as np
from PIL import Image
from scipy.ndimage import uniform_filter

import modes
import workflow
from backend.process import EngineProcess
from events import Output
from settings import PROJECT, Settings

RATES = (18, 23, 28)  # constant rate factors; ComfyUI's own default is 23
MOST_FRAMES = 97
AGAIN = 8  # encodings that are compared with the first one
VIDEOS = Path(gradio.__file__).parent / "media_assets" / "videos"
Frames = np.ndarray  # (T, H, W, 3) of uint8


@dataclass(frozen=True)
class Encoded:
    """`size` in bytes; quality of luma, `psnr` in dB and `ssim` up to 1."""

    size: int
    psnr: float
    ssim: float
    pictures: Frames


def contents(home: Path) -> Iterator[tuple[str, Frames]]:
    """Names and frames."""
    for width, height in ((448, 256), (768, 512)):
        yield f"demo clip, {width} × {height}", demo_clip(home, width, height)
    yield "examples/clip.mp4", read(PROJECT / "examples" / "clip.mp4")
    yield "a filmed video (Gradio's world.mp4)", read(VIDEOS / "world.mp4")
    yield "drawn landscape, slow pan", pan(PROJECT / "examples" / "landscape.png", grain=0)
    yield "drawn landscape, slow pan, film grain", pan(PROJECT / "examples" / "landscape.png", grain=6)
    yield "photograph, slow pan", pan(VIDEOS.parent / "images" / "tower.jpg", grain=2)


def demo_clip(home: Path, width: int, height: int) -> Frames:
    """Frames of the demo models' text to video, from PNG files."""
    mode = modes.get("t2v")
    values = {"prompt": "a red ball rolls over green grass", "width": width, "height": height, "seconds": 3, "seed": 7}
    settings = Settings(home=home, device="cpu", demo="always")
    params = mode.validate(values, settings)
    graph = mode.build(params, 7, {}, "clip")
    pictures = graph["create_video"]["inputs"]["images"]
    graph = workflow.build(
        graph, [workflow.Insert("frames", "SaveImage", {"images": pictures, "filename_prefix": "f"})]
    )
    engine = EngineProcess(settings)
    try:
        *_, output = engine.run(graph, {}, threading.Event())
    finally:
        engine.stop()
    assert isinstance(output, Output), output
    files = sorted(file for file in output.files if file.suffix == ".png")
    return np.stack([np.asarray(Image.open(file).convert("RGB")) for file in files][:MOST_FRAMES])


def read(file: Path) -> Frames:
    with av.open(str(file)) as container:
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)][:MOST_FRAMES]
    height, width = (side // 2 * 2 for side in frames[0].shape[:2])
    return np.stack(frames)[:, :height, :width]


def pan(file: Path, grain: float) -> Frames:
    """Moves a camera over a picture by fractions of a pixel, 640 x 384; `grain` is its deviation in grey levels."""
    random = np.random.default_rng(7)
    with Image.open(file) as image:
        picture = image.convert("RGB").resize((900, 900 * image.height // image.width))
    frames = []
    for number in range(73):
        left, top = 60 + 1.7 * number, 20 + 0.6 * number
        box = (left, top, left + 640, top + 384)
        view = np.asarray(picture.resize((640, 384), Image.Resampling.BICUBIC, box=box))
        frames.append((view + random.normal(0, grain, view.shape)).clip(0, 255).astype(np.uint8))
    return np.stack(frames)


def encode(frames: Frames, crf: int, tree: bool, folder: Path) -> Encoded:
    """Encodes frames as comfy_api/latest/_input_impl/video_types.py of ComfyUI 0.30.0 does."""
    file = folder / "encoded.mp4"
    with av.open(str(file), "w") as container:
        stream = container.add_stream("h264", rate=24)
        stream.width, stream.height, stream.pix_fmt = frames.shape[2], frames.shape[1], "yuv420p"
        stream.options = {"crf": str(crf), "x264-params": f"mbtree={int(tree)}"}
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode())
    pictures = read(file)
    wanted, made = luma(frames), luma(pictures)
    psnr = 10 * np.log10(255**2 / np.mean((wanted - made) ** 2))
    similar = np.mean([ssim(first, second) for first, second in zip(wanted[::4], made[::4], strict=True)])
    return Encoded(file.stat().st_size, float(psnr), float(similar), pictures)


def luma(frames: Frames) -> np.ndarray:
    """(T, H, W) of float32, by BT.601."""
    return frames.astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)


def ssim(first: np.ndarray, second: np.ndarray) -> float:
    """Structural similarity of two pictures (H, W), in windows of 7 x 7 pixels."""
    means = uniform_filter(first, 7), uniform_filter(second, 7)
    spread = uniform_filter(first**2, 7) - means[0] ** 2 + uniform_filter(second**2, 7) - means[1] ** 2
    common = uniform_filter(first * second, 7) - means[0] * means[1]
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    similar = (2 * means[0] * means[1] + c1) * (2 * common + c2)
    return float(np.mean(similar / ((means[0] ** 2 + means[1] ** 2 + c1) * (spread + c2))))


def size_at_equal_quality(with_tree: list[Encoded], without: list[Encoded], quality: str) -> float:
    """How many times larger files are without the tree, at the quality that the tree has at the middle rate."""
    wanted = getattr(with_tree[1], quality)
    known = sorted((getattr(each, quality), np.log(each.size)) for each in without)
    size = np.exp(np.interp(wanted, [each[0] for each in known], [each[1] for each in known]))
    return float(size / with_tree[1].size)


def differing(frames: Frames, tree: bool, folder: Path) -> int:
    """Returns how many of AGAIN encodings of the same frames do not decode to the same pictures as the first one."""
    first = encode(frames, 23, tree, folder).pictures
    return sum(not np.array_equal(encode(frames, 23, tree, folder).pictures, first) for _ in range(AGAIN))


def main() -> None:
    print("| content | crf | size with tree | without | PSNR with | without | SSIM with | without |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|", flush=True)
    rest = [
        "| content | size without, at equal PSNR | at equal SSIM | encodings that differ, with tree | without |",
        "|---|---:|---:|---:|---:|",
    ]
    with TemporaryDirectory() as folder:
        home = Path(folder)
        for name, frames in contents(home / "home"):
            started = time.monotonic()
            found = {tree: [encode(frames, crf, tree, home) for crf in RATES] for tree in (True, False)}
            for crf, on, off in zip(RATES, found[True], found[False], strict=True):
                sizes = f"{on.size / 1000:,.0f} kB | {off.size / on.size:.2f} x"
                quality = f"{on.psnr:.1f} dB | {off.psnr:.1f} dB | {on.ssim:.4f} | {off.ssim:.4f}"
                print(f"| {name} | {crf} | {sizes} | {quality} |")
            equal = [size_at_equal_quality(found[True], found[False], quality) for quality in ("psnr", "ssim")]
            levels = [differing(frames, tree, home) for tree in (True, False)]
            rest.append(f"| {name} | {equal[0]:.2f} x | {equal[1]:.2f} x | {levels[0]} | {levels[1]} |")
            print(f"<!-- {len(frames)} frames, {time.monotonic() - started:.0f} s -->", flush=True)
    print("\n" + "\n".join(rest))


if __name__ == "__main__":
    main()
