"""Turns pydantic's errors about values into sentences that name the field by its label."""

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails, PydanticCustomError

from errors import KinoraError


class InvalidParamsError(KinoraError):
    """Raised for values that cannot be used. `fields` maps each wrong field to one sentence."""

    kind = "invalid"

    def __init__(self, fields: Mapping[str, str]) -> None:
        super().__init__(" ".join(fields.values()), "Change it and try again.")
        self.fields = dict(fields)


def declared(info: FieldInfo) -> dict[str, Any]:
    """Returns what `modes.params.param` declared about a parameter in addition to pydantic's own declarations."""
    assert isinstance(info.json_schema_extra, dict), f"{info.title} is not declared with param()"
    return info.json_schema_extra


def sentences(params: type[BaseModel], errors: Iterable[ErrorDetails]) -> dict[str, str]:
    """Returns the first error of each field as a sentence. For a list parameter, it begins with the item's number."""
    found: dict[str, str] = {}
    for error in errors:
        loc = error["loc"] or (error.get("ctx", {}).get("field", ""),)
        name = str(loc[0])
        if name not in found:
            info = params.model_fields.get(name)
            label = info.title if info and info.title else name
            item = ""
            if len(loc) > 1 and isinstance(loc[1], int):
                label = f"{label}, item {loc[1] + 1}"
                if len(loc) > 2:
                    item, label = f"{label}: ", str(loc[2])
            found[name] = item + _sentence(label, info, error)
    return found


def _sentence(label: str, info: FieldInfo | None, error: ErrorDetails) -> str:
    context = error.get("ctx", {})
    unit = str(declared(info)["unit"]) if info else ""
    unit = f" {unit}" if unit else ""
    match error["type"]:
        case "greater_than_equal":
            return f"{label} must be at least {_number(context['ge'])}{unit}."
        case "greater_than":
            return f"{label} must be more than {_number(context['gt'])}{unit}."
        case "less_than_equal":
            return f"{label} must be at most {_number(context['le'])}{unit}."
        case "string_too_short":
            return f"{label} is empty."
        case "too_short":
            return f"{label}: add at least {context['min_length']}."
        case "too_long":
            return f"{label}: at most {context['max_length']} are allowed, not {context['actual_length']}."
        case "missing":
            return f"{label} is missing."
        case "string_too_long":
            return f"{label} is longer than {context['max_length']:,} characters."
        case "literal_error":
            return f"{label} must be one of {context['expected'].replace(chr(39), '')}."
        case "extra_forbidden":
            return f"There is no parameter named {label}."
        case "int_from_float" | "int_parsing" | "int_type" | "int_parsing_size":
            return f"{label} must be a whole number, not {_shown(error['input'])}."
        case "float_parsing" | "float_type" | "finite_number":
            return f"{label} must be a number, not {_shown(error['input'])}."
        case "bool_parsing" | "bool_type":
            return f"{label} must be on or off, not {_shown(error['input'])}."
        case "value_error":
            return f"{label}: {context['error']}."
        case "at_field":
            return error["msg"]
        case _:
            return f"{label}: {error['msg']}."


def at_field(field: str, sentence: str) -> PydanticCustomError:
    """Returns an error that a validator of several fields can raise, so that the sentence is shown at this field."""
    return PydanticCustomError("at_field", "{sentence}", {"field": field, "sentence": sentence})


def _number(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:g}"


def _shown(value: Any) -> str:
    text = str(value)
    return f"“{text[:40]}…”" if len(text) > 40 else f"“{text}”"
