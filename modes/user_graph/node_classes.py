"""Reads `nodes.tsv`: which of ComfyUI's node classes a user's graph may use, and which of their inputs name files.

tools/allow_nodes.py writes the table, and contains the rules and the reasons for them.
"""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

TABLE = Path(__file__).with_name("nodes.tsv")
COLUMNS = ("class", "refused", "media", "models", "saves")


@dataclass(frozen=True, slots=True)
class NodeClass:
    """One of ComfyUI's own node classes.

    `refused` says why a user's graph may not contain it, and is "" if it may. `media` maps each input that names a file
    to load to the kind of that file ("image", "audio", "video"). `models` are the inputs that name a model file. A
    class that `saves` writes a result under the name in its input `filename_prefix`.
    """

    refused: str = ""
    media: Mapping[str, str] = field(default_factory=dict)
    models: tuple[str, ...] = ()
    saves: bool = False


@cache
def known() -> Mapping[str, NodeClass]:
    """Returns every class in the table, by name."""
    with TABLE.open(encoding="utf-8", newline="") as lines:
        return {
            row["class"]: NodeClass(
                refused=row["refused"],
                media=dict(each.split(":") for each in row["media"].split()),
                models=tuple(row["models"].split()),
                saves=bool(row["saves"]),
            )
            for row in csv.DictReader(lines, delimiter="\t")
        }


def text(classes: Mapping[str, NodeClass]) -> str:
    """Returns the text of the table that `known` reads, sorted by name."""
    rows = (_row(name, classes[name]) for name in sorted(classes))
    return "".join("\t".join(each) + "\n" for each in (COLUMNS, *rows))


def _row(name: str, node: NodeClass) -> Iterable[str]:
    media = " ".join(f"{name}:{kind}" for name, kind in node.media.items())
    return name, node.refused, media, " ".join(node.models), "yes" if node.saves else ""
