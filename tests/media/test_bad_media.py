"""Files that cannot be used: one sentence at the field they were given for, and nothing is queued."""

import wave
import zlib
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image
from support.mode_settings import DEMO

import modes
from modes import InvalidParamsError
from modes.mode import EXAMPLES


def refused(mode_id: str, field: str, file: Path | str) -> str:
    mode = modes.get(mode_id)
    with pytest.raises(InvalidParamsError) as caught:
        mode.validate({**mode.examples[0].values, field: file}, DEMO)
    assert list(caught.value.fields) == [field]
    sentence = caught.value.fields[field]
    assert "Traceback" not in sentence
    assert "Errno" not in sentence
    assert sentence.endswith(".")
    return sentence


def silent_wav(file: Path, seconds: float, channels: int = 1) -> Path:
    with wave.open(str(file), "wb") as sound:
        sound.setnchannels(channels)
        sound.setsampwidth(2)
        sound.setframerate(16_000)
        sound.writeframes(bytes(2 * channels * int(16_000 * seconds)))
    return file


def video(file: Path, frames: int) -> Path:
    with av.open(str(file), "w") as container:
        stream = container.add_stream("h264", rate=25)
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv420p"
        for _ in range(frames):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")))
        container.mux(stream.encode())
    return file


def test_words_that_are_called_png(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_text("words")
    refused("i2v", "image", tmp_path / "a.png")


def test_an_image_of_one_pixel(tmp_path: Path) -> None:
    Image.new("RGB", (1, 1)).save(tmp_path / "dot.png")
    refused("i2v", "image", tmp_path / "dot.png")


def test_a_truncated_jpeg(tmp_path: Path) -> None:
    whole = tmp_path / "whole.jpg"
    Image.effect_noise((400, 300), 50).save(whole, "JPEG")
    (tmp_path / "half.jpg").write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    refused("i2v", "image", tmp_path / "half.jpg")


def test_a_png_of_thirty_thousand_pixels_a_side_is_refused_by_its_header(tmp_path: Path) -> None:
    small = tmp_path / "bomb.png"
    Image.new("1", (16, 16)).save(small)
    header = bytearray(small.read_bytes())
    header[16:24] = (30_000).to_bytes(4, "big") * 2
    header[29:33] = zlib.crc32(bytes(header[12:29])).to_bytes(4, "big")
    small.write_bytes(bytes(header))
    assert "pixels" in refused("i2v", "image", small)


@pytest.mark.parametrize("name", ["gone.png", "../../etc/passwd", "x" * 300 + ".png", "Ünï “quoted” 🪁.png"])
def test_a_file_that_is_not_there(tmp_path: Path, name: str) -> None:
    refused("i2v", "image", tmp_path / name)


def test_a_folder(tmp_path: Path) -> None:
    refused("i2v", "image", tmp_path)


@pytest.mark.parametrize("seconds", [0, 0.05])
def test_a_sound_that_is_too_short(tmp_path: Path, seconds: float) -> None:
    refused("a2v", "audio", silent_wav(tmp_path / "short.wav", seconds))


def test_a_video_without_sound_where_a_sound_is_needed(tmp_path: Path) -> None:
    refused("a2v", "audio", video(tmp_path / "mute.mp4", 20))


def test_a_sound_where_a_video_is_needed() -> None:
    refused("restyle", "video", EXAMPLES / "music.wav")


def test_a_video_of_one_frame(tmp_path: Path) -> None:
    refused("restyle", "video", video(tmp_path / "one.mp4", 1))


def test_a_video_cut_in_the_middle(tmp_path: Path) -> None:
    whole = (EXAMPLES / "clip.mp4").read_bytes()
    (tmp_path / "cut.mp4").write_bytes(whole[: len(whole) // 3])
    refused("restyle", "video", tmp_path / "cut.mp4")


@pytest.mark.parametrize(("mode_id", "label"), [("a2v", "Sound"), ("lipsync", "Speech")])
def test_a_start_after_the_end_of_the_sound(mode_id: str, label: str) -> None:
    mode = modes.get(mode_id)
    with pytest.raises(InvalidParamsError) as caught:
        mode.validate({**mode.examples[0].values, "start": 100}, DEMO)
    assert caught.value.fields["audio"].startswith(f"{label} must last at least 0.")


def test_strange_but_good_files_are_taken(tmp_path: Path) -> None:
    odd = tmp_path / "spaces, 'quotes' and 🪁.png"
    Image.new("RGB", (32, 32)).save(odd)
    assert modes.get("i2v").validate({"prompt": "x", "image": odd}, DEMO)
    six = silent_wav(tmp_path / "six.wav", 1.0, channels=6)
    assert modes.get("a2v").validate({"prompt": "x", "audio": six}, DEMO)
    moving = tmp_path / "moving.gif"
    frames = [Image.new("RGB", (32, 32), (shade, 0, 0)) for shade in (0, 128, 255)]
    frames[0].save(moving, save_all=True, append_images=frames[1:])
    assert modes.get("i2v").validate({"prompt": "x", "image": moving}, DEMO)
