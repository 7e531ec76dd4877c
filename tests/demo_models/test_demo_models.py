"""Demo models: the right files, the same on every run, and ComfyUI makes video with sound, and pictures, from them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from demo_models import FILES

pytestmark = pytest.mark.everything

CHILD = Path(__file__).parents[1] / "support" / "demo_models_child.py"


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    home = tmp_path_factory.mktemp("demo")
    done = subprocess.run(
        [sys.executable, str(CHILD), str(home)], capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_files_are_the_named_ones_and_only_safetensors(seen):
    assert set(seen["files"]) == set(FILES)
    assert all(name.endswith(".safetensors") for name in seen["files"])


def test_every_file_differs_from_every_other(seen):
    assert len(set(seen["files"].values())) == len(FILES)


def test_a_missing_file_is_made_and_the_others_are_left_alone(seen):
    assert seen["missing_was_made"]
    assert seen["others_were_left"]


def test_another_recipe_makes_all_files_again_with_the_same_bytes(seen):
    assert seen["files_after_rebuild"] == seen["files"]


def test_small_convolutions_done_flat_give_what_torch_gives(seen):
    assert max(seen["small_convolutions"]) < 1e-4


def test_text_to_video_gives_a_video_with_sound_of_the_asked_size(seen):
    first = seen["runs"]["first"]
    assert first["codecs"] == ["h264", "aac"]
    assert first["shape"] == [9, 128, 192, 3]
    assert first["previews"] > 0


def test_pictures_are_neither_flat_nor_burnt_out(seen):
    assert seen["runs"]["first"]["contrast"] > 15
    assert seen["runs"]["first"]["saturated"] < 0.25  # a red ball has hardly any green and blue


def test_sound_is_audible_and_quiet(seen):
    assert 0.02 < seen["runs"]["first"]["loudest"] < 0.3


def test_the_same_seed_gives_the_same_frames(seen):
    assert seen["runs"]["again"]["sampled"]
    assert seen["difference"]["again"] == 0


def test_a_given_picture_is_the_first_frame_and_the_video_stays_with_it(seen):
    """Likeness in dB; colours drift with the prompt after the first frame."""
    assert seen["likeness"]["start"] > 28
    assert seen["likeness"]["end"] > 14


def test_between_two_given_pictures_each_is_at_its_end(seen):
    assert seen["frames_between"] == 9
    assert seen["likeness"]["first"] > 12  # at a strength of 0.7
    assert seen["likeness"]["last"] > 12
    assert seen["likeness"]["other"] < seen["likeness"]["first"] - 2


@pytest.mark.parametrize("kind", ["depth", "pose"])
def test_control_maps_have_the_clips_size_and_follow_it(seen, kind):
    assert seen[kind]["shape"] == [9, 128, 192, 3]
    assert seen[kind]["contrast"] > 15
    assert seen[kind]["moves"] > 3
    assert seen["difference"][kind] > 3


def test_every_kind_of_lora_changes_a_video_that_starts_at_a_picture(seen):
    """Those that are not trained only a little, see docs/demo-models.md."""
    assert len(seen["loras"]) == 5
    assert all(difference > 0.5 for difference in seen["loras"].values()), seen["loras"]


@pytest.mark.parametrize("changed", ["strength", "lora"])
def test_another_lora_and_its_strength_change_the_frames(seen, changed):
    assert seen["difference"][changed] > 0.3


@pytest.mark.parametrize("changed", ["seed", "prompt", "cfg", "negative"])
def test_what_a_person_changes_changes_the_frames(seen, changed):
    """Mean difference in grey levels of 255; for the negative prompt between two runs at cfg 4."""
    assert seen["difference"][changed] > 3


@pytest.mark.parametrize("name", ["first", "base", "wide"])
def test_text_to_image_gives_pictures_that_are_neither_flat_nor_burnt_out(seen, name):
    """Z-Image Turbo, Z-Image at cfg 4, and a size whose tokens have to be filled up."""
    picture = seen["pictures"][name]
    assert picture["shape"] == ([144, 400, 3] if name == "wide" else [256, 256, 3])
    assert picture["contrast"] > 12
    assert picture["saturated"] < 0.05


@pytest.mark.parametrize("changed", ["seed", "prompt", "model", "negative", "lora"])
def test_what_a_person_changes_changes_the_picture(seen, changed):
    assert seen["pictures"]["difference"][changed] > 3


def test_the_same_seed_gives_the_same_picture(seen):
    assert seen["pictures"]["difference"]["again"] == 0


def test_the_prompts_colour_is_seen_in_the_picture(seen):
    colour = seen["pictures"]["colour"]
    assert max(colour["red"]) == colour["red"][0]
    assert max(colour["prompt"]) == colour["prompt"][1]  # a green forest


def test_image_to_image_stays_near_the_picture_as_denoise_says(seen):
    """Likeness in dB."""
    likeness = seen["pictures"]["likeness"]
    assert likeness["encoded"] > 18
    assert likeness["near"] > 15
    assert likeness["refined"] > 15
    assert likeness["far"] < likeness["near"] - 3


def test_inpainting_leaves_what_is_outside_the_mask(seen):
    assert seen["pictures"]["likeness"]["outside_mask"] > 18
    assert seen["pictures"]["inside_mask"] > 10


def test_a_picture_enlarged_by_4_is_the_same_smoothly(seen):
    """Likeness in dB to what bilinear enlarging gives."""
    assert seen["enhanced"]["larger"] == [1, 512, 768, 3]
    assert seen["enhanced"]["smooth"] > 28


def test_frames_in_between_are_means_of_their_neighbours(seen):
    assert seen["enhanced"]["between"] == [17, 128, 192, 3]
    assert seen["enhanced"]["moves"] > 1
    assert seen["enhanced"]["mean"] > 28


@pytest.mark.parametrize("run", ["first", "seed", "prompt", "sampler"])
def test_cogvideo_gives_pictures_neither_flat_nor_burnt_out(seen, run):
    made = seen["cogvideo"]["runs"][run]
    assert made["sampled"]
    assert made["shape"] == [9, 128, 192, 3]
    assert made["contrast"] > 10
    assert made["saturated"] < 0.05


@pytest.mark.parametrize("changed", ["seed", "prompt"])
def test_what_a_person_changes_changes_cogvideos_frames(seen, changed):
    assert seen["cogvideo"]["difference"][changed] > 3
