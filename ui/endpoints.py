"""One named, typed function for each mode, for Gradio's own client and for MCP tools: made from the declaration."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any, Literal

import gradio as gr
from gradio import FileData

from errors import KinoraError
from events import Cancelled, Failed, Output
from jobs import CallerQueue, JobQueue, Submission
from modes import Mode, Parameter, lists
from modes.media_info import MEDIA
from ui.files import served
from ui.visitor import of_visitor

AT_ONCE = 16  # callers that wait for their clip; more wait for one of these


def build(queue: JobQueue, modes: Mapping[str, Mode]) -> gr.Blocks:
    """A call queues a task and waits for its end; a caller who leaves stops nothing."""
    with gr.Blocks(title="Kinora", analytics_enabled=False, delete_cache=(3600, 86400)) as functions:
        for mode in modes.values():
            gr.api(_function(queue, mode), api_name=mode.id, concurrency_limit=AT_ONCE, concurrency_id="endpoints")
    return functions


def _function(queue: JobQueue, mode: Mode) -> Callable[..., Any]:
    parameters = mode.parameters(queue.settings.use_demo)

    def call(*positional: Any, **named: Any) -> tuple[dict[str, Any], str, int]:
        values = signature.bind(*positional, **named).arguments
        return _made(
            of_visitor(queue), mode, {name: _value(value) for name, value in values.items() if value is not None}
        )

    # Those without a default come first, as Python has it.
    ordered = sorted(parameters, key=lambda each: not _required(mode, each))
    signature = inspect.Signature(
        [_declared(mode, each) for each in ordered], return_annotation=tuple[FileData, str, int]
    )
    call.__signature__ = signature  # type: ignore[attr-defined]
    call.__annotations__ = {each.name: each.annotation for each in signature.parameters.values()}
    call.__annotations__["return"] = signature.return_annotation
    call.__name__ = mode.id
    helps = "\n".join(f"    {each.name}: {_help(each)}" for each in ordered)
    call.__doc__ = f"{mode.summary} Waits for the file; returns it, its seed and its task's number.\n\nArgs:\n{helps}"
    return call


def _made(queue: CallerQueue, mode: Mode, values: dict[str, Any]) -> tuple[dict[str, Any], str, int]:
    try:
        job = queue.submit(Submission(mode=mode.id, values=values))
    except KinoraError as error:
        raise gr.Error(error.words, print_exception=False) from None
    task = queue.first_task(job.id)
    queue.run_for_viewer(task)
    last = list(queue.events(task))[-1]
    if isinstance(last, Failed):
        raise gr.Error(last.words, print_exception=False)
    if isinstance(last, Cancelled) or not isinstance(last, Output):
        raise gr.Error("It was cancelled.", print_exception=False)
    file = FileData(path=served(last.files[0], queue.settings), orig_name=last.files[0].name)
    return file.model_dump(), queue.task(task).seed, task


def _value(value: Any) -> Any:
    """An uploaded file as its path; that it is one is seen to where it is submitted."""
    if isinstance(value, Mapping) and "path" in value:
        return value["path"]
    return value


def _declared(mode: Mode, parameter: Parameter) -> inspect.Parameter:
    kind: Any = (
        list[str]
        if parameter.widget in lists.LIST_KINDS
        else {"number": float, "switch": bool}.get(parameter.widget, str)
    )
    if parameter.widget in MEDIA:
        kind = FileData
    elif parameter.choices:
        kind = Literal[parameter.choices]  # type: ignore[valid-type]
    default: Any = inspect.Parameter.empty
    if not _required(mode, parameter):
        kind, default = kind | None, None if parameter.widget in lists.LIST_KINDS else parameter.default
    return inspect.Parameter(parameter.name, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=default, annotation=kind)


def _required(mode: Mode, parameter: Parameter) -> bool:
    return mode.params.model_fields[parameter.name].is_required() or parameter.name == "prompt"


def _help(parameter: Parameter) -> str:
    unit = f" In {parameter.unit}." if parameter.unit else ""
    return f"{parameter.help}{unit}"
