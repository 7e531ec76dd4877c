"""Command line options from a mode's declaration. Values stay text, so that there is one validation for all callers."""

import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from errors import InvalidInputError
from jobs.submit.reading import read_text
from modes import Mode, Parameter, lists

MAX_GRAPH_BYTES = 4_000_000


def command(mode: Mode, run: Callable[..., None], extra: list[inspect.Parameter]) -> Callable[..., None]:
    """A command for a mode. It calls `run(mode, values, **others)`; `others` are the values of the `extra` options."""
    names = [option.name for option in extra]

    def called(**given: Any) -> None:
        others = {name: given.pop(name) for name in names}
        run(mode, _absolute(mode, given), **others)

    options = [
        _option(real, demo.default) for real, demo in zip(mode.parameters(), mode.parameters(demo=True), strict=True)
    ]
    called.__dict__["__signature__"] = inspect.Signature([*options, *extra])
    called.__doc__ = mode.summary
    return called


def option(name: str, default: Any, kind: Any, *flags: str, help: str, **limits: Any) -> inspect.Parameter:
    """An option for the `extra` of `command`; `limits` are passed to Typer."""
    annotation = Annotated[kind, typer.Option(*flags, help=help, show_default=False, **limits)]
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def written_values(mode: Mode, values: Mapping[str, Any]) -> dict[str, Any]:
    """The options that were given, with the text of a graph's file instead of its path.

    Raises InvalidInputError where that file cannot be read.
    """
    written = {name: value for name, value in values.items() if value not in (None, [])}
    graphs = [each.name for each in mode.parameters() if each.widget == "graph" and each.name in written]
    return written | {name: _graph(name, written[name]) for name in graphs}


def _option(parameter: Parameter, demo_default: Any) -> inspect.Parameter:
    name = "--" + parameter.name.replace("_", "-")
    notes = ["A file with a graph in ComfyUI's API format." if parameter.widget == "graph" else parameter.help]
    if parameter.choices:
        notes.append(f"One of {', '.join(map(str, parameter.choices))}.")
    names: list[str] = [name]
    kind: Any = str | None
    if parameter.widget in lists.LIST_KINDS:
        kind = list[str] | None
        notes.append(f"{lists.LIST_KINDS[parameter.widget].text}; can be repeated.")
    elif isinstance(parameter.default, bool):
        kind, names = bool | None, [f"{name}/--no-{name[2:]}"]
    if parameter.default not in (None, "", ()):
        on_demo = f" ({demo_default} on demo models)" if demo_default != parameter.default else ""
        notes.append(f"Default: {parameter.default}{parameter.unit and ' ' + parameter.unit}{on_demo}.")
    return option(parameter.name, None, kind, *names, help=" ".join(notes))


def _graph(name: str, value: str) -> str:
    """The text of a graph's file; a value that begins like JSON is the graph itself."""
    if value.lstrip().startswith("{"):
        return value
    try:
        return read_text(Path(value).expanduser(), MAX_GRAPH_BYTES)
    except InvalidInputError as error:
        raise InvalidInputError(error.message, name) from None


def _absolute(mode: Mode, values: Mapping[str, Any]) -> dict[str, Any]:
    """Values with absolute paths, because the process that runs the task may have another working directory."""
    media = {each.name for each in mode.media}
    return {
        name: str(Path(value).expanduser().absolute()) if name in media and value else value
        for name, value in values.items()
    }
