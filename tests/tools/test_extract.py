"""The extractor: official templates to workflows, rule by rule and as a whole."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tools.extract.fold import fold, rename
from tools.extract.graph import TemplateError
from tools.extract.recipes import RECIPES, Recipe
from tools.extract.recipes.ltx import LTX
from tools.extract.recipes.ltx_guides import LTX_GUIDES
from tools.extract.recipes.wan import WAN

pytestmark = pytest.mark.everything

PROJECT = Path(__file__).parents[2]
GROUND_TRUTH = sorted((PROJECT / "tests" / "data" / "ground-truth").glob("*.json"))

# Everything that needs ComfyUI, in one process: it takes seconds to start.
PROBE = """
import json, sys
from pathlib import Path
from typer.testing import CliRunner
project, folder, names = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:]
sys.path.insert(0, str(project))
from tools import extract_modes as cli
from tools.extract import nodeinfo
from tools.extract.recipes import RECIPES
definitions = nodeinfo.load()
converted = {name: cli.convert_template(cli.template(name), definitions) for name in names}
workflows = {name: cli.build(recipe) for name, recipe in RECIPES.items()}
def invoke(template, *options):
    file = folder / "template.json"
    file.write_text(json.dumps(template))
    outcome = CliRunner().invoke(cli.app, ["convert", str(file), *options])
    return {"code": outcome.exit_code, "stdout": outcome.stdout, "stderr": outcome.stderr}
(folder / "result.json").write_text(json.dumps({
    "converted": converted,
    "refused": {name: nodeinfo.node_errors(prompt) for name, prompt in converted.items()},
    "workflows": {name: cli.text(prompt) for name, prompt in workflows.items()},
    "workflows_refused": {name: nodeinfo.node_errors(prompt) for name, prompt in workflows.items()},
    "saves": [name for name, one in definitions.items() if one.get("output_node") and name.startswith("Save")],
    "math": nodeinfo.evaluate("ComfyMathExpression", {"expression": "a / 2 + b", "values.a": 5, "values.b": 1}),
    "good": invoke(cli.template(names[0])),
    "muted": invoke(cli.template("video_ltx2_3_t2v"), "--mode", "75=2"),
    "bad_mode": invoke(cli.template(names[0]), "--mode", "75=3"),
    "unknown_class": invoke({"nodes": [{"id": 7, "type": "NoSuchNode"}], "links": []}),
    "no_template": invoke([1, 2]),
}, default=str))
"""


@pytest.fixture(scope="module")
def comfyui(tmp_path_factory):
    folder = tmp_path_factory.mktemp("extract")
    names = [file.stem for file in GROUND_TRUTH]
    command = [sys.executable, "-c", PROBE, str(PROJECT), str(folder), *names]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads((folder / "result.json").read_text())


@pytest.mark.parametrize("file", GROUND_TRUTH, ids=lambda file: file.stem)
def test_conversion_is_what_the_official_frontend_sends(comfyui, file):
    assert comfyui["converted"][file.stem] == json.loads(file.read_text())


def test_comfyui_accepts_every_converted_template(comfyui):
    assert comfyui["refused"] == {file.stem: {} for file in GROUND_TRUTH}


def test_comfyui_accepts_every_workflow(comfyui):
    assert comfyui["workflows_refused"] == {name: {} for name in RECIPES}


@pytest.mark.parametrize("name", RECIPES)
def test_committed_workflow_is_what_its_template_gives(comfyui, name):
    assert (PROJECT / "workflows" / f"{name}.json").read_text(encoding="utf-8") == comfyui["workflows"][name]


def test_every_committed_workflow_has_a_recipe():
    assert {file.stem for file in (PROJECT / "workflows").glob("*.json")} == set(RECIPES)


@pytest.mark.parametrize("name", RECIPES)
def test_every_node_of_a_workflow_has_a_word_and_leads_to_a_saved_file_or_is_spare(comfyui, name):
    workflow = json.loads(comfyui["workflows"][name])
    saves = [node for node, entry in workflow.items() if entry["class_type"] in comfyui["saves"]]
    spares = [RECIPES[name].names[node] for node in RECIPES[name].spares]
    assert len(saves) == 1
    assert not reached_from(workflow, saves) & set(spares)
    assert reached_from(workflow, saves + spares) == set(workflow)
    assert all(node.replace("_", "").isalpha() for node in workflow)


def reached_from(workflow, wanted):
    reached, wanted = set(), list(wanted)
    while wanted:
        node = wanted.pop()
        reached.add(node)
        wanted += [value[0] for value in workflow[node]["inputs"].values() if isinstance(value, list)]
    return reached


@pytest.mark.parametrize(
    ("family", "differ"),
    [
        ({**LTX, **LTX_GUIDES}, {"first_pass", "first_sampler", "control"}),  # a control map for each way to restyle
        (WAN, {"conditioning", "video_latent"}),  # an image is put into what is sampled by a node of each model's own
    ],
    ids=["ltx", "wan"],
)
def test_a_word_names_the_same_class_in_every_workflow_of_a_family(family, differ):
    classes = {}
    for name in family:
        for node, entry in load(name).items():
            classes.setdefault(node, set()).add(entry["class_type"])
    assert {word for word, kinds in classes.items() if len(kinds) > 1} == differ


@pytest.mark.parametrize("name", RECIPES)
def test_no_prompt_is_rewritten_and_nothing_is_measured_while_it_runs(name):
    kinds = {entry["class_type"] for entry in load(name).values()}
    assert not kinds & {"ComfySwitchNode", "ComfyMathExpression", "GetImageSize", "TextGenerateLTX2Prompt"}
    assert not [kind for kind in kinds if kind.startswith(("Primitive", "Preview"))]


@pytest.mark.parametrize("name", {**LTX, **LTX_GUIDES})
def test_pictures_and_sound_of_an_ltx_clip_are_of_one_length_and_rate(name):
    workflow = load(name)
    sizes = [workflow["video_latent"]["inputs"][name] for name in ("width", "height", "length")]
    rates = [workflow["conditioning"]["inputs"]["frame_rate"], workflow["create_video"]["inputs"]["fps"]]
    assert all(isinstance(value, int) for value in sizes)
    assert rates[0] == rates[1]
    if "audio_latent" in workflow:
        assert workflow["audio_latent"]["inputs"]["frames_number"] == sizes[2]
        assert workflow["audio_latent"]["inputs"]["frame_rate"] == rates[0]


def load(name):
    return json.loads((PROJECT / "workflows" / f"{name}.json").read_text(encoding="utf-8"))


def inputs_of(name, node):
    return load(name)[node]["inputs"]


def test_image_to_video_puts_its_image_in_place_in_both_stages():
    for stage, latent in (("first", "av_latent"), ("second", "second_av_latent")):
        in_place = inputs_of("i2v", f"{stage}_image_in_place")
        assert in_place["image"] == ["preprocess_image", 0]
        assert in_place["bypass"] is False
        assert inputs_of("i2v", latent)["video_latent"] == [f"{stage}_image_in_place", 0]


def test_audio_to_video_is_lipsync_without_its_portrait():
    portrait = {"load_image", "resize_image", "enlarge_image", "preprocess_image"}
    assert set(load("lipsync")) - set(load("a2v")) == portrait | {"first_image_in_place", "second_image_in_place"}
    assert set(load("a2v")) < set(load("lipsync"))
    assert inputs_of("a2v", "av_latent")["video_latent"] == ["video_latent", 0]
    assert inputs_of("a2v", "second_av_latent")["video_latent"] == ["upsample", 0]


@pytest.mark.parametrize("name", ["lipsync", "a2v", "restyle_depth", "restyle_canny", "restyle_pose"])
def test_given_sound_leads_the_pictures_unchanged_and_goes_into_the_file(name):
    source = ["video_frames", 1] if name.startswith("restyle") else ["load_audio", 0]
    assert inputs_of(name, "pad_audio") == {"audio1": source, "audio2": ["silence", 0], "direction": "after"}
    assert inputs_of(name, "trim_audio")["audio"] == ["pad_audio", 0]
    assert inputs_of(name, "encode_audio")["audio"] == ["trim_audio", 0]
    assert inputs_of(name, "masked_audio_latent") == {"mask": ["audio_mask", 0], "samples": ["encode_audio", 0]}
    assert inputs_of(name, "audio_mask")["value"] == 0
    assert inputs_of(name, "av_latent")["audio_latent"] == ["masked_audio_latent", 0]
    assert inputs_of(name, "create_video")["audio"] == ["trim_audio", 0]
    assert inputs_of(name, "silence")["duration"] >= inputs_of(name, "trim_audio")["duration"]


@pytest.mark.parametrize("name", [name for name, recipe in RECIPES.items() if "crop_guides" in recipe.names.values()])
def test_guides_are_cropped_off_what_is_decoded(name):
    """Where there are guides; otherwise nothing is there to crop and the latent goes on as it is."""
    workflow = load(name)
    guided = [node for node, entry in workflow.items() if entry["class_type"] == "LTXVAddGuide"]
    assert workflow["crop_guides"]["inputs"]["latent"] == ["first_separate", 0]
    decoded = workflow["decode_video"]["inputs"]["samples"]
    assert decoded == (["crop_guides", 2] if guided else ["second_separate", 0])


@pytest.mark.parametrize("name", ["flf2v", "style_transition"])
def test_first_and_last_frame_are_guides_before_sound_is_joined(name):
    for frame, index in (("first", 0), ("last", -1)):
        guide = inputs_of(name, f"{frame}_frame_guide")
        assert guide["image"] == [f"preprocess_{frame}_frame", 0]
        assert guide["frame_idx"] == index
    assert inputs_of(name, "av_latent")["video_latent"] == ["last_frame_guide", 2]
    assert inputs_of(name, "last_frame_guide")["latent"] == ["first_frame_guide", 2]
    model = "transition_lora" if name == "style_transition" else "checkpoint"
    assert inputs_of(name, "first_guider")["model"] == [model, 0]


@pytest.mark.parametrize("name", ["restyle_depth", "restyle_canny", "restyle_pose"])
def test_restyling_is_led_by_as_many_frames_of_the_video_as_the_clip_has(name):
    assert inputs_of(name, "guide")["image"] == ["control", 0]
    assert {"load_video", "control_frames", "resize_control"} <= reached_from(load(name), ["control"])
    frames, size = inputs_of(name, "control_frames"), inputs_of(name, "resize_control")
    assert frames["image"] == ["video_frames", 0]
    assert frames["length"] == inputs_of(name, "video_latent")["length"]
    assert size["resize_type.width"] == inputs_of(name, "video_latent")["width"]
    assert size["resize_type.height"] == inputs_of(name, "video_latent")["height"]


def test_reference_sheet_is_a_still_video_of_the_size_and_length_of_the_clip():
    latent = inputs_of("ingredients", "video_latent")
    assert inputs_of("ingredients", "repeat_sheet") == {"amount": latent["length"], "image": ["resize_sheet", 0]}
    assert inputs_of("ingredients", "resize_sheet")["target_width"] == latent["width"]
    assert inputs_of("ingredients", "resize_sheet")["target_height"] == latent["height"]
    assert inputs_of("ingredients", "guide")["image"] == ["repeat_sheet", 0]


def test_voice_identity_takes_a_part_of_the_voice():
    assert inputs_of("id_lora", "reference_audio")["reference_audio"] == ["trim_audio", 0]
    assert inputs_of("id_lora", "first_guider")["model"] == ["reference_audio", 0]
    assert inputs_of("id_lora", "create_video")["audio"] == ["decode_audio", 0]


def test_t2v_takes_its_parameters_where_they_are_used(comfyui):
    workflow = json.loads(comfyui["workflows"]["t2v"])
    literals = {
        (node, name): value
        for node, entry in workflow.items()
        for name, value in entry["inputs"].items()
        if not isinstance(value, list)
    }
    assert literals["video_latent", "width"] == 640
    assert literals["video_latent", "height"] == 360
    assert literals["video_latent", "length"] == literals["audio_latent", "frames_number"] == 5 * 25 + 1
    assert literals["create_video", "fps"] == literals["conditioning", "frame_rate"] == 25
    assert isinstance(literals["audio_latent", "frame_rate"], int)
    assert literals["positive_prompt", "text"].startswith("Dynamic cinematic close-up")
    assert not [entry for entry in workflow.values() if "Image" in entry["class_type"]]
    assert len(workflow) <= 30


def test_constants_are_computed_by_the_node_itself(comfyui):
    assert comfyui["math"] == [3.5, 3, True]


def test_convert_prints_nothing_but_json(comfyui):
    assert comfyui["good"]["code"] == 0
    assert json.loads(comfyui["good"]["stdout"]) == comfyui["converted"][GROUND_TRUTH[0].stem]


def test_convert_takes_modes_as_options(comfyui):
    assert "75" not in json.loads(comfyui["muted"]["stdout"])
    assert comfyui["bad_mode"]["code"] == 2


@pytest.mark.parametrize(("run", "words"), [("unknown_class", "NoSuchNode"), ("no_template", "not a template")])
def test_convert_fails_with_one_sentence(comfyui, run, words):
    assert comfyui[run]["code"] == 1
    assert comfyui[run]["stdout"] == ""
    assert words in comfyui[run]["stderr"]


# Folding and words.


def entry(kind, **values):
    return {"class_type": kind, "inputs": values, "_meta": {"title": kind}}


def evaluate(kind, values):
    """Stands for ComfyUI: a primitive gives its value, the expression is always a product."""
    return [values["value"]] if "value" in values else [float(values["values.a"] * values["values.b"]), 6]


def folded(prompt):
    return fold(prompt, evaluate, lambda kind: kind == "Save")


def test_constants_become_literals_and_output_1_of_a_sum_is_its_integer():
    prompt = {
        "a": entry("PrimitiveInt", value=2),
        "b": entry("PrimitiveFloat", value=3.0),
        "sum": entry("ComfyMathExpression", **{"expression": "a * b", "values.a": ["a", 0], "values.b": ["b", 0]}),
        "save": entry("Save", rate=["sum", 0], length=["sum", 1]),
    }
    assert folded(prompt) == {"save": entry("Save", rate=6.0, length=6)}


def test_switch_with_a_known_condition_is_decided_and_the_other_side_goes():
    prompt = {
        "which": entry("PrimitiveBoolean", value=False),
        "yes": entry("Load"),
        "no": entry("Load"),
        "switch": entry("ComfySwitchNode", switch=["which", 0], on_true=["yes", 0], on_false=["no", 0]),
        "save": entry("Save", image=["switch", 0]),
    }
    assert folded(prompt) == {"no": entry("Load"), "save": entry("Save", image=["no", 0])}


def test_switch_without_the_chosen_side_has_no_output():
    prompt = {"switch": entry("ComfySwitchNode", switch=True, on_false=1), "save": entry("Save", image=["switch", 0])}
    assert folded(prompt) == {"save": entry("Save")}


def test_switch_with_an_unknown_condition_stays():
    prompt = {
        "load": entry("Load"),
        "switch": entry("ComfySwitchNode", switch=["load", 2], on_true=["load", 0], on_false=["load", 1]),
        "save": entry("Save", image=["switch", 0]),
    }
    assert folded(prompt) == prompt


def test_previews_and_what_only_they_show_go():
    prompt = {"seen": entry("Load"), "look": entry("PreviewImage", images=["seen", 0]), "save": entry("Save")}
    assert folded(prompt) == {"save": entry("Save")}


def test_template_that_saves_nothing_is_an_error():
    with pytest.raises(TemplateError, match="nothing is saved"):
        folded({"seen": entry("Load")})


def test_every_node_gets_its_word():
    prompt = {"1": entry("Load"), "2:3": entry("Save", image=["1", 0])}
    words = rename(prompt, {"1": "image", "2:3": "save"})
    assert words == {"image": entry("Load"), "save": entry("Save", image=["image", 0])}


@pytest.mark.parametrize(
    ("names", "words"),
    [({"1": "a"}, "no word id for 2 "), ({"1": "a", "2": "a"}, "share"), ({"1": "a", "2": "b", "3": "c"}, "no node")],
)
def test_word_ids_must_fit_the_nodes(names, words):
    with pytest.raises(TemplateError, match=words):
        rename({"1": entry("Load"), "2": entry("Save")}, names)


SMALL = {
    "Load": {"input": {"required": {"file": [["a.png", "b.png"]]}}, "output": ["IMAGE"]},
    "Blur": {"input": {"required": {"image": ["IMAGE"]}}, "output": ["IMAGE"], "display_name": "Make it soft"},
    "SaveIt": {"input": {"required": {"image": ["IMAGE"]}}, "output": [], "output_node": True},
}


def built(**recipe: Any):
    """What a recipe makes of a template with a loader, 1, and a saver, 2."""
    saver = {"id": 2, "type": "SaveIt", "inputs": [{"name": "image", "link": 1}]}
    saved = {"nodes": [{"id": 1, "type": "Load"}, saver], "links": [[1, 1, 0, 2, 0, "IMAGE"]]}
    return Recipe("small", **{"names": {"1": "image", "2": "save"}, **recipe}).build(saved, SMALL, evaluate)


def test_recipe_sets_inputs_before_folding():
    assert built(inputs={"1": {"file": "b.png"}})["image"]["inputs"] == {"file": "b.png"}


def test_recipe_brings_in_nodes_by_their_words():
    workflow = built(added={"soft": ("Blur", {"image": ["1", 0]})}, inputs={"2": {"image": ["soft", 0]}})
    assert workflow["soft"] == {
        "class_type": "Blur",
        "inputs": {"image": ["image", 0]},
        "_meta": {"title": "Make it soft"},
    }
    assert workflow["save"]["inputs"] == {"image": ["soft", 0]}


def test_spare_nodes_stay_with_what_they_need():
    added = {"soft": ("Blur", {"image": ["other", 0]}), "other": ("Load", {"file": "b.png"})}
    assert set(built(added=added, spares=["soft"])) == {"image", "save", "soft", "other"}


@pytest.mark.parametrize(
    ("recipe", "words"),
    [
        ({"inputs": {"7": {"file": "b.png"}}}, "no node 7"),
        ({"inputs": {"2": {"image": ["7", 0]}}}, "node 2: no node 7 for image"),
        ({"added": {"soft": ("Nonsense", {})}}, "no class 'Nonsense'"),
        ({"spares": ["7"]}, "no node 7 to keep"),
        ({"added": {"soft": ("Blur", {"image": ["1", 0]})}}, "no node for the word id soft"),
    ],
)
def test_recipe_that_does_not_fit_its_template_is_an_error(recipe, words):
    with pytest.raises(TemplateError, match=words):
        built(**recipe)
