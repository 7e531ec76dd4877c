"""Every mode's declaration: what it refuses, what it announces, and that every control reaches the graph."""

import itertools
import json
from pathlib import Path
from typing import Any

import pytest
from support.mode_settings import DEMO, REAL
from support.mode_values import EVERY_MODE, EVERY_PARAMETER, GIVEN, NEEDS, given, other, ways

import modes
from constants import MAX_SEED
from media import Preparer
from modes import InvalidParamsError, Mode
from modes.ltx import LTX_MODES
from modes.ltx.audio import DrivenByAudio
from modes.ltx.common import MAX_FRAMES, frames_of, frames_within
from modes.ltx.control import RestyleParams
from modes.params import snap
from modes.segments import MAX_SEGMENTS
from settings import Settings

T2V = modes.get("t2v")


@pytest.fixture(scope="module")
def preparer(tmp_path_factory: pytest.TempPathFactory) -> Preparer:
    return Preparer(Settings(home=tmp_path_factory.mktemp("preparer"), device="cpu", demo="always"))


def graph(mode: Mode, preparer: Preparer, **values: Any) -> dict[str, Any]:
    params = mode.validate(given(mode) | values, DEMO)
    return mode.build(params, getattr(params, "seed", 0), mode.prepare_inputs(params, preparer), "out")


every_mode = pytest.mark.parametrize("mode", EVERY_MODE, ids=lambda mode: mode.id)


@every_mode
def test_every_parameter_changes_the_graph(mode: Mode, preparer: Preparer, tmp_path: Path) -> None:
    without_effect = []
    for name in [name for each, name in EVERY_PARAMETER if each is mode]:
        needs = NEEDS.get(name, {}) | NEEDS.get(f"{mode.id}/{name}", {})
        changed = graph(mode, preparer, **needs, **{name: other(mode, name, tmp_path)})
        if changed == graph(mode, preparer, **needs):
            without_effect.append(name)
    assert not without_effect


@every_mode
def test_every_choice_has_a_graph_of_its_own(mode: Mode, preparer: Preparer) -> None:
    for parameter in mode.parameters():
        graphs = {
            json.dumps(graph(mode, preparer, **{parameter.name: choice}), sort_keys=True)
            for choice in parameter.choices
        }
        alike = {"second_stage": 1, "aspect": 1, "fit": 1}.get(
            parameter.name, 0
        )  # "preset" and "as the input" refer to another parameter
        assert len(graphs) >= len(parameter.choices) - alike, parameter.name


@every_mode
def test_every_example_is_valid_and_its_files_are_there(mode: Mode) -> None:
    assert mode.examples
    for example in mode.examples:
        mode.validate(example.values, DEMO)


@pytest.mark.parametrize("preset", [preset.id for preset in T2V.presets])
def test_every_parameter_works_in_every_preset(preset: str, preparer: Preparer, tmp_path: Path) -> None:
    without_effect = []
    for name in [name for name in T2V.params.model_fields if name != "preset"]:
        needs = NEEDS.get(name, {}) | {"preset": preset}
        value = other(T2V, name, tmp_path)
        if (name, preset) == ("second_stage", "fast"):
            value = "on"  # off is what Fast does by itself
        if graph(T2V, preparer, **needs, **{name: value}) == graph(T2V, preparer, **needs):
            without_effect.append(name)
    assert not without_effect


def test_loras_stand_in_order_behind_the_checkpoint_in_every_ltx_mode(preparer: Preparer) -> None:
    rows = [{"file": "a.safetensors", "strength": 0.5}, {"file": "off.safetensors", "on": False}, "b.safetensors:-1"]
    for mode in LTX_MODES:
        for preset in mode.presets:
            built = graph(mode, preparer, preset=preset.id, camera="dolly in", loras=rows)
            chain = [built[f"lora_{number}"]["inputs"] for number in (1, 2, 3)]
            assert [each["lora_name"].split("-")[-1] for each in chain] == [
                "in.safetensors",
                "a.safetensors",
                "b.safetensors",
            ]
            assert [each["strength_model"] for each in chain] == [1.0, 0.5, -1.0]
            assert [each["model"] for each in chain] == [["checkpoint", 0], ["lora_1", 0], ["lora_2", 0]]
            direct = [node for node, content in built.items() if ["checkpoint", 0] in content["inputs"].values()]
            assert direct == ["lora_1"], (mode.id, preset.id)


def test_presets_differ_in_checkpoint_passes_steps_and_guidance(preparer: Preparer) -> None:
    fast, balanced, quality = (
        graph(T2V, preparer, preset=preset, camera="free") for preset in ("fast", "balanced", "quality")
    )
    assert "distilled" in fast["checkpoint"]["inputs"]["ckpt_name"]
    assert "second_pass" not in fast
    assert "distilled_lora" not in fast
    assert balanced["distilled_lora"]["inputs"]["strength_model"] == 0.5
    assert balanced["first_sigmas"]["inputs"]["sigmas"].count(",") == 8
    assert quality["first_schedule"]["inputs"]["steps"] == 20
    assert quality["first_guider"]["inputs"] | {"cfg": 4.0} == quality["first_guider"]["inputs"]
    assert quality["first_guider"]["inputs"]["model"] == ["checkpoint", 0]


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("prompt", "", "Prompt is empty."),
        ("prompt", " \n\t", "Prompt is empty."),
        ("prompt", "x" * 10_001, "Prompt is longer than 10,000 characters."),
        ("width", "abc", "Exact width must be a whole number, not “abc”."),
        ("seconds", 0, "Length must be at least 0.2 s."),
        ("seconds", "-1", "Length must be at least 0.2 s."),
        ("seconds", 10_000, "Length must be at most 40 s."),
        ("seconds", "nan", "Length must be a number, not “nan”."),
        ("seconds", float("nan"), "Length must be a number, not “nan”."),
        ("cfg", float("inf"), "Guidance (cfg) must be a number, not “inf”."),
        ("fps", 0, "Frame rate must be at least 8 fps."),
        ("seed", -2, "Seed must be at least 0."),
        ("seed", 2**64, "Seed must be at most 18,446,744,073,709,551,615."),
        ("seed", "x", "Seed must be a whole number, not “x”."),
        ("preset", "turbo", "Preset must be one of fast, balanced or quality."),
        ("sound", "maybe", "Sound must be on or off, not “maybe”."),
    ],
)
def test_bad_input_gets_one_clear_sentence_at_its_field(field: str, value: Any, sentence: str) -> None:
    with pytest.raises(InvalidParamsError) as caught:
        T2V.validate(GIVEN | {field: value}, REAL)
    assert caught.value.fields == {field: sentence}


def test_a_length_that_only_the_frame_rate_makes_too_long_is_reported_at_the_length() -> None:
    with pytest.raises(InvalidParamsError) as caught:
        T2V.validate(GIVEN | {"seconds": 30, "fps": 60}, REAL)
    assert caught.value.fields == {"seconds": "Length must be at most 16.6 s at 60 fps (993 frames)."}


def test_all_fields_at_fault_are_named_together() -> None:
    with pytest.raises(InvalidParamsError) as caught:
        T2V.validate({"prompt": "", "fps": 0, "width": "abc"}, REAL)
    assert set(caught.value.fields) == {"prompt", "fps", "width"}


def test_an_unknown_parameter_is_named() -> None:
    with pytest.raises(InvalidParamsError, match="no parameter named colour"):
        T2V.validate(GIVEN | {"colour": "red"}, REAL)


@pytest.mark.parametrize(
    "text", ["🪁 над морем", "طائرة ورقية", "\"quotes\" 'and' {a|b}", '{"json": [1]}', "two\nlines\t"]
)
def test_prompts_reach_the_encoder_unchanged(text: str, preparer: Preparer) -> None:
    built = graph(T2V, preparer, prompt=text, negative_prompt=text)
    assert built["positive_prompt"]["inputs"]["text"] == text
    assert built["negative_prompt"]["inputs"]["text"] == text


def test_an_emptied_negative_prompt_stays_empty(preparer: Preparer) -> None:
    assert graph(T2V, preparer, negative_prompt="")["negative_prompt"]["inputs"]["text"] == ""


def test_announced_sizes_are_ones_the_model_makes_without_shrinking() -> None:
    aspects, resolutions = ("16:9", "9:16", "1:1", "4:3", "3:4", "21:9"), ("256p", "480p", "720p", "1080p")
    for preset, aspect, resolution in itertools.product(("fast", "balanced", "quality"), aspects, resolutions):
        asked = {"preset": preset, "aspect": aspect, "resolution": resolution}
        params = T2V.validate(GIVEN | asked, REAL)
        announced = params.output_spec()
        latent = T2V.build(params, 1, {}, "out")["video_latent"]["inputs"]
        factor = 1 if preset == "fast" else 2
        assert (announced.width, announced.height) == (latent["width"] * factor, latent["height"] * factor), asked
        assert latent["width"] % 32 == latent["height"] % 32 == 0, asked
        assert latent["length"] == announced.frames, asked


def test_frames_are_8n_plus_1_and_the_length_is_the_nearest_of_these() -> None:
    for seconds, fps in itertools.product((0.2, 1, 2.5, 5, 7.3, 16), (8, 24, 25, 30, 50, 60)):
        frames = frames_of(seconds, fps)
        assert frames % 8 == 1, (seconds, fps)
        assert 9 <= frames <= MAX_FRAMES, (seconds, fps)
        assert abs((frames - 1) / fps - seconds) <= 4 / fps + 1e-9 or frames == 9, (seconds, fps)


def test_the_negative_prompt_has_a_note_exactly_where_it_has_no_effect() -> None:
    assert "negative_prompt" in T2V.validate(GIVEN, REAL).output_spec().notes
    assert "negative_prompt" not in T2V.validate(GIVEN | {"preset": "quality"}, REAL).output_spec().notes
    assert "negative_prompt" not in T2V.validate(GIVEN | {"cfg": 3}, REAL).output_spec().notes
    assert "negative_prompt" in T2V.validate(GIVEN | {"preset": "quality", "cfg": 1}, REAL).output_spec().notes


def test_the_largest_seed_fits_both_passes(preparer: Preparer) -> None:
    built = graph(T2V, preparer, seed=MAX_SEED)
    assert built["first_noise"]["inputs"]["noise_seed"] == MAX_SEED
    assert built["second_noise"]["inputs"]["noise_seed"] == 0


@every_mode
def test_every_phase_has_a_node_in_some_graph(mode: Mode, preparer: Preparer) -> None:
    most = {"stages": ["x"] * MAX_SEGMENTS} if "stages" in mode.params.model_fields else {}
    graphs = [graph(mode, preparer, **way, **most) for way in ways(mode)]
    assert {label for built in graphs for label in mode.phases_of(built)} == set(mode.phases)


@pytest.mark.parametrize(
    "mode", [mode for mode in EVERY_MODE if mode.id in ("a2v", "lipsync", "restyle")], ids=lambda mode: mode.id
)
def test_a_clip_is_never_longer_than_the_sound_or_video_that_drives_it(mode: Mode) -> None:
    for seconds in (None, 0.5, 20.0):
        params = mode.validate(given(mode) | {"seconds": seconds}, DEMO)
        assert isinstance(params, DrivenByAudio | RestyleParams)
        source = params.sounding if isinstance(params, DrivenByAudio) else params._info.seconds
        clip = params.output_spec()
        assert clip.frames is not None
        assert clip.fps is not None
        assert clip.frames % 8 == 1
        assert clip.frames <= source * clip.fps + 1


def test_frames_within_a_length_are_never_more_than_it_holds() -> None:
    assert [frames_within(seconds, 25) for seconds in (0.36, 0.67, 0.68, 1.0, 1.31, 1.32)] == [9, 9, 17, 25, 25, 33]


@pytest.mark.parametrize(("value", "snapped"), [(1, 32), (48, 64), (47, 32), (704, 704), (720, 736)])
def test_snapping_takes_the_nearest_multiple_and_never_zero(value: float, snapped: int) -> None:
    assert snap(value, 32) == snapped
