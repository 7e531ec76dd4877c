"""What the demo models' training rests on: the scenes they learn from, and the eyes of the gate that counts hits."""

import json
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torchvision.transforms.functional import gaussian_blur

from tools.train_demo import captions, gate, names, scenes
from tools.train_demo.looking import look

pytestmark = pytest.mark.everything

HUNDRED = 100


@pytest.fixture(scope="module")
def drawn() -> scenes.Scenes:
    return scenes.draw(scenes.Size(128, 128, 17), HUNDRED, torch.Generator().manual_seed(1))


def test_the_gate_sees_what_was_drawn(drawn: scenes.Scenes) -> None:
    """Colour, shape and way; dancing goes up and down as its sound does, so that any way may be seen."""
    seen = [look(pictures) for pictures in gate.as_pictures(drawn)]
    colours = [one.colour == [*names.COLOURS][number] for one, number in zip(seen, drawn.colour, strict=True)]
    shapes = [one.shape == names.SHAPES[number] for one, number in zip(seen, drawn.shape, strict=True)]
    ways = [names.MOVES[number] in (one.way, "dance") for one, number in zip(seen, drawn.move, strict=True)]
    assert min(sum(colours), sum(shapes), sum(ways)) >= 0.97 * HUNDRED


def test_the_gate_knows_shapes_that_are_not_sharp(drawn: scenes.Scenes) -> None:
    soft = [
        gaussian_blur(torch.tensor(pictures).movedim(-1, 1), [31, 31], [5.0, 5.0]).movedim(1, -1).numpy()
        for pictures in gate.as_pictures(drawn)
    ]
    seen = [look(pictures).shape == names.SHAPES[number] for pictures, number in zip(soft, drawn.shape, strict=True)]
    assert sum(seen) >= 0.97 * HUNDRED


def test_the_gate_does_not_see_what_is_not_there(drawn: scenes.Scenes) -> None:
    empty = np.full((17, 128, 128, 3), 128, np.uint8)
    assert (look(empty).colour, look(empty).shape) == ("none", "none")


def test_captions_say_what_is_drawn_or_nothing_of_it(drawn: scenes.Scenes) -> None:
    said = captions.of_scenes(drawn, seed=1)
    words = {
        **{name: (name,) for name in names.COLOURS},
        "turquoise": ("turquoise", "cyan"),
        "purple": ("purple", "violet"),
    }
    for text, colour in zip(said, drawn.colour, strict=True):
        named = {name for name, several in words.items() if any(word in text.lower() for word in several)}
        assert named <= {[*names.COLOURS][colour]}, text


def test_pairs_held_out_of_training_are_asked_for_by_the_gate_alone(drawn: scenes.Scenes) -> None:
    assert any(captions.held_out(drawn))
    asked = {(one.colour, one.move) for one in gate.asked(random.Random(1))}
    never = {(one.colour, one.move) for one in gate.asked(random.Random(1), held_out=True)}
    assert not asked & captions.HELD_OUT
    assert never == captions.HELD_OUT


def test_what_learns_computes_what_comfyui_does(tmp_path: Path) -> None:
    child = Path(__file__).parents[1] / "support" / "learner_child.py"
    done = subprocess.run(
        [sys.executable, str(child), str(tmp_path)], capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr[-4000:]
    differences = json.loads(done.stdout.splitlines()[-1])
    assert max(differences.values()) < 1e-3, differences
