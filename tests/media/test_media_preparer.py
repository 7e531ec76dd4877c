"""Where uploads go: by content, whole or not at all, and nowhere else."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support import media_files as files

from media import MediaError, Preparer, sample
from media.preparer import readable
from settings import Settings

PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", device="cpu")


@pytest.fixture
def preparer(settings: Settings) -> Preparer:
    return Preparer(settings)


def picture(file: Path, colour: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (32, 32), colour).save(file)
    return file


def test_two_peoples_image_png_never_meet(tmp_path, settings, preparer):
    names = [
        preparer.image(picture(tmp_path / who / "image.png", colour)) for who, colour in (("a", "red"), ("b", "blue"))
    ]
    assert len(set(names)) == 2
    assert [files.read_image(settings.inputs_dir / name).getpixel((0, 0)) for name in names] == [
        (255, 0, 0),
        (0, 0, 255),
    ]


def test_the_same_input_is_one_file_that_is_not_written_again(tmp_path, settings, preparer):
    file = picture(tmp_path / "image.png", "red")
    name = preparer.image(file)
    written = (settings.inputs_dir / name).stat().st_mtime_ns
    (tmp_path / "again").mkdir()
    copy = tmp_path / "again" / "image.png"
    copy.write_bytes(file.read_bytes())
    assert preparer.image(copy) == name
    assert (settings.inputs_dir / name).stat().st_mtime_ns == written
    assert [each.name for each in settings.inputs_dir.iterdir()] == [name]


def test_every_parameter_that_changes_the_result_changes_the_name(tmp_path, preparer):
    still = picture(tmp_path / "x.png", "red")
    names = [
        preparer.image(still),
        preparer.image(still, alpha="black"),
        preparer.image(still, size=(16, 16)),
        preparer.image(still, size=(16, 16), fit="pad"),
    ]
    sound = files.write_wave(tmp_path / "x.wav", [files.tone(1)])
    names += [preparer.audio(sound), preparer.audio(sound, start=0.2), preparer.audio(sound, seconds=0.2)]
    clip = files.write_video(tmp_path / "x.mp4", files.greys(10))
    names += [preparer.video(clip, fps=fps) for fps in (10, 20)]
    names += [preparer.video(clip, fps=10, **each) for each in ({"start": 0.1}, {"seconds": 0.2}, {"frames": 9})]
    names += [preparer.video(clip, fps=10, size=(32, 32), fit=fit) for fit in ("crop", "pad")]
    names += [preparer.last_frame(clip).name]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("stem", "expected"),
    [
        ("My holiday (1)", "My_holiday_1"),
        ('it\'s "quoted"', "it_s_quoted"),
        ("🦊", "media"),
        ("小狐狸", "小狐狸"),
        ("..", "media"),
        ("a/../../b", "a_b"),
        ("x" * 300, "x" * 40),
    ],
)
def test_names_are_readable_short_and_harmless(stem, expected):
    assert readable(stem) == expected


def test_odd_names_are_staged_all_the_same(tmp_path, settings, preparer):
    for stem in ("with space", 'it\'s "quoted" & 100%d', "🦊 fox", "-rf", "x" * 250):
        name = preparer.image(picture(tmp_path / f"{stem}.png", "red"))
        assert (settings.inputs_dir / name).is_file()
        clip = files.write_video(tmp_path / "clip.mkv", files.greys(3)).rename(tmp_path / f"{stem}.mkv")
        assert (settings.inputs_dir / preparer.video(clip, fps=10)).is_file()


def test_dots_and_links_in_a_path_are_resolved(tmp_path, settings, preparer):
    file = picture(tmp_path / "real.png", "red")
    (tmp_path / "link.png").symlink_to(file)
    (tmp_path / "folder").mkdir()
    assert preparer.image(tmp_path / "folder" / ".." / "link.png") == preparer.image(file)


def test_nothing_is_written_outside_the_inputs_folder(tmp_path, settings, preparer):
    """A link that lies where the prepared file belongs is replaced, not followed."""
    file = picture(tmp_path / "x.png", "red")
    name = preparer.image(file)
    (settings.inputs_dir / name).unlink()
    outside = tmp_path / "outside.png"
    (settings.inputs_dir / name).symlink_to(outside)
    assert preparer.image(file) == name
    assert not outside.exists()
    assert not (settings.inputs_dir / name).is_symlink()


def test_a_failure_leaves_nothing_behind(tmp_path, settings, preparer):
    whole = files.write_video(tmp_path / "x.mkv", files.greys(40), options={"g": "1"})
    data = bytearray(whole.read_bytes())
    half = len(data) // 2
    data[half:] = bytes(len(data) - half)
    whole.write_bytes(data)
    (tmp_path / "x.png").write_text("only words")
    for attempt in (lambda: preparer.video(whole, fps=10), lambda: preparer.image(tmp_path / "x.png")):
        with pytest.raises(MediaError):
            attempt()
    assert not settings.inputs_dir.exists() or not list(settings.inputs_dir.iterdir())


def test_many_may_stage_the_same_at_once(tmp_path, settings, preparer):
    clip = files.write_video(tmp_path / "x.mp4", files.greys(20))
    code = (
        "import sys; from media import Preparer; from settings import Settings\n"
        "print(Preparer(Settings(home=sys.argv[1], device='cpu')).video(sys.argv[2], fps=10))"
    )
    command = [sys.executable, "-c", code, str(settings.home), str(clip)]
    others = [subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    with ThreadPoolExecutor(3) as pool:
        names = set(pool.map(lambda _: preparer.video(clip, fps=10), range(3)))
    names |= {other.communicate()[0].strip() for other in others}
    assert len(names) == 1
    assert [file.name for file in settings.inputs_dir.iterdir()] == list(names)
    assert len(files.read_video(settings.inputs_dir / names.pop())[0]) == 10


def test_the_last_frame_of_a_clip_is_the_last_one(tmp_path, settings, preparer):
    pictures = [*files.greys(20), files.quadrants()]
    clip = files.write_video(tmp_path / "x.mp4", pictures, sound=files.tone(3))
    last = preparer.last_frame(clip)
    assert last.parent == settings.inputs_dir
    image = files.read_image(last)
    assert (image.mode, image.size, files.seen(np.asarray(image))) == ("RGB", (64, 48), "rgbw")
    prepared = preparer.video(clip, fps=20)
    assert preparer.last_frame(settings.inputs_dir / prepared).is_file()


def test_the_last_frame_of_a_single_frame_is_that_frame(tmp_path, preparer):
    assert preparer.last_frame(files.write_video(tmp_path / "one.mp4", files.greys(1))).is_file()


def test_a_sample_stands_for_the_middle_of_a_video(tmp_path, settings):
    clip = files.write_video(tmp_path / "x.mp4", files.greys(21))
    assert abs(files.numbers([np.asarray(sample(clip, settings))])[0] - 10) <= 1


def test_the_media_room_imports_neither_torch_nor_comfyui():
    code = "import sys, media; print({'torch', 'comfy', 'nodes', 'gradio'} & set(sys.modules) or 'none')"
    result = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "none"
