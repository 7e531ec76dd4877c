"""A graph of one's own before it runs: what is wrong is said, files go into its loaders, seeds move together."""

import json
from pathlib import Path
from typing import Any

import pytest
from support import own_graphs as graphs
from support.mode_settings import DEMO, REAL
from support.mode_values import EVERY_MODE, given
from support.own_graphs import node, saved

import modes
from constants import MAX_SEED
from media import Preparer
from modes import InvalidParamsError, Mode
from modes.media_info import MEDIA
from modes.mode import EXAMPLES
from modes.user_graph.mode import GraphParams
from modes.user_graph.node_classes import known
from settings import Settings

GRAPH = modes.get("graph")
PICTURE, OTHER = EXAMPLES / "landscape.png", EXAMPLES / "portrait.png"


@pytest.fixture(scope="module")
def preparer(tmp_path_factory: pytest.TempPathFactory) -> Preparer:
    return Preparer(Settings(home=tmp_path_factory.mktemp("preparer"), device="cpu", demo="always"))


def refused(graph: Any, **values: Any) -> dict[str, str]:
    text = graph if isinstance(graph, str) else graphs.text(graph)
    with pytest.raises(InvalidParamsError) as caught:
        GRAPH.validate({"graph": text, **values}, REAL)
    return caught.value.fields


def validated(values: dict[str, Any]) -> GraphParams:
    params = GRAPH.validate(values, REAL)
    assert isinstance(params, GraphParams)
    return params


def built(preparer: Preparer, graph: Any, seed: int | None = None, **values: Any) -> dict[str, Any]:
    params = validated({"graph": graph, "seed": seed, **values})
    return GRAPH.build(params, params.seed or 0, GRAPH.prepare_inputs(params, preparer), "out")


@pytest.mark.parametrize(
    ("graph", "sentence"),
    [
        ("", "Graph is missing."),
        ("a red kite", "This is not JSON: Expecting value, line 1, column 1."),
        ('{"1": NaN}', "A graph cannot contain NaN."),
        ('{"1": "\\ud800"}', "The graph's text contains an incomplete character (a lone surrogate)."),
        ("[" * 100_000, "This JSON cannot be read: it is nested too deeply, or a number in it is too long."),
        ("9" * 5000, "This JSON cannot be read: it is nested too deeply, or a number in it is too long."),
        ("x" * 1_000_001, "Graph is longer than 1,000,000 characters."),
        (
            {"last_node_id": 9, "nodes": [], "links": []},
            "This is a workflow as ComfyUI's editor saves it, not a graph in the API format. "
            "In ComfyUI, choose Workflow, Export (API), and use that file.",
        ),
        (
            [1],
            "This is not a graph in the API format, which lists nodes by their ids. "
            "In ComfyUI, choose Workflow, Export (API), and use that file.",
        ),
        ({}, "The graph has no nodes."),
        ({str(number): {} for number in range(1001)}, "The graph has 1,001 nodes; the limit is 1,000."),
        (
            {"3": {"inputs": {}}},
            "Node 3 lacks class_type or inputs, which nodes in the API format have. "
            "In ComfyUI, choose Workflow, Export (API), and use that file.",
        ),
        (
            saved("WanVideoSampler"),
            "Node 1 is a WanVideoSampler. ComfyUI has no such node, and Kinora loads no custom nodes.",
        ),
        (
            saved("LoadLatent", latent="x"),
            "Node 1 is a LoadLatent, which is not allowed here: it reads files that you do not give to Kinora.",
        ),
        (
            {"2": node("SaveImage", images=["7", 0])},
            "Node 2 (SaveImage): images is linked to node 7, which is not in the graph.",
        ),
        (
            {"1": node("EmptyImage"), "2": node("PreviewImage", images=["1", 0])},
            "No node of the graph saves anything. Add one, such as SaveImage, SaveVideo or SaveAudio.",
        ),
        (
            saved("LoadImage", image=["3", 0]) | {"3": node("PrimitiveString", value="x.png")},
            "Node 1 (LoadImage): image must be a file name written in the node itself, not a link or another value.",
        ),
        (
            saved("LoadImage", image="../x.png"),
            "Node 1 (LoadImage), image: “../x.png” is not the name of a file inside its folder.",
        ),
        (
            saved("UNETLoader", unet_name="old.ckpt"),
            "Node 1 (UNETLoader), unet_name: “old.ckpt” is not a .safetensors file; "
            "other kinds can run code when they are opened, so Kinora loads none of them.",
        ),
        (graphs.mixed("a.png", "b.png", "c.png", "d.png"), "The graph loads 4 different image files; the limit is 3."),
    ],
)
def test_what_is_wrong_with_a_graph_is_one_sentence_at_its_field(graph: Any, sentence: str) -> None:
    files = dict.fromkeys(("image", "second_image", "third_image"), PICTURE) if "4 different" in sentence else {}
    assert refused(graph, **files) == {"graph": sentence}


def test_a_missing_file_and_a_file_without_a_loader_are_reported_at_their_fields() -> None:
    two = graphs.mixed("a.png", "b.png")
    assert refused(two) == {"image": "Image is missing: node 10 (LoadImage) loads “a.png”."}
    assert refused(two, image=PICTURE) == {
        "second_image": "Second image is missing: node 20 (LoadImage) loads “b.png”."
    }
    text = "Audio: no node of the graph loads it; the graph loads no audio files."
    assert refused(graphs.EXAMPLE, audio=EXAMPLES / "speech.wav") == {"audio": text}
    text = "Second image: no node of the graph loads it; the graph loads only 1 image file."
    assert refused(graphs.mixed("a.png"), image=PICTURE, second_image=PICTURE) == {"second_image": text}


def test_files_go_into_the_loaders_in_the_graphs_order_and_nodes_with_one_name_share_one(preparer: Preparer) -> None:
    graph = graphs.mixed("b.png", "a.png", "b.png")
    made = built(preparer, graph, image=PICTURE, second_image=OTHER)
    files = [made[f"{number}0"]["inputs"]["image"] for number in (1, 2, 3)]
    assert files[0] == files[2] == preparer.image(PICTURE, alpha="keep")
    assert files[1] == preparer.image(OTHER, alpha="keep")
    notes = GRAPH.validate({"graph": graph, "image": PICTURE, "second_image": OTHER}, REAL).output_spec().notes
    assert notes["image"] == "For node 10 (LoadImage) and node 30 (LoadImage)."


def test_sounds_and_videos_go_into_their_loaders(preparer: Preparer) -> None:
    graph = {
        "1": node("LoadVideo", file="old.mp4"),
        "2": node("LoadAudio", audio="old.mp3"),
        "3": node("SaveVideo", video=["1", 0], format="auto", codec="auto"),
        "4": node("SaveAudio", audio=["2", 0]),
    }
    made = built(preparer, graph, video=EXAMPLES / "clip.mp4", audio=EXAMPLES / "music.wav")
    assert preparer.has(made["1"]["inputs"]["file"])
    assert preparer.has(made["2"]["inputs"]["audio"])


@pytest.mark.parametrize("name", sorted({each.widget for each in GRAPH.parameters()} & set(MEDIA)))
def test_there_is_a_field_for_every_kind_of_file_that_nodes_load(name: str) -> None:
    kinds = {kind for each in known().values() for kind in each.media.values()}
    assert name in kinds
    assert kinds <= {each.widget for each in GRAPH.parameters()}


def test_without_a_seed_the_graph_keeps_its_own_and_reports_it(preparer: Preparer) -> None:
    assert validated({"graph": graphs.EXAMPLE}).seed == 42
    made = built(preparer, graphs.EXAMPLE)
    original = json.loads(graphs.EXAMPLE)
    assert {name: each["inputs"] for name, each in made.items()} == {
        name: each["inputs"] | ({"filename_prefix": "out"} if each["class_type"] == "SaveImage" else {})
        for name, each in original.items()
    }


def test_another_seed_moves_all_seeds_by_the_same_amount(preparer: Preparer) -> None:
    graph = saved("VAEDecode", samples=["3", 0]) | {
        "3": node("KSampler", seed=5, latent_image=["4", 0]),
        "4": node("KSamplerAdvanced", noise_seed=6, noise=["5", 0], other=["6", 0]),
        "5": node("SeedNode", seed=2**63 - 1),
        "6": node("RandomNoise", noise_seed=["5", 0]),
    }
    made = built(preparer, graph, seed=7)
    assert made["3"]["inputs"]["seed"] == 7
    assert made["4"]["inputs"]["noise_seed"] == 8
    assert made["5"]["inputs"]["seed"] == 1  # it has half as many seeds as the others
    assert made["6"]["inputs"]["noise_seed"] == ["5", 0]
    assert built(preparer, graph, seed=MAX_SEED)["4"]["inputs"]["noise_seed"] == 0
    assert built(preparer, graph, seed=5) == built(preparer, graph)


def test_a_graph_without_a_seed_says_that_a_seed_has_no_effect() -> None:
    announced = GRAPH.validate({"graph": saved("EmptyImage")}, REAL).output_spec()
    assert announced.notes["seed"] == "This has no effect, because the graph contains no seed."
    assert announced.text() == "Decided by the graph"


def test_what_no_result_needs_is_left_out(preparer: Preparer) -> None:
    graph = saved("EmptyImage") | {"3": node("LoadImage", image="x.png"), "4": node("PreviewImage", images=["3", 0])}
    assert list(built(preparer, graph)) == ["1", "2"]


def test_programs_may_send_the_graph_itself() -> None:
    params = validated({"graph": json.loads(graphs.EXAMPLE)})
    assert json.loads(params.graph) == json.loads(graphs.EXAMPLE)


@pytest.mark.parametrize("mode", EVERY_MODE, ids=lambda mode: mode.id)
def test_the_graph_of_every_modes_task_is_taken_as_it_is(mode: Mode, preparer: Preparer) -> None:
    """What the queue's page copies names files that Kinora prepared, and those are still there."""
    params = mode.validate(given(mode), DEMO)
    copied = mode.build(params, 5, mode.prepare_inputs(params, preparer), "kinora")
    again = built(preparer, graphs.text(copied))
    assert {name: each["inputs"] for name, each in again.items()} == {
        name: {
            key: value if key != "filename_prefix" else value.replace("kinora", "out") for key, value in each.items()
        }
        for name, each in ((name, content["inputs"]) for name, content in copied.items())
    }


def test_a_prepared_file_that_is_gone_is_named(preparer: Preparer, tmp_path: Path) -> None:
    params = GRAPH.validate({"graph": graphs.mixed("landscape_0123456789abcdef.png")}, REAL)
    with pytest.raises(InvalidParamsError, match="Image is missing: node 10"):
        GRAPH.prepare_inputs(params, preparer)
