"""Which parameters of x264 final and prepared videos have. x264 writes them into each file."""

from fractions import Fraction
from pathlib import Path

import pytest
from support import media_files as files

import modes
from media import Preparer
from settings import Settings


@pytest.mark.parametrize("mode", ["upscale_video", "interpolate"])
@pytest.mark.parametrize(("repeatable", "tree"), [(True, b"mbtree=0"), (False, b"mbtree=1")])
def test_videos_made_in_pieces_follow_the_setting(tmp_path: Path, mode: str, repeatable: bool, tree: bytes) -> None:
    settings = Settings(home=tmp_path / "home", device="cpu", demo="always", repeatable_video=repeatable)
    video = files.write_video(tmp_path / "x.mp4", files.greys(12))
    chosen = modes.get(mode)
    params = chosen.validate({"video": str(video)}, settings)
    assert chosen.pieces is not None
    chosen.pieces.join(params, {}, [video, video], tmp_path / "joined.mp4", lambda: False)
    assert tree in (tmp_path / "joined.mp4").read_bytes()


@pytest.mark.parametrize("repeatable", [True, False])
def test_prepared_videos_are_always_repeatable(tmp_path: Path, repeatable: bool) -> None:
    settings = Settings(home=tmp_path / "home", device="cpu", repeatable_video=repeatable)
    video = files.write_video(tmp_path / "x.mp4", files.greys(12))
    name = Preparer(settings).video(video, fps=Fraction(24))
    assert b"mbtree=0" in (settings.inputs_dir / name).read_bytes()
