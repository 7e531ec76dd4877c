"""Parameters that are lists: what an item of each kind has, and how a terminal or a table writes it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from constants import MAX_SEED
from safe_names import check_model_name

MAX_PROMPT = 10_000  # characters

CellKind = Literal["file", "number", "switch", "prompt"]


def cell(default: Any, label: str, kind: CellKind, **limits: Any) -> Any:
    """A field of an item; `limits` are pydantic's."""
    return Field(default, title=label, json_schema_extra={"cell": kind}, **limits)


def strength_cell() -> Any:
    return cell(1.0, "Strength", "number", ge=-2, le=2, allow_inf_nan=False)


class ListItem(BaseModel):
    """One item of a list."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @classmethod
    def from_text(cls, text: str) -> dict[str, Any]:
        """The fields of an item that is written as one text, as on the command line."""
        raise NotImplementedError

    @model_validator(mode="before")
    @classmethod
    def _from_text_or_form(cls, value: Any) -> Any:
        if isinstance(value, str):
            return cls.from_text(value)
        # An empty cell of a form stands for the default.
        return {name: each for name, each in value.items() if each != ""} if isinstance(value, Mapping) else value


def _checked(file: str) -> str:
    if file:  # an empty name means no file; each list decides whether it allows that
        check_model_name(file)
    return file


FileName = Annotated[str, AfterValidator(_checked)]
"""The name of a file in the folder loras, or below it."""


class Lora(ListItem):
    """One LoRA. At `strength` 1 it acts as it was trained; a negative strength reverses its effect."""

    file: FileName = cell(..., "File", "file", min_length=1)
    strength: float = strength_cell()
    on: bool = cell(True, "On", "switch")

    @classmethod
    def from_text(cls, text: str) -> dict[str, Any]:
        return _with_strength(text, lambda file: {"file": file})


class LoraPair(ListItem):
    """A LoRA for each of two experts; either may be left out."""

    file: FileName = cell("", "High noise", "file")
    low: FileName = cell("", "Low noise", "file")
    strength: float = strength_cell()
    on: bool = cell(True, "On", "switch")

    @classmethod
    def from_text(cls, text: str) -> dict[str, Any]:
        return _with_strength(text, lambda files: dict(zip(("file", "low"), files.partition("+")[::2], strict=True)))

    @model_validator(mode="after")
    def _has_a_file(self) -> Self:
        if not (self.file or self.low):
            raise ValueError("neither of the two files is chosen")
        return self


class Segment(ListItem):
    """One segment of a long video. What is left out is the same for all segments."""

    prompt: str = cell(..., "Segment", "prompt", min_length=1, max_length=MAX_PROMPT)
    seconds: float | None = cell(None, "Seconds", "number", ge=0.2, le=40, allow_inf_nan=False)
    seed: int | None = cell(None, "Seed", "number", ge=0, le=MAX_SEED)

    @classmethod
    def from_text(cls, text: str) -> dict[str, Any]:
        seconds, _, prompt = text.partition(":")
        timed = re.fullmatch(r"\s*\d+(\.\d+)?\s*", seconds) and prompt.strip()
        return {"seconds": seconds, "prompt": prompt.strip()} if timed else {"prompt": text.strip()}


@dataclass(frozen=True, slots=True)
class ListKind:
    """A kind of list: its items, the words on the button that adds one, and how an item is written as text."""

    item: type[ListItem]
    add: str
    text: str


LIST_KINDS: Mapping[str, ListKind] = {
    "loras": ListKind(Lora, "Add a LoRA", "FILE or FILE:STRENGTH"),
    "lora_pairs": ListKind(LoraPair, "Add a pair of LoRAs", "HIGH+LOW or HIGH+LOW:STRENGTH"),
    "stages": ListKind(Segment, "Add a segment", "PROMPT or SECONDS:PROMPT"),
}
"""By widget, the kind of list that it edits."""


def _with_strength(text: str, files: Any) -> dict[str, Any]:
    """Splits `FILES:STRENGTH`, or takes `FILES` alone."""
    before, colon, strength = text.rpartition(":")
    return {**files(before), "strength": strength} if colon else files(text)
