"""Parameters that are lists: as a form sends them, as a terminal and a table write them, and in the graph."""

from typing import Any

import pytest
from support.mode_settings import DEMO, REAL
from typer.testing import CliRunner

import cli
import modes
from modes import InvalidParamsError, lists
from modes.lists import Lora, LoraPair


@pytest.mark.parametrize(
    ("text", "row"),
    [
        ("a.safetensors", Lora(file="a.safetensors")),
        ("a.safetensors:0.5", Lora(file="a.safetensors", strength=0.5)),
        ("sub/a.safetensors:-1", Lora(file="sub/a.safetensors", strength=-1)),
        ("h.safetensors+l.safetensors:0.8", LoraPair(file="h.safetensors", low="l.safetensors", strength=0.8)),
        ("h.safetensors", LoraPair(file="h.safetensors")),
        ("+l.safetensors", LoraPair(low="l.safetensors")),
    ],
)
def test_a_row_is_written_as_text(text: str, row: lists.ListItem) -> None:
    assert type(row).model_validate(text) == row


def wrong(mode: str, name: str, value: Any) -> str:
    with pytest.raises(InvalidParamsError) as refused:
        modes.get(mode).validate({"prompt": "x", name: value}, DEMO)
    return refused.value.fields[name]


@pytest.mark.parametrize(
    ("mode", "name", "value", "sentence"),
    [
        ("t2v", "loras", ["a.safetensors:9"], "LoRAs, item 1: strength must be at most 2."),
        ("t2v", "loras", [{"file": ""}], "LoRAs, item 1: file is missing."),
        (
            "t2v",
            "loras",
            ["../a.safetensors"],
            "LoRAs, item 1: file: “../a.safetensors” is not the name",
        ),
        ("t2v", "loras", ["/a.safetensors"], "is not the name of a file inside its folder."),
        ("wan_t2v", "lora_pairs", ["a+b\\..\\c"], "is not the name of a file inside its folder."),
        ("t2v", "loras", ["a"] * 9, "LoRAs"),
        ("wan_t2v", "lora_pairs", ["a+b", {"strength": 1}], "neither of the two files is chosen"),
        ("wan_t2v", "lora_pairs", ["a+b:x"], "must be a number, not “x”"),
        ("wan_t2v", "lora_pairs", [{"file": "a", "high": "b"}], "no parameter named"),
    ],
)
def test_an_invalid_list_item_gets_a_sentence(mode: str, name: str, value: Any, sentence: str) -> None:
    assert sentence in wrong(mode, name, value)


def test_pairs_stand_behind_their_experts_after_the_4_step_loras_and_in_order() -> None:
    pairs = ["a.safetensors+b.safetensors:0.5", {"file": "off.safetensors", "on": False}, "+c.safetensors"]
    mode = modes.get("wan_t2v")
    for preset in ("fast", "quality"):
        graph = mode.preview_graph(mode.validate({"prompt": "x", "preset": preset, "lora_pairs": pairs}, REAL))

        def chain(expert: str, graph: dict[str, Any] = graph) -> list[str]:
            found, node = [], graph[f"{expert}_sampling"]["inputs"]["model"][0]
            while node != f"{expert}_model":
                found.insert(0, graph[node]["inputs"]["lora_name"])
                node = graph[node]["inputs"]["model"][0]
            return found

        turbo = [f"wan2.2_t2v_lightx2v_4steps_lora_v1.1_{expert}_noise.safetensors" for expert in ("high", "low")]
        own = [["a.safetensors"], ["b.safetensors", "c.safetensors"]]
        expected = [[first, *rest] for first, rest in zip(turbo, own, strict=True)] if preset == "fast" else own
        assert [chain("high"), chain("low")] == expected


def test_the_terminal_says_how_a_row_is_written() -> None:
    help = CliRunner().invoke(cli.app, ["generate", "wan_t2v", "--help"], env={"COLUMNS": "200"}).output
    assert "HIGH+LOW:STRENGTH" in help


@pytest.mark.parametrize("kind", lists.LIST_KINDS.values(), ids=lists.LIST_KINDS)
def test_every_cell_of_a_row_says_how_it_is_edited(kind: lists.ListKind) -> None:
    for name, info in kind.item.model_fields.items():
        assert isinstance(info.json_schema_extra, dict), name
        assert info.title
