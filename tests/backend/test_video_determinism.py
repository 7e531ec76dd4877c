"""The options of ComfyUI's video encoder, with the setting `repeatable_video`."""

import subprocess
import sys
from pathlib import Path

import pytest

from settings import PROJECT, Settings

CHILD = """
import sys
from fractions import Fraction
import torch
from backend.comfy.startup import load
from settings import Settings

folder = sys.argv[2]  # load() gives ComfyUI arguments of its own
load(Settings.model_validate_json(sys.argv[1]))
from comfy_api.latest import InputImpl, Types

frames = torch.rand(9, 64, 64, 3, generator=torch.Generator().manual_seed(7))
for number, crf in enumerate((None, 30.0)):
    video = InputImpl.VideoFromComponents(Types.VideoComponents(images=frames, frame_rate=Fraction(24)))
    video.save_to(f"{folder}/{number}.mp4", crf=crf)
"""


@pytest.mark.parametrize(
    ("repeatable", "tree"), [(True, b"mbtree=0"), pytest.param(False, b"mbtree=1", marks=pytest.mark.everything)]
)
def test_the_tree_is_switched_off_by_the_setting_also_where_a_graph_sets_the_rate_factor(
    demo_settings: Settings, tmp_path: Path, repeatable: bool, tree: bytes
) -> None:
    settings = demo_settings.model_copy(update={"repeatable_video": repeatable})
    command = [sys.executable, "-c", CHILD, settings.model_dump_json(), str(tmp_path)]
    ended = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=300)
    assert ended.returncode == 0, ended.stderr[-3000:]
    # x264 writes its options into each file.
    written = [(tmp_path / f"{number}.mp4").read_bytes() for number in range(2)]
    assert all(tree in content for content in written)
    assert [b"crf=23.0" in written[0], b"crf=30.0" in written[1]] == [True, True]
