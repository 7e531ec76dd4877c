"""Kinds of files: what the table lists is really read by Pillow and FFmpeg here, and nothing else is opened."""

from pathlib import Path

import pytest
from PIL import Image
from support import media_files as files

from media import Preparer, probe_audio, probe_image, probe_video
from media.kinds import FFMPEG_FORMATS, FILE_KINDS, PILLOW_FORMATS, READABLE, SHOWN_AS, WRITTEN
from settings import Settings

SOUND_CODECS = {".mp3": "mp3", ".flac": "flac", ".m4a": "aac", ".aac": "aac", ".ogg": "vorbis", ".opus": "libopus"}
VIDEO_CODECS = {
    ".webm": ("libvpx-vp9", "libopus"),
    ".avi": ("mpeg4", "mp3"),
    ".mpg": ("mpeg2video", "mp2"),
    ".mpeg": ("mpeg1video", "mp2"),
    ".mts": ("libx264", "aac"),
    ".wmv": ("wmv2", "mp3"),
    ".flv": ("flv", "mp3"),
    ".gif": ("gif", None),
}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", device="cpu")


@pytest.mark.parametrize("suffix", sorted(READABLE["image"]))
def test_every_kind_of_image_is_read(suffix: str, tmp_path: Path, settings: Settings) -> None:
    Image.fromarray(files.quadrants()).save(tmp_path / f"x{suffix}")
    info = probe_image(tmp_path / f"x{suffix}", settings)
    assert (info.width, info.height) == (64, 48)
    assert Preparer(settings).image(tmp_path / f"x{suffix}")


@pytest.mark.parametrize("suffix", sorted(READABLE["audio"]))
def test_every_kind_of_sound_is_read(suffix: str, tmp_path: Path, settings: Settings) -> None:
    codec = SOUND_CODECS.get(suffix, "pcm_s16be" if suffix == ".aiff" else "pcm_s16le")
    tone = files.tone(1)
    channels = [tone, tone] if codec == "vorbis" else [tone]
    layout = "stereo" if codec == "vorbis" else "mono"
    file = files.write_sound(tmp_path / f"x{suffix}", codec, files.np.stack(channels), layout=layout)
    assert probe_audio(file, settings).seconds == pytest.approx(1, abs=0.1)
    assert Preparer(settings).audio(file)


@pytest.mark.parametrize("suffix", sorted(READABLE["video"]))
def test_every_kind_of_video_is_read(suffix: str, tmp_path: Path, settings: Settings) -> None:
    codec, sound_codec = VIDEO_CODECS.get(suffix, ("libx264", "aac"))
    sound = {"sound": files.tone(2), "sound_codec": sound_codec} if sound_codec else {}
    pixels = "rgb8" if suffix == ".gif" else "yuv420p"
    file = files.write_video(tmp_path / f"x{suffix}", files.greys(50), codec=codec, rate=25, pixels=pixels, **sound)
    info = probe_video(file, settings)
    assert (info.width, info.height, info.audio) == (64, 48, bool(sound))
    assert info.seconds == pytest.approx(2, abs=0.1)
    assert Preparer(settings).video(file, fps=25)


def test_the_readers_are_those_of_the_table_alone() -> None:
    assert set(PILLOW_FORMATS) == {"PNG", "JPEG", "WEBP", "GIF", "HEIF", "AVIF", "BMP", "TIFF"}
    assert not {"hls", "concat", "dash", "image2", "sdp", "rtsp"} & set(FFMPEG_FORMATS.split(","))


def test_a_suffix_is_listed_once_for_each_kind() -> None:
    listed = [(each.suffix, each.kind) for each in FILE_KINDS]
    assert len(set(listed)) == len(listed)
    assert all(suffix == suffix.lower() and suffix.startswith(".") for suffix, _ in listed)


def test_a_result_is_shown_where_a_browser_can() -> None:
    assert {suffix: SHOWN_AS.get(suffix) for suffix in WRITTEN} == {
        ".png": "image",
        ".webp": "image",
        ".exr": None,
        ".mp3": "audio",
        ".flac": "audio",
        ".opus": "audio",
        ".mp4": "video",
        ".webm": "video",
    }


def test_a_gif_is_shown_as_an_image() -> None:
    assert SHOWN_AS[".gif"] == "image"
