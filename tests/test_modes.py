"""Every mode's declaration: what it refuses, what it announces, and that every control reaches the graph."""

import json
from typing import Any

import pytest

import modes
from modes import InvalidParamsError, Mode
from modes.base import snap
from modes.ltx import MAX_FRAMES, MAX_SEED, frames_of

T2V = modes.get("t2v")
GIVEN: dict[str, dict[str, Any]] = {"t2v": {"prompt": "a red kite", "seed": 5}}

# For each parameter a value other than its default.
OTHER: dict[str, dict[str, Any]] = {
    "t2v": {
        "prompt": "a blue kite",
        "negative_prompt": "rain",
        "preset": "fast",
        "aspect": "1:1",
        "resolution": "480p",
        "seconds": 3,
        "fps": 30,
        "seed": 6,
        "sound": False,
        "width": 640,
        "height": 640,
        "steps": 4,
        "cfg": 3.0,
        "second_stage": "off",
        "tile_size": 512,
    }
}


def graph(mode: Mode, **values: Any) -> dict[str, Any]:
    params = mode.validate(GIVEN[mode.id] | values)
    return mode.build(params, params.seed, "out")  # type: ignore[attr-defined]


EVERY_PARAMETER = [(mode, name) for mode in modes.MODES.values() for name in mode.params.model_fields]


@pytest.mark.parametrize(("mode", "name"), EVERY_PARAMETER, ids=lambda each: getattr(each, "id", each))
def test_every_parameter_changes_the_graph(mode: Mode, name: str) -> None:
    assert graph(mode, **{name: OTHER[mode.id][name]}) != graph(mode)


@pytest.mark.parametrize("mode", modes.MODES.values(), ids=lambda mode: mode.id)
def test_every_preset_has_a_graph_of_its_own(mode: Mode) -> None:
    graphs = [json.dumps(graph(mode, preset=preset.id), sort_keys=True) for preset in mode.presets]
    assert len(set(graphs)) == len(mode.presets) == len(mode.params.model_fields["preset"].annotation.__args__)


@pytest.mark.parametrize("preset", [preset.id for preset in T2V.presets])
@pytest.mark.parametrize("name", [name for name in OTHER["t2v"] if name != "preset"])
def test_every_parameter_works_in_every_preset(preset: str, name: str) -> None:
    value = OTHER["t2v"][name]
    if (name, preset) == ("second_stage", "fast"):
        value = "on"  # off is what Fast does by itself
    assert graph(T2V, preset=preset, **{name: value}) != graph(T2V, preset=preset)


def test_presets_differ_in_checkpoint_stages_steps_and_guidance() -> None:
    fast, balanced, quality = (graph(T2V, preset=preset) for preset in ("fast", "balanced", "quality"))
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
        T2V.validate(GIVEN["t2v"] | {field: value})
    assert caught.value.fields == {field: sentence}


def test_a_length_that_only_the_frame_rate_makes_too_long_is_told_at_the_length() -> None:
    with pytest.raises(InvalidParamsError) as caught:
        T2V.validate(GIVEN["t2v"] | {"seconds": 30, "fps": 60})
    assert caught.value.fields == {"seconds": "Length must be at most 16.6 s at 60 fps (993 frames)."}


def test_all_fields_at_fault_are_named_together() -> None:
    with pytest.raises(InvalidParamsError) as caught:
        T2V.validate({"prompt": "", "fps": 0, "width": "abc"})
    assert set(caught.value.fields) == {"prompt", "fps", "width"}


def test_an_unknown_parameter_is_named() -> None:
    with pytest.raises(InvalidParamsError, match="no parameter named colour"):
        T2V.validate(GIVEN["t2v"] | {"colour": "red"})


@pytest.mark.parametrize(
    "text", ["🪁 над морем", "طائرة ورقية", "\"quotes\" 'and' {a|b}", '{"json": [1]}', "two\nlines\t"]
)
def test_prompts_reach_the_encoder_unchanged(text: str) -> None:
    built = graph(T2V, prompt=text, negative_prompt=text)
    assert built["positive_prompt"]["inputs"]["text"] == text
    assert built["negative_prompt"]["inputs"]["text"] == text


def test_an_emptied_negative_prompt_stays_empty() -> None:
    assert graph(T2V, negative_prompt="")["negative_prompt"]["inputs"]["text"] == ""


@pytest.mark.parametrize("preset", ["fast", "balanced", "quality"])
@pytest.mark.parametrize("aspect", ["16:9", "9:16", "1:1", "4:3", "3:4", "21:9"])
@pytest.mark.parametrize("resolution", ["256p", "480p", "720p", "1080p"])
def test_announced_sizes_are_ones_the_model_makes_without_shrinking(preset: str, aspect: str, resolution: str) -> None:
    params = T2V.validate(GIVEN["t2v"] | {"preset": preset, "aspect": aspect, "resolution": resolution})
    announced = T2V.announce(params)
    latent = T2V.build(params, 1, "out")["video_latent"]["inputs"]
    factor = 1 if preset == "fast" else 2
    assert (announced.width, announced.height) == (latent["width"] * factor, latent["height"] * factor)
    assert latent["width"] % 32 == latent["height"] % 32 == 0
    assert latent["length"] == announced.frames


@pytest.mark.parametrize("fps", [8, 24, 25, 30, 50, 60])
@pytest.mark.parametrize("seconds", [0.2, 1, 2.5, 5, 7.3, 16])
def test_frames_are_8n_plus_1_and_the_length_is_the_nearest_of_these(seconds: float, fps: int) -> None:
    frames = frames_of(seconds, fps)
    assert frames % 8 == 1
    assert 9 <= frames <= MAX_FRAMES
    assert abs((frames - 1) / fps - seconds) <= 4 / fps + 1e-9 or frames == 9


def test_the_negative_prompt_is_said_to_have_no_effect_exactly_where_it_has_none() -> None:
    assert "negative_prompt" in T2V.announce(T2V.validate(GIVEN["t2v"])).notes
    assert "negative_prompt" not in T2V.announce(T2V.validate(GIVEN["t2v"] | {"preset": "quality"})).notes
    assert "negative_prompt" not in T2V.announce(T2V.validate(GIVEN["t2v"] | {"cfg": 3})).notes
    assert "negative_prompt" in T2V.announce(T2V.validate(GIVEN["t2v"] | {"preset": "quality", "cfg": 1})).notes


def test_the_largest_seed_fits_both_passes() -> None:
    built = graph(T2V, seed=MAX_SEED)
    assert built["first_noise"]["inputs"]["noise_seed"] == MAX_SEED
    assert built["second_noise"]["inputs"]["noise_seed"] == 0


@pytest.mark.parametrize("mode", modes.MODES.values(), ids=lambda mode: mode.id)
def test_every_stage_names_nodes_that_some_preset_runs(mode: Mode) -> None:
    nodes = {node for preset in mode.presets for node in graph(mode, preset=preset.id)}
    for label, members in mode.stages.items():
        assert set(members) <= nodes, label


@pytest.mark.parametrize(("value", "snapped"), [(1, 32), (48, 64), (47, 32), (704, 704), (720, 736)])
def test_snapping_takes_the_nearest_multiple_and_never_zero(value: float, snapped: int) -> None:
    assert snap(value, 32) == snapped
