"""Enlarging and frames in between, on demo models, read from the files written."""

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image
from support import clips, runs
from support.mode_settings import REAL

import modes
from events import Output
from jobs import CallerQueue
from modes import InvalidParamsError
from modes.enhance import common, frames, video
from modes.mode import EXAMPLES


def made(queue: CallerQueue, mode: str, **values: Any) -> Path:
    task = runs.submit(queue, mode, values)
    last = runs.last(queue, task)
    assert isinstance(last, Output), last
    told = runs.announced(task)
    if told.fps:
        facts = clips.facts(last.files[0])
        assert (facts.width, facts.height, facts.frames) == (told.width, told.height, told.frames)
        assert facts.fps == pytest.approx(told.fps, rel=1e-4)
        assert (facts.sample_rate is not None) == told.sound
    else:
        with Image.open(last.files[0]) as image:
            assert image.size == (told.width, told.height)
    return last.files[0]


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A picture with odd sides."""
    file = tmp_path_factory.mktemp("odd") / "odd.png"
    with Image.open(EXAMPLES / "landscape.png") as image:
        image.resize((101, 67)).save(file)
    return file


@pytest.mark.parametrize("preset", ["fast", "quality"])
@pytest.mark.parametrize(("scale", "size"), [("1.5", (152, 101)), ("2", (202, 134)), ("4", (404, 268))])
def test_an_image_becomes_exactly_that_many_times_as_large_and_stays_itself(
    queue: CallerQueue, odd: Path, preset: str, scale: str, size: tuple[int, int]
) -> None:
    result = clips.picture(made(queue, "upscale", image=odd, scale=scale, preset=preset, seed=1))
    assert result.shape[1::-1] == size
    with Image.open(odd) as image:
        wanted = np.asarray(image.convert("RGB").resize(size, Image.Resampling.LANCZOS))
    assert clips.psnr(result, wanted) > (22 if preset == "fast" else 14)


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A video of 21 frames at 24 per second with sound, 96 x 64 pixels."""
    file = tmp_path_factory.mktemp("short") / "short.mp4"
    with av.open(str(file), "w") as container:
        pictures = container.add_stream("libx264", rate=24)
        pictures.width, pictures.height, pictures.pix_fmt = 96, 64, "yuv420p"
        pictures.options = {"crf": "4"}
        voice = container.add_stream("aac", rate=48_000, layout="mono")
        for number in range(21):
            picture = np.full((64, 96, 3), 40, np.uint8)
            picture[20:44, 3 * number : 3 * number + 24] = (220, 60, 30)
            container.mux(pictures.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        wave = (0.3 * np.sin(np.arange(42_000) * 2 * np.pi * 440 / 48_000) * 32767).astype(np.int16)
        for start in range(0, len(wave), 1024):
            frame = av.AudioFrame.from_ndarray(wave[None, start : start + 1024], format="s16", layout="mono")
            frame.sample_rate, frame.pts = 48_000, start
            container.mux(voice.encode(frame))
        container.mux(pictures.encode(None))
        container.mux(voice.encode(None))
    return file


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes pieces so short that even a short clip has several."""
    monkeypatch.setattr(video, "PIECE_BYTES", 96 * 64 * 16 * 12 * 6)
    monkeypatch.setattr(frames, "PIECE_BYTES", 96 * 64 * 2 * 12 * 6)


@pytest.mark.parametrize(("scale", "size"), [("1.5", (144, 96)), ("2", (192, 128)), ("4", (384, 256))])
def test_a_video_becomes_larger_and_keeps_its_frames_and_its_sound(
    queue: CallerQueue, short: Path, scale: str, size: tuple[int, int]
) -> None:
    file = made(queue, "upscale_video", video=short, scale=scale)
    before, after = clips.read(short).pictures, clips.read(file).pictures
    assert after.shape[1:3] == size[::-1]
    small = np.stack([np.asarray(Image.fromarray(each).resize((96, 64), Image.Resampling.BOX)) for each in after])
    assert clips.psnr(small, before) > 22
    assert_same_sound(short, file)


def assert_same_sound(before: Path, after: Path) -> None:
    first, second = clips.sound(before), clips.sound(after)
    assert abs(len(first) - len(second)) < 0.08 * clips.SOUND_RATE
    common = min(len(first), len(second))
    assert np.corrcoef(first[:common], second[:common])[0, 1] > 0.9


@pytest.mark.parametrize("factor", ["2x", "4x"])
@pytest.mark.usefixtures("small_pieces")
def test_frames_in_between_leave_those_that_were_there_where_they_were(
    queue: CallerQueue, short: Path, factor: str
) -> None:
    times = int(factor[0])
    file = made(queue, "interpolate", video=short, factor=factor)
    before, after = clips.read(short).pictures, clips.read(file).pictures
    assert len(after) == (len(before) - 1) * times + 1
    assert clips.psnr(after[::times], before) > 30
    for between in range(1, times):  # each is between its neighbours
        share = between / times
        wanted = before[:-1] * (1 - share) + before[1:] * share
        assert clips.psnr(after[between::times], wanted) > max(
            clips.psnr(after[between::times], each) for each in (before[:-1], before[1:])
        )
    assert_same_sound(short, file)


def test_a_target_rate_is_reached_with_the_frames_nearest_in_time(queue: CallerQueue, short: Path) -> None:
    file = made(queue, "interpolate", video=short, factor="frame rate", fps=60)
    before, after = clips.read(short).pictures, clips.read(file).pictures
    assert len(after) == 51  # 20 steps of 1/24 s are 50 of 1/60 s
    assert clips.psnr(after[::5], before[::2]) > 30


@pytest.mark.usefixtures("small_pieces")
def test_pieces_put_together_are_what_the_whole_would_be(
    queue: CallerQueue, short: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    params = modes.get("upscale_video").validate({"video": short}, REAL)
    assert len(video.cut(params)) == 4
    pieces = clips.read(made(queue, "upscale_video", video=short)).pictures
    monkeypatch.setattr(video, "PIECE_BYTES", common.PIECE_BYTES)
    assert len(video.cut(params)) == 1
    whole = clips.read(made(queue, "upscale_video", video=short)).pictures
    assert pieces.shape == whole.shape
    assert clips.psnr(pieces, whole) > 35
    assert not list((queue.settings.outputs_dir / "running").glob("*piece*"))


@pytest.mark.parametrize(
    ("mode", "values", "field", "words"),
    [
        ("interpolate", {"factor": "frame rate", "fps": 24}, "fps", "already has 24 fps"),
        ("interpolate", {"factor": "frame rate", "fps": 12}, "fps", "already has 24 fps"),
        ("upscale", {"image": "huge", "scale": "4"}, "scale", "megapixels; at most 64"),
        ("upscale", {"image": "huge", "preset": "quality"}, "scale", "at most 4.2"),
        ("upscale", {"image": "larger"}, "image", "17.0 megapixels; at most 16"),
        ("upscale_video", {"scale": "3"}, "scale", "must be one of"),
    ],
)
def test_what_is_too_large_is_refused_with_the_limit_and_its_size(
    tmp_path: Path, short: Path, mode: str, values: dict[str, Any], field: str, words: str
) -> None:
    for name, size in (("huge", (3000, 2000)), ("larger", (5000, 3400))):
        if values.get("image") == name:
            Image.new("L", size).save(tmp_path / f"{name}.png")
            values = values | {"image": tmp_path / f"{name}.png"}
    with pytest.raises(InvalidParamsError) as refused:
        modes.get(mode).validate(({} if mode == "upscale" else {"video": short}) | values, REAL)
    assert words in refused.value.fields[field]


def test_a_video_of_one_frame_has_nothing_in_between(tmp_path: Path) -> None:
    file = tmp_path / "one.gif"
    Image.new("RGB", (64, 64)).save(file)
    with pytest.raises(InvalidParamsError, match="only one frame"):
        modes.get("interpolate").validate({"video": file}, REAL)
