"""Parameters that are lists: what one row of each kind has, and how a terminal or a table writes it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from constants import MAX_PROMPT, MAX_SEED
from file_names import check_model_name

CellKind = Literal["file", "number", "switch", "prompt"]


def cell(default: Any, label: str, kind: CellKind, **limits: Any) -> Any:
    """A field of a row; `limits` are pydantic's."""
    return Field(default, title=label, json_schema_extra={"cell": kind}, **limits)


def strength_cell() -> Any:
    return cell(1.0, "Strength", "number", ge=-2, le=2, allow_inf_nan=False)


class Row(BaseModel):
    """One entry of a list. `from_text` is what it is written as where there are no columns."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @classmethod
    def from_text(cls, text: str) -> dict[str, Any]:
        raise NotImplementedError

    @model_validator(mode="before")
    @classmethod
    def _written(cls, value: Any) -> Any:
        if isinstance(value, str):
            return cls.from_text(value)
        # A form's empty cell says nothing.
        return {name: each for name, each in value.items() if each != ""} if isinstance(value, Mapping) else value


def _checked(file: str) -> str:
    if file:  # else there is none, which each list allows or not
        check_model_name(file)
    return file


FileName = Annotated[str, AfterValidator(_checked)]
"""The name of a file in the folder loras, or below it."""


class Lora(Row):
    """One LoRA of a person's choice. `strength` 1 is as it was trained, negative turns it around."""

    file: FileName = cell(..., "File", "file", min_length=1)
    strength: float = strength_cell()
    on: bool = cell(True, "On", "switch")

    @classmethod
    def from_text(cls, text: str) -> dict[str, Any]:
        return _with_strength(text, lambda file: {"file": file})


class LoraPair(Row):
    """The same LoRA for two experts; either may be left out."""

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


class Segment(Row):
    """One segment of a long video. What is left out is as the mode has it for all segments."""

    prompt: str = cell(..., "Segment", "prompt", min_length=1, max_length=MAX_PROMPT)
    seconds: float | None = cell(None, "Seconds", "number", ge=0.2, le=40, allow_inf_nan=False)
    seed: int | None = cell(None, "Seed", "number", ge=0, le=MAX_SEED)

    @classmethod
    def from_text(cls, text: str) -> dict[str, Any]:
        seconds, _, prompt = text.partition(":")
        timed = re.fullmatch(r"\s*\d+(\.\d+)?\s*", seconds) and prompt.strip()
        return {"seconds": seconds, "prompt": prompt.strip()} if timed else {"prompt": text.strip()}


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of list: its row, the words under which a row is added, and how one is written as text."""

    row: type[Row]
    add: str
    text: str


KINDS: Mapping[str, Kind] = {
    "loras": Kind(Lora, "Add a LoRA", "FILE or FILE:STRENGTH"),
    "lora_pairs": Kind(LoraPair, "Add a pair of LoRAs", "HIGH+LOW or HIGH+LOW:STRENGTH"),
    "stages": Kind(Segment, "Add a segment", "PROMPT or SECONDS:PROMPT"),
}
"""By widget."""


def _with_strength(text: str, files: Any) -> dict[str, Any]:
    """`FILES:STRENGTH`, or `FILES` alone."""
    before, colon, strength = text.rpartition(":")
    return {**files(before), "strength": strength} if colon else files(text)
