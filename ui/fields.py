"""The components of a form's fields, made from the declarations of parameters."""

from html import escape
from typing import Any, Literal

import gradio as gr
from gradio.components import Component

from media.mask import BRUSH
from modes import Parameter

# Pixels of an empty mask editor. A layer of another size would be centred on the canvas, not laid over the image.
CANVAS = (2048, 2048)


def field_id(parameter: Parameter) -> str:
    """The id of a field's element on the page."""
    return f"field-{parameter.name}"


def component(parameter: Parameter) -> Component:
    """The component for a parameter, to be made inside a `gr.Blocks`. Lists have an editor of their own."""
    common = {**declaration(parameter), "elem_id": field_id(parameter)}
    value = as_shown(parameter.default)
    match parameter.widget:
        case "image":
            return gr.Image(None, type="filepath", sources=["upload", "clipboard"], height=180, **common)
        case "audio":
            return gr.Audio(None, type="filepath", sources=["upload", "microphone"], buttons=["download"], **common)
        case "video":
            return gr.Video(None, sources=["upload"], height=180, **common)
        case "mask":
            brush = gr.Brush(default_size=40, colors=[BRUSH], color_mode="fixed")
            bare: dict[str, Any] = {
                "canvas_size": CANVAS,
                "sources": (),
                "transforms": (),
                "layers": False,
                "format": "png",
            }
            return gr.ImageEditor(None, type="filepath", brush=brush, height=380, **bare, **common)
        case "prompt":
            lines = 4 if parameter.name == "prompt" else 2
            return gr.Textbox(value, lines=lines, max_lines=12, **common)
        case "graph":
            return gr.Textbox(value, lines=10, max_lines=10, **common)
        case "presets":
            return gr.Radio(value=value, **common)
        case "choice":
            return gr.Dropdown(value=value, **common)
        case "switch":
            return gr.Checkbox(value, **common)
        case "number" | "seed":
            # Text: gr.Number turns an empty field into 0, and JavaScript's numbers lose digits above 2^53.
            return gr.Textbox(value, max_lines=1, **common)
    raise AssertionError(f"no component for {parameter.widget}")


def declaration(parameter: Parameter) -> dict[str, Any]:
    """What a component shows of its parameter's declaration. Modes that share a field may differ in it."""
    unit = f" ({parameter.unit})" if parameter.unit else ""
    shown: dict[str, Any] = {"label": parameter.label + unit}
    if parameter.choices:
        shown["choices"] = [(choice[:1].upper() + choice[1:], choice) for choice in parameter.choices]
    if parameter.widget in ("number", "seed"):
        shown["placeholder"] = "automatic" if parameter.optional else ""
    return shown


def as_shown(value: Any) -> Any:
    """A value as its component takes it."""
    if isinstance(value, bool):
        return value
    return None if value is None else str(value)


def is_default(value: Any, parameter: Parameter | None) -> bool:
    """Whether a field's value is the one that its parameter starts with."""
    if parameter is None:
        return False
    return value in ("", None) if parameter.default is None else str(value) == str(parameter.default)


def note(text: str, kind: Literal["", "k-wrong", "k-unused"] = "") -> str:
    """The line under a field, as HTML."""
    role = ' role="alert"' if kind == "k-wrong" else ""
    return f'<p class="{f"k-note {kind}".strip()}"{role}>{escape(text)}</p>'
