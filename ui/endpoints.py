"""One named, typed function per mode, for Gradio's own client and for MCP tools, made from the mode's declaration."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any, Literal

import gradio as gr
from gradio import FileData
from gradio.events import api

from errors import KinoraError
from events import Cancelled, Failed, Output
from jobs import CallerQueue, JobQueue, Submission
from modes import Mode, Parameter, lists
from modes.media_info import MEDIA
from ui.caller import queue_for
from ui.gradio_cache import publish_to_cache

AT_ONCE = 16  # calls that run at the same time; further calls wait for one of these to return


def build(queue: JobQueue, modes: Mapping[str, Mode]) -> gr.Blocks:
    """The functions of these modes. A call queues a task and waits for its end. If the caller leaves, it runs on."""
    with gr.Blocks(title="Kinora", analytics_enabled=False, delete_cache=(3600, 86400)) as functions:
        for mode in modes.values():
            api(_function(queue, mode), api_name=mode.id, concurrency_limit=AT_ONCE, concurrency_id="endpoints")
    return functions


def _function(queue: JobQueue, mode: Mode) -> Callable[..., Any]:
    parameters = mode.parameters(queue.settings.use_demo)

    def call(*positional: Any, **named: Any) -> tuple[dict[str, Any], str, int]:
        values = signature.bind(*positional, **named).arguments
        caller = queue_for(queue, values.pop("request"))
        return _made(caller, mode, {name: _value(value) for name, value in values.items() if value is not None})

    # Python wants parameters without a default first. Gradio fills in the request, which is no parameter for callers.
    ordered = sorted(parameters, key=lambda each: not _required(mode, each))
    request = inspect.Parameter("request", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=gr.Request)
    declared = [request, *(_declared(mode, each) for each in ordered)]
    signature = inspect.Signature(declared, return_annotation=tuple[FileData, str, int])
    setattr(call, "__signature__", signature)  # noqa: B010  (functions have no such attribute for type checkers)
    call.__annotations__ = {each.name: each.annotation for each in signature.parameters.values()}
    call.__annotations__["return"] = signature.return_annotation
    call.__name__ = mode.id
    helps = "\n".join(f"    {each.name}: {_help(each)}" for each in ordered)
    call.__doc__ = f"{mode.summary} Waits for the file; returns it, its seed and its task's id.\n\nArgs:\n{helps}"
    return call


def _made(queue: CallerQueue, mode: Mode, values: dict[str, Any]) -> tuple[dict[str, Any], str, int]:
    """The file that these values make, its seed and its task's id. Raises gr.Error with a sentence."""
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
        raise gr.Error("The task was cancelled.", print_exception=False)
    file = FileData(path=publish_to_cache(last.files[0], queue.settings), orig_name=last.files[0].name)
    return file.model_dump(), queue.task(task).seed, task


def _value(value: Any) -> Any:
    """An uploaded file as its path. Submitting checks that the caller may use it."""
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
        kind = Literal[parameter.choices]  # pyright: ignore[reportInvalidTypeForm]  the choices are known here only
    default: Any = inspect.Parameter.empty
    if not _required(mode, parameter):
        kind, default = kind | None, None if parameter.widget in lists.LIST_KINDS else parameter.default
    return inspect.Parameter(parameter.name, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=default, annotation=kind)


def _required(mode: Mode, parameter: Parameter) -> bool:
    return mode.params.model_fields[parameter.name].is_required() or parameter.name == "prompt"


def _help(parameter: Parameter) -> str:
    unit = f" In {parameter.unit}." if parameter.unit else ""
    return f"{parameter.help}{unit}"
