"""Patching templates: strict, pure, and without leftovers."""

import pytest

import workflow
from workflow import Clone, Drop, Insert, Patch, WorkflowError

GRAPH = {
    "model": {"class_type": "Loader", "inputs": {"name": "a"}, "_meta": {"title": "Loader"}},
    "other": {"class_type": "Loader", "inputs": {"name": "b"}},
    "sampler": {"class_type": "Sampler", "inputs": {"model": ["model", 0], "sizes": [1, 2], "seed": 0}},
    "save": {"class_type": "Save", "inputs": {"images": ["sampler", 0], "audio": ["other", 1], "filename_prefix": ""}},
}


def test_a_patch_writes_an_input_and_leaves_the_template_as_it_was() -> None:
    built = workflow.build(GRAPH, [Patch("sampler", "seed", 7)])
    assert built["sampler"]["inputs"]["seed"] == 7
    assert GRAPH["sampler"]["inputs"]["seed"] == 0


def test_what_no_sink_needs_is_pruned() -> None:
    assert list(workflow.build(GRAPH, [Drop("save", "audio")])) == ["model", "sampler", "save"]


def test_a_node_can_be_inserted_and_linked() -> None:
    changes = [Insert("lora", "Lora", {"model": ("model", 0)}), Patch("sampler", "model", ("lora", 0))]
    built = workflow.build(GRAPH, changes)
    assert built["sampler"]["inputs"]["model"] == ["lora", 0]
    assert built["lora"]["inputs"]["model"] == ["model", 0]


def test_a_list_of_numbers_is_no_link() -> None:
    assert [name for name, _, _ in workflow.links(GRAPH["sampler"])] == ["model"]


@pytest.mark.parametrize(
    "change",
    [
        Patch("nobody", "seed", 1),
        Patch("sampler", "nothing", 1),
        Drop("sampler", "nothing"),
        Patch("sampler", "model", ("nobody", 0)),
        Insert("sampler", "Sampler"),
    ],
    ids=lambda change: str(change),
)
def test_a_change_that_does_not_fit_is_an_error(change: workflow.Change) -> None:
    with pytest.raises(WorkflowError):
        workflow.build(GRAPH, [change])


def test_a_clone_copies_what_depends_on_its_roots_and_shares_the_rest() -> None:
    graph = GRAPH | {
        "decode": {"class_type": "Decode", "inputs": {"samples": ["sampler", 0], "model": ["model", 1]}},
        "save": {"class_type": "Save", "inputs": {"images": ["decode", 0], "filename_prefix": ""}},
    }
    second = [Clone(["sampler"], ["save"], "_2"), Patch("sampler_2", "seed", 8)]
    joined = [Insert("join", "Join", {"a": ("decode", 0), "b": ("decode_2", 0)}), Patch("save", "images", ("join", 0))]
    built = workflow.build(graph, [*second, *joined])
    assert set(built) == {"model", "sampler", "sampler_2", "decode", "decode_2", "join", "save"}
    assert built["decode_2"]["inputs"] == {"samples": ["sampler_2", 0], "model": ["model", 1]}
    assert (built["sampler"]["inputs"]["seed"], built["sampler_2"]["inputs"]["seed"]) == (0, 8)


@pytest.mark.parametrize("change", [Clone(["nobody"], [], "_2"), Clone(["model"], ["sampler"], "")], ids=str)
def test_a_clone_that_does_not_fit_is_an_error(change: workflow.Change) -> None:
    with pytest.raises(WorkflowError):
        workflow.build(GRAPH, [change])


def test_files_of_segments_are_distinguished_from_the_result_by_their_nodes_names() -> None:
    saves = {node: {"class_type": "Save", "inputs": {"filename_prefix": ""}} for node in ("save_video", "stage_1")}
    graph = workflow.build(saves, [])
    workflow.save_to(graph, "running/7")
    assert graph["save_video"]["inputs"]["filename_prefix"] == "running/7"
    assert graph["stage_1"]["inputs"]["filename_prefix"] == "running/7.stage_1"
