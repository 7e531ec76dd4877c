"""Videos as people have them become MP4 of a constant frame rate, upright, cut to the frame, with their sound."""

import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.stream import Disposition
from PIL import Image
from support import media_files as files

from media import MediaError, Preparer, VideoInfo, probe_video
from settings import Settings

PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", device="cpu")


@pytest.fixture
def stage(settings: Settings):
    """Prepares a video and reads back its frames and sound; the time stamps must be evenly spaced."""

    def prepared(file: Path, fps: int = 20, **options) -> tuple[np.ndarray, np.ndarray | None]:
        result = settings.inputs_dir / Preparer(settings).video(file, fps=fps, **options)
        pictures, times, sound = files.read_video(result)
        assert times == [Fraction(number, fps) for number in range(len(times))]
        with av.open(str(result)) as container:
            stream = container.streams.video[0]
            assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
            assert stream.average_rate == fps
            assert stream.frames == len(pictures)
            assert container.duration == pytest.approx(len(pictures) / fps * 1e6, abs=1000)
        return pictures, sound

    return prepared


def refusal(file: Path, settings: Settings) -> str:
    with pytest.raises(MediaError) as probed:
        probe_video(file, settings)
    with pytest.raises(MediaError) as prepared:
        Preparer(settings).video(file, fps=20)
    assert probed.value.message == prepared.value.message
    return probed.value.message


@pytest.mark.parametrize(
    ("name", "codec", "pixels"),
    [
        ("x.mp4", "libx264", "yuv420p"),
        ("x.mov", "libx265", "yuv420p10le"),
        ("x.mkv", "libx264", "yuv444p"),
        ("x.webm", "libvpx-vp9", "yuv420p"),
        ("x.avi", "mpeg4", "yuv420p"),
        ("x.ts", "libx264", "yuv420p"),
        ("x.gif", "gif", "rgb8"),
    ],
)
def test_every_kind_of_video_is_read(name, codec, pixels, tmp_path, settings, stage):
    pictures = files.greys(10) if codec != "gif" else [files.quadrants()] * 10
    options = {"libx265": {"x265-params": "log-level=none"}, "mpeg4": {"b": "9M"}}.get(codec, {})
    file = files.write_video(tmp_path / name, pictures, codec=codec, pixels=pixels, options=options)
    info = probe_video(file, settings)
    assert (info.seconds, info.fps) == (pytest.approx(0.5, abs=0.002), pytest.approx(20, abs=0.1))
    assert info == VideoInfo(64, 48, info.seconds, info.fps, 10, False)
    prepared, sound = stage(file)
    assert sound is None
    assert prepared.shape == (10, 48, 64, 3)
    if codec == "gif":
        assert {files.seen(picture) for picture in prepared} == {"rgbw"}
    else:
        assert files.numbers(prepared) == list(range(10))


@pytest.mark.parametrize(
    ("matrix", "corners"),
    [
        ((1, 0, 0, 1), "rgbw"),
        ((-1, 0, 0, 1), "grwb"),
        ((-1, 0, 0, -1), "wbgr"),
        ((1, 0, 0, -1), "bwrg"),
        ((0, 1, 1, 0), "rbgw"),
        ((0, 1, -1, 0), "brwg"),
        ((0, -1, -1, 0), "wgbr"),
        ((0, -1, 1, 0), "gwrb"),
    ],
)
def test_the_display_matrix_is_applied(matrix, corners, tmp_path, settings, stage):
    """The eight orientations of a camera that EXIF defines, in the order of its numbers."""

    def prepare(stream: av.VideoStream) -> None:
        a, b, c, d = (value << 16 for value in matrix)
        stream.set_display_matrix((a, b, 0, c, d, 0, 0, 0, 1 << 30))

    file = files.write_video(tmp_path / "phone.mov", [files.quadrants()] * 3, prepare=prepare)
    size = (48, 64) if matrix[0] == 0 else (64, 48)
    info = probe_video(file, settings)
    assert (info.width, info.height) == size
    pictures, _ = stage(file)
    assert pictures.shape == (3, size[1], size[0], 3)
    assert files.seen(pictures[0]) == corners
    assert files.read_image(Preparer(settings).last_frame(file)).size == size


def test_a_variable_frame_rate_becomes_constant_by_its_time_stamps(tmp_path, settings, stage):
    """Each frame is shown for as long as in the source: 0 for 100 ms, 1 for 300, 2 for 50, 3 for 50, 4 to the end."""
    moments = [0, 100, 400, 450, 500, 600]
    file = files.write_video(tmp_path / "x.mkv", files.greys(6), moments=moments)
    assert probe_video(file, settings).frames == 6
    pictures, _ = stage(file, frames=13)
    assert files.numbers(pictures) == [0, 0, 1, 1, 1, 1, 1, 1, 2, 3, 4, 4, 5]


@pytest.mark.parametrize(
    ("fps", "expected"), [(20, list(range(20))), (10, list(range(0, 20, 2))), (40, [n // 2 for n in range(40)])]
)
def test_frames_are_repeated_or_left_out_to_reach_a_rate(fps, expected, tmp_path, stage):
    for name in ("x.mp4", "x.mkv"):  # the latter counts in whole milliseconds
        pictures, _ = stage(files.write_video(tmp_path / name, files.greys(20)), fps=fps)
        assert np.abs(np.array(files.numbers(pictures)) - expected).max() <= (1 if fps == 10 else 0)
        assert len(pictures) == len(expected)


@pytest.mark.parametrize("source_fps", [24, 30, 60])
def test_uneven_milliseconds_neither_double_nor_drop_a_frame(source_fps, tmp_path, stage):
    file = files.write_video(tmp_path / "x.mkv", files.greys(25), rate=source_fps)
    pictures, _ = stage(file, fps=source_fps)
    assert files.numbers(pictures) == list(range(25))


def test_a_part_is_cut_to_the_frame(tmp_path, stage):
    for name in ("x.mp4", "x.mkv"):
        file = files.write_video(tmp_path / name, files.greys(28), options={"g": "8", "bf": "2"})
        assert files.numbers(stage(file, start=0.5, seconds=0.4)[0]) == list(range(10, 18)), name
        assert files.numbers(stage(file, start=0.85)[0]) == list(range(17, 28)), name
        assert files.numbers(stage(file, start=0.5, seconds=9)[0]) == list(range(10, 28)), name


def test_a_gif_that_cannot_be_searched_is_cut_too(tmp_path, stage):
    pictures = [files.quadrants()] * 8 + [files.quadrants()[::-1]] * 8
    file = files.write_video(tmp_path / "x.gif", pictures, codec="gif", pixels="rgb8")
    prepared, _ = stage(file, start=0.5)
    assert files.seen(prepared[0]) == "bwrg"


@pytest.mark.parametrize("frames", [1, 9, 17, 49])
def test_exactly_as_many_frames_as_asked_for(frames, tmp_path, stage):
    file = files.write_video(tmp_path / "x.mp4", files.greys(20), sound=files.tone(1))
    pictures, sound = stage(file, frames=frames)
    assert files.numbers(pictures) == [min(number, 19) for number in range(frames)]
    assert len(sound) == frames * 48_000 // 20


@pytest.mark.parametrize(("width", "height"), [(61, 47), (17, 33), (64, 47)])
def test_odd_sizes_lose_a_line_and_are_not_stretched(width, height, tmp_path, settings, stage):
    file = files.write_video(tmp_path / "x.mkv", [files.quadrants(width, height)] * 3, pixels="yuv444p")
    assert (probe_video(file, settings).width, probe_video(file, settings).height) == (width, height)
    pictures, _ = stage(file)
    assert pictures.shape[1:3] == (height // 2 * 2, width // 2 * 2)
    assert files.seen(pictures[0]) == "rgbw"


def test_a_size_is_reached_by_cropping_or_with_bars(tmp_path, stage):
    pixels = np.zeros((60, 180, 3), np.uint8)
    pixels[:, 60:120] = 200
    file = files.write_video(tmp_path / "x.mp4", [pixels] * 3)
    cropped, _ = stage(file, size=(80, 80))
    assert cropped.shape[1:3] == (80, 80)
    assert cropped[0, :, 6:-6].min() > 185
    padded, _ = stage(file, size=(90, 90), fit="pad")
    assert padded.shape[1:3] == (90, 90)
    assert padded[0, :26].max() < 8
    assert padded[0, 45, 45, 0] > 185
    assert padded[0, 45, 5, 0] < 15


def test_pixels_that_are_not_square_are_made_so(tmp_path, settings, stage):
    def prepare(stream: av.VideoStream) -> None:
        stream.codec_context.sample_aspect_ratio = Fraction(2, 1)

    file = files.write_video(tmp_path / "x.mp4", [files.quadrants()] * 3, prepare=prepare)
    assert (probe_video(file, settings).width, probe_video(file, settings).height) == (128, 48)
    assert stage(file)[0].shape[1:3] == (48, 128)


@pytest.mark.parametrize("matrix", [1, 5])
def test_colours_survive_whatever_matrix_the_source_is_in(matrix, tmp_path, stage):
    """BT.709 and BT.601 as ComfyUI will see them: PyAV decodes the file like any other video."""

    def prepare(stream: av.VideoStream) -> None:
        stream.codec_context.colorspace = matrix

    file = tmp_path / "x.mp4"
    with av.open(str(file), "w") as container:
        stream = container.add_stream("libx264", rate=20, options={"crf": "1"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv444p"
        prepare(stream)
        for number in range(3):
            frame = av.VideoFrame.from_ndarray(files.quadrants(), format="rgb24")
            frame = frame.reformat(format="yuv444p", dst_colorspace=matrix)
            frame.pts, frame.time_base = number, Fraction(1, 20)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    picture = stage(file)[0][1].astype(int)
    for (y, x), colour in zip([(12, 16), (12, 48), (36, 16), (36, 48)], files.CORNERS.values(), strict=True):
        assert np.abs(picture[y, x] - colour).max() <= 6


def test_high_dynamic_range_is_brought_down(tmp_path, stage):
    """HLG, in which phones record: its white for paper, at 75 % of the signal, must become nearly white, not grey."""

    def prepare(stream: av.VideoStream) -> None:
        context = stream.codec_context
        context.colorspace, context.color_primaries, context.color_trc = 9, 9, 18

    paper = [np.full((48, 64, 3), round(255 * 0.75), np.uint8)] * 3
    file = files.write_video(
        tmp_path / "x.mov", paper, codec="libx265", pixels="yuv420p10le", prepare=prepare,
        options={"x265-params": "log-level=none:colorprim=9:transfer=18:colormatrix=9"},
    )  # fmt: skip
    assert stage(file)[0][0].mean() > 225


def test_the_sound_stays_in_time_and_as_it_was(tmp_path, stage):
    noise = np.random.default_rng(5).uniform(-0.8, 0.8, 48_000)
    file = files.write_video(tmp_path / "x.mkv", files.greys(20), sound=noise, sound_codec="flac")
    _, sound = stage(file, start=0.25, seconds=0.5)
    assert sound.shape == (24_000, 1)
    assert np.abs(sound[:, 0] / 32767 - noise[12_000:36_000]).max() < 1e-3


def test_sound_that_begins_later_or_earlier_is_kept_in_its_place(tmp_path, stage):
    click = np.zeros(24_000)
    click[4_800:4_900] = 0.9
    for begins in (0.3, -0.05):
        file = files.write_video(
            tmp_path / f"x{begins}.mkv", files.greys(20), sound=click, sound_codec="flac", sound_start=begins
        )
        _, sound = stage(file)
        assert len(sound) == 48_000
        assert np.abs(sound[:, 0]).argmax() == pytest.approx((begins + 0.1) * 48_000, abs=110), begins


@pytest.mark.parametrize("seconds", [0.4, 3.0])
def test_sound_shorter_or_longer_than_the_pictures_ends_with_them(seconds, tmp_path, settings, stage):
    file = files.write_video(tmp_path / "x.mp4", files.greys(20), sound=files.tone(seconds))
    info = probe_video(file, settings)
    assert (info.seconds, info.audio) == (pytest.approx(1), True)
    pictures, sound = stage(file)
    assert (len(pictures), len(sound)) == (20, 48_000)
    assert np.abs(sound[:12_000]).max() > 10_000
    assert (np.abs(sound[-12_000:]).max() > 10_000) == (seconds > 1)


def test_a_browsers_recording_without_a_length_is_read(tmp_path, settings, stage):
    file = files.write_video(
        tmp_path / "x.webm", files.greys(20), codec="libvpx", options={"deadline": "realtime"},
        container_options={"live": "1"}, sound=files.tone(1), sound_codec="libopus",
    )  # fmt: skip
    info = probe_video(file, settings)
    assert (info.frames, info.audio, info.seconds) == (20, True, pytest.approx(1, abs=0.01))
    assert len(stage(file)[0]) == 20


def test_a_size_that_changes_on_the_way_is_followed(tmp_path, stage):
    """Two H.264 streams in a row, as a browser records a shared window that is resized."""
    parts = [files.write_video(tmp_path / f"{w}.ts", [files.quadrants(w, 48)] * 10, codec="libx264") for w in (64, 96)]
    joined = tmp_path / "joined.ts"
    with av.open(str(joined), "w") as out:
        stream, offset = None, 0
        for part in parts:
            with av.open(str(part)) as source:
                stream = stream or out.add_stream_from_template(source.streams.video[0])
                for packet in source.demux(video=0):
                    if packet.pts is not None and packet.dts is not None:
                        packet.pts, packet.dts, packet.stream = packet.pts + offset, packet.dts + offset, stream
                        out.mux(packet)
            offset += 45_000
    pictures, _ = stage(joined)
    assert pictures.shape == (20, 48, 64, 3)
    assert files.seen(pictures[0]) == "rgbw"
    assert files.seen(pictures[-1]) == "rgbw"


def test_what_is_no_video_is_refused_in_a_sentence(tmp_path, settings):
    unreadable = "This file is damaged, incomplete, or in a format that Kinora cannot read."
    (tmp_path / "words.mp4").write_text("only words " * 100)
    assert refusal(tmp_path / "words.mp4", settings) == unreadable
    Image.new("RGB", (64, 64)).save(tmp_path / "picture.png")
    assert refusal(tmp_path / "picture.png", settings) == unreadable
    sound = files.write_sound(tmp_path / "x.mp4", "aac", files.tone(1)[None])
    assert refusal(sound, settings) == "There is no video in this file."
    still = files.write_video(tmp_path / "still.mp4", files.greys(1))
    assert refusal(still, settings) == "This video has only one frame."
    tiny = files.write_video(tmp_path / "tiny.mp4", [np.zeros((8, 8, 3), np.uint8)] * 3)
    assert refusal(tiny, settings) == "The video is only 8 × 8 pixels; each side needs at least 16."
    assert refusal(tmp_path / "gone.mp4", settings) == "There is no such file."


def test_the_cover_of_an_album_is_no_video(tmp_path, settings):
    Image.new("RGB", (64, 64), "red").save(tmp_path / "cover.jpg")
    with av.open(str(tmp_path / "cover.jpg")) as cover, av.open(str(tmp_path / "song.mp3"), "w") as song:
        write = files.add_sound(song, "libmp3lame", files.tone(1)[None], 48_000, "mono")
        stream = song.add_stream_from_template(cover.streams.video[0])
        stream.disposition = Disposition.attached_pic
        for packet in cover.demux(video=0):
            if packet.size:
                packet.stream = stream
                song.mux(packet)
        write()
    assert refusal(tmp_path / "song.mp3", settings) == "There is no video in this file."
    assert Preparer(settings).audio(tmp_path / "song.mp3").endswith(".wav")


@pytest.mark.parametrize(
    "text",
    [
        "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile://{other}\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile '{other}'\n",
        "#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/x.mp4\n#EXT-X-ENDLIST\n",
    ],
)
def test_playlists_that_lead_elsewhere_are_never_followed(text, tmp_path, settings):
    other = files.write_video(tmp_path / "private.mp4", files.greys(3))
    (tmp_path / "list.mp4").write_text(text.format(other=other))
    assert refusal(tmp_path / "list.mp4", settings).startswith("This file is damaged")


@pytest.mark.parametrize("name", ["x.mp4", "faststart.mp4", "x.mkv", "x.webm"])
def test_a_video_cut_in_the_middle_is_refused(name, tmp_path, settings):
    noise = list(np.random.default_rng(6).integers(0, 255, (40, 48, 64, 3), dtype=np.uint8))
    whole = files.write_video(
        tmp_path / name, noise, codec="libvpx" if name.endswith("webm") else "libx264",
        container_options={"movflags": "+faststart"} if "faststart" in name else {},
    )  # fmt: skip
    half = tmp_path / f"half-{name}"
    half.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    assert "incomplete" in refusal(half, settings)


def test_limits_are_settings_and_checked_by_the_header(tmp_path):
    file = files.write_video(tmp_path / "x.mp4", files.greys(40))
    tight = Settings(home=tmp_path / "home", device="cpu", max_media_seconds=1)
    assert refusal(file, tight) == "The video lasts 2 s; the limit is 1 s."
    tight = Settings(home=tmp_path / "home", device="cpu", max_image_pixels=1000)
    assert refusal(file, tight) == "The video is 64 × 48 pixels; the limit is 0.001 megapixels."


def test_a_start_past_the_end_is_refused_in_a_sentence(tmp_path, settings):
    file = files.write_video(tmp_path / "x.mp4", files.greys(20))
    with pytest.raises(MediaError, match=r"^The start, 5 s, is after the end: the video lasts 1\.00 s\.$"):
        Preparer(settings).video(file, fps=20, start=5)


def test_a_long_video_passes_through_a_frame_at_a_time(tmp_path, settings):
    """200 decoded frames of 1280 x 720 are 277 MB. Preparing them takes only a fraction of that."""
    picture = files.quadrants(1280, 720)
    file = files.write_video(tmp_path / "x.mp4", [picture] * 200, options={"preset": "ultrafast"})
    code = (
        "import resource, sys; from media import Preparer; from settings import Settings\n"
        "s = Preparer(Settings(home=sys.argv[1], device='cpu'))\n"
        "s.video(sys.argv[2], fps=20, frames=2)\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "s.video(sys.argv[2], fps=20)\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)"
    )
    command = [sys.executable, "-c", code, str(settings.home), str(file)]
    result = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True)
    unit = 1 if sys.platform == "darwin" else 1024
    assert int(result.stdout) * unit < 110e6


def test_the_same_video_gives_the_same_file_every_time(tmp_path):
    noise = list(np.random.default_rng(8).integers(0, 255, (60, 96, 128, 3), dtype=np.uint8))
    file = files.write_video(tmp_path / "x.mkv", noise, codec="ffv1", pixels="bgr0", sound=files.tone(3))
    homes = [Settings(home=tmp_path / home, device="cpu") for home in "abc"]
    results = [home.inputs_dir / Preparer(home).video(file, fps=20) for home in homes]
    assert len({result.read_bytes() for result in results}) == 1
