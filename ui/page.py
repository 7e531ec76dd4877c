"""The page: `layout.py` has its components, `handlers.py` what happens; here each event meets its handler."""

from typing import Any

import gradio as gr

from jobs import JobQueue
from ui.gradio_compat import make_blocks
from ui.handlers import Handlers
from ui.layout import Widgets, lay_out

# Nothing on the page is an endpoint for programs, and Gradio shows no progress of its own.
QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
# Handlers that only work out what the form shows: they answer at once and get what components hold as it is.
QUICK: dict[str, Any] = {"queue": False, "preprocess": False, **QUIET}


def build(queue: JobQueue) -> gr.Blocks:
    """The whole page. `queue` is the queue that all visitors share."""
    with make_blocks(title="Kinora", analytics_enabled=False, fill_width=True, delete_cache=(3600, 86400)) as page:
        widgets = lay_out(queue)
        handlers = Handlers(queue, widgets)
        _wire_form(page, widgets, handlers)
        _wire_runs(page, widgets, handlers)
    return page


def _wire_form(page: gr.Blocks, widgets: Widgets, handlers: Handlers) -> None:
    """Events that change the form, or what it says about its values."""
    form, batch, result = widgets.form, widgets.batch, widgets.result
    fields = [widgets.shown, *form.components]
    edits: list[Any] = [widgets.announcement.edit, *form.choices]
    described = [widgets.announcement, *form.notes]
    filled = [widgets.shown, widgets.title, widgets.announcement, widgets.examples, *form.parts]
    last: dict[str, Any] = {"trigger_mode": "always_last"}

    gr.on([page.load, *edits], handlers.describe, fields, described, **last, **QUICK)
    gr.on(
        [*batch.changes, *edits],
        handlers.plan,
        [*fields, *batch.components],
        [batch.plan, widgets.generate],
        preprocess=False,
        **last,
        **QUIET,
    )
    widgets.mode_list.select(handlers.switch, [widgets.mode_list, *fields], filled, **last, **QUICK)
    widgets.examples.input(handlers.fill_example, [widgets.examples, *fields], filled, **QUICK)
    for image, mask in form.painted:
        gr.on(getattr(image, "input", None), handlers.paint_on, [widgets.shown, image], mask, **QUICK)
    result.use.input(
        handlers.use,
        [result.use, widgets.watched, result.chosen, *fields],
        [result.use, widgets.mode_list, *filled],
        preprocess=False,
        **QUIET,
    )
    widgets.queue_page.edit(handlers.edit, None, [widgets.mode_list, *filled], trigger_mode="multiple", **QUIET)


def _wire_runs(page: gr.Blocks, widgets: Widgets, handlers: Handlers) -> None:
    """Events that start, show and cancel runs."""
    form, result = widgets.form, widgets.result
    everything = [widgets.shown, *form.components, *widgets.batch.components]
    submitted = [widgets.watched, widgets.remembered, widgets.announcement, widgets.queue_page, *form.notes]
    many: dict[str, Any] = {"concurrency_limit": None, **QUIET}
    widgets.generate.click(handlers.submit, everything, submitted, preprocess=False, **many)
    widgets.announcement.submit(handlers.submit_in_front, everything, submitted, preprocess=False, **many)

    run = [widgets.status, widgets.cancel, *result.components]
    watching: dict[str, Any] = {"trigger_mode": "multiple", **many}
    page.load(lambda task: task, widgets.remembered, widgets.watched, **many)
    widgets.watched.change(handlers.watch, widgets.watched, run, **watching)
    asked = widgets.queue_page.select(handlers.show, None, widgets.watched, trigger_mode="multiple", **QUIET)
    asked.then(handlers.watch, widgets.watched, run, **watching)  # a task that is watched already may run again
    widgets.cancel.click(handlers.cancel, widgets.watched, None, queue=False, **QUIET)
    result.chosen.input(handlers.pick, [widgets.watched, result.chosen], result.components, **QUIET)
    page.unload(handlers.forget)
