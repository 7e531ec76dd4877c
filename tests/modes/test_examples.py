"""The media that ship as examples: usable, small, and what the script makes."""

from pathlib import Path

import numpy as np
import pytest
from support import media_files as files

from media import probe_audio, probe_image, probe_video
from settings import Settings
from tools.examples.clip import BOUNCES, FPS
from tools.make_examples import make

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("examples")
    make(folder)
    return folder


def test_every_example_can_be_used(tmp_path):
    settings = Settings(home=tmp_path, device="cpu")
    for name in ("landscape.png", "second.png", "portrait.png", "sheet.png"):
        assert probe_image(EXAMPLES / name, settings).width >= 512
    assert probe_image(EXAMPLES / "landscape.png", settings) == probe_image(EXAMPLES / "second.png", settings)
    for name in ("speech.wav", "music.wav"):
        assert 3 <= probe_audio(EXAMPLES / name, settings).seconds <= 4
    clip = probe_video(EXAMPLES / "clip.mp4", settings)
    assert (clip.fps, clip.frames, clip.audio) == (24, 73, True)


def test_the_examples_are_small():
    assert sum(file.stat().st_size for file in EXAMPLES.iterdir()) < 600_000


def test_the_examples_are_what_the_script_makes(made):
    assert {file.name for file in made.iterdir()} == {file.name for file in EXAMPLES.iterdir()}
    for name in ("landscape.png", "second.png", "portrait.png", "sheet.png"):
        ours, theirs = (np.asarray(files.read_image(folder / name), int) for folder in (made, EXAMPLES))
        assert np.abs(ours - theirs).mean() < 0.1, name
    for name in ("speech.wav", "music.wav"):
        ours, theirs = (files.read_wave(folder / name)[0].astype(int) for folder in (made, EXAMPLES))
        assert np.abs(ours - theirs).max() < 100, name
    assert (made / "graph.json").read_text() == (EXAMPLES / "graph.json").read_text()
    ours, theirs = (files.read_video(folder / "clip.mp4")[0][::12].astype(int) for folder in (made, EXAMPLES))
    assert np.abs(ours - theirs).mean() < 1


def test_the_notes_of_the_clip_sound_when_the_ball_touches_the_floor():
    pictures, _, sound = files.read_video(EXAMPLES / "clip.mp4")
    assert sound is not None
    rate = 16_000
    red = (pictures[..., 0] > 200) & (pictures[..., 1] < 110)
    lowest = [int(np.flatnonzero(picture.any(axis=1)).max(initial=0)) for picture in red]
    for moment, _ in BOUNCES:
        before, after = (np.abs(sound[round((moment + shift) * rate) :][:800]).max() for shift in (-0.06, 0.01))
        assert after > 1.5 * before
        assert lowest[round(moment * FPS)] >= max(lowest) - 6
