"""Patching templates: strict, pure, and without leftovers."""

import pytest

import workflow
from workflow import Drop, Insert, Patch, WorkflowError

GRAPH = {
    "model": {"class_type": "Loader", "inputs": {"name": "a"}, "_meta": {"title": "Loader"}},
    "other": {"class_type": "Loader", "inputs": {"name": "b"}},
    "sampler": {"class_type": "Sampler", "inputs": {"model": ["model", 0], "sizes": [1, 2], "seed": 0}},
    "save": {"class_type": "Save", "inputs": {"images": ["sampler", 0], "audio": ["other", 1]}},
}


def test_a_patch_writes_an_input_and_leaves_the_template_as_it_was() -> None:
    built = workflow.build(GRAPH, [Patch("sampler", "seed", 7)], ["save"])
    assert built["sampler"]["inputs"]["seed"] == 7
    assert GRAPH["sampler"]["inputs"]["seed"] == 0


def test_what_no_sink_needs_is_pruned() -> None:
    assert list(workflow.build(GRAPH, [Drop("save", "audio")], ["save"])) == ["model", "sampler", "save"]


def test_a_node_can_be_inserted_and_linked() -> None:
    changes = [Insert("lora", "Lora", {"model": ("model", 0)}), Patch("sampler", "model", ("lora", 0))]
    built = workflow.build(GRAPH, changes, ["save"])
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
        workflow.build(GRAPH, [change], ["save"])
