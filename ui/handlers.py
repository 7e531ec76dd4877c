"""What the page's events do. Handlers submit and watch; the queue does the work.

All handlers return only the components that change. They take what components hold as it comes from the browser
(preprocess=False), except where `page.py` says otherwise.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import gradio as gr

import modes
from errors import KinoraError, NotFoundError
from events import Failed
from jobs import JobQueue, Selection
from modes import InvalidParamsError
from ui import run_card, snippets
from ui.batch import plan_card, tasks
from ui.caller import queue_for
from ui.explain import explain
from ui.form import Updates
from ui.gradio_cache import uploaded_path
from ui.layout import Widgets, example_choices, title
from ui.result import take_result

REFRESH = 1.0  # seconds between updates of the status card while nothing happens, for the elapsed time


class Handlers:
    """The handlers of one page. `queue` is the queue that all visitors share."""

    def __init__(self, queue: JobQueue, widgets: Widgets) -> None:
        self._queue = queue
        self._widgets = widgets
        self._form = widgets.form
        self._newest_watch: dict[str, object] = {}  # by session: the one watch that may still write to the page

    # The form.

    def describe(self, request: gr.Request, shown: str, *values: Any) -> Updates:
        """The line above Generate and the notes below the fields, while a person types."""
        explained = explain(queue_for(self._queue, request), modes.get(shown), self._form.values(shown, values))
        notes = self._form.annotate(shown, explained.errors, explained.hints, explained.unused)
        return {self._widgets.announcement: explained.text, **notes}

    def plan(self, request: gr.Request, shown: str, *values: Any) -> Updates:
        """Shows what a batch amounts to, and what Generate will do."""
        plan_html, generate = self._widgets.batch.plan, self._widgets.generate
        raw, batch = self._split(shown, values)
        try:
            submission = self._widgets.batch.submission(shown, raw, batch)
            if submission.batch is None and submission.tries == 1:
                return {plan_html: "", generate: gr.update(value="Generate")}
            plan = queue_for(self._queue, request).plan(submission)
        except KinoraError as error:
            return {plan_html: snippets.error_card(Failed.of(error)), generate: gr.update(value="Generate")}
        label = f"Queue {tasks(plan.tasks)}" if plan.tasks else "Generate"
        return {plan_html: plan_card(plan), generate: gr.update(value=label)}

    def switch(self, request: gr.Request, mode_id: str, shown: str, *values: Any) -> Updates:
        """Shows another mode's form. What both modes have (prompt, seed, size, LoRAs …) stays."""
        now = self._form.values(shown, values)
        return self._filled(request, mode_id, self._form.carried_over(mode_id, shown, now), shown, now)

    def fill_example(self, request: gr.Request, number: int, shown: str, *values: Any) -> Updates:
        """Fills the form with an example's values, and the mode's defaults for the rest."""
        mode = modes.get(shown)
        filled = mode.defaults(self._queue.settings.use_demo) | dict(mode.examples[number].values)
        return self._filled(request, shown, filled, shown, self._form.values(shown, values))

    def paint_on(self, shown: str, image: Any) -> Updates | dict[str, Any]:
        """Lays a newly chosen image under the mask, where the mode has one."""
        file = uploaded_path(image, self._queue.settings)  # checked in every mode, used in some
        if not self._form.has(shown, "mask"):
            return gr.skip()
        ((_, mask),) = self._form.painted
        return {mask: self._form.canvas(file)}

    def edit(self, request: gr.Request, event: gr.EventData) -> Updates:
        """Shows a task's values in its mode's form, to be changed and generated again."""
        task = queue_for(self._queue, request).task(int(event.task))
        return {self._widgets.mode_list: task.mode, **self._filled(request, task.mode, task.values)}

    # Submitting.

    def submit(self, request: gr.Request, shown: str, *values: Any) -> Updates:
        """Queues what the form says. Where a value cannot be used, says so at its field and changes nothing else."""
        return self._submit(request, shown, values, front=False)

    def submit_in_front(self, request: gr.Request, shown: str, *values: Any) -> Updates:
        """As `submit`, before everything that waits."""
        return self._submit(request, shown, values, front=True)

    def _submit(self, request: gr.Request, shown: str, values: tuple[Any, ...], front: bool) -> Updates:
        queue, widgets = queue_for(self._queue, request), self._widgets
        raw, batch = self._split(shown, values)
        explained = explain(queue, modes.get(shown), raw)
        try:
            submission = widgets.batch.submission(shown, raw, batch)
            job = queue.submit(submission, skip_bad=widgets.batch.skip_bad(batch))
        except KinoraError as error:
            errors = error.fields if isinstance(error, InvalidParamsError) else {}
            notes = self._form.annotate(shown, errors, explained.hints, explained.unused)
            return {widgets.announcement: snippets.error_card(Failed.of(error)), **notes}
        if front and not queue.caller.visitor:  # visitors wait for their turn
            queue.move_to_front(Selection(jobs=[job.id]))
        task = queue.task(queue.first_task(job.id))
        updates: Updates = {
            widgets.watched: task.id,
            widgets.remembered: task.id,
            widgets.announcement: snippets.announcement(modes.OutputSpec(**task.announced)),
            **self._form.annotate(shown, {}, explained.hints, explained.unused),
        }
        if submission.batch is not None or submission.tries > 1:
            updates[widgets.queue_page] = gr.update(job=job.id)
        return updates

    # The run and its result.

    def watch(self, task: int, request: gr.Request) -> Iterator[Updates]:
        """Shows a run until its end, or until this visitor watches another one."""
        widgets, result, session = self._widgets, self._widgets.result, request.session_hash or ""
        watch = self._newest_watch[session] = object()
        queue = queue_for(self._queue, request)
        try:
            detail = queue.task(task)
        except NotFoundError:  # none yet, or one of another home folder
            yield {widgets.status: run_card.IDLE, widgets.cancel: gr.update(interactive=False), **result.hidden()}
            return
        queue.run_for_viewer(task)
        state = run_card.RunState()
        also: Updates = {widgets.cancel: gr.update(interactive=True), **result.hidden()}
        for events in queue.updates(task, every=REFRESH):
            if self._newest_watch.get(session) is not watch:
                return
            state = state.after(events)
            left = None
            if state.end:
                detail = queue.task(task)
                also = {widgets.cancel: gr.update(interactive=False), **result.updates(detail)}
            else:
                left = queue.time_left(detail)
            clock = run_card.Clock(queue.elapsed(detail), left, queue.is_stopping(detail), queue.why_waiting)
            yield {widgets.status: run_card.card(detail, state, clock), **also}
            also = {}

    def show(self, event: gr.EventData) -> int:
        """The task that the queue's page asks to show."""
        return int(event.task)

    def cancel(self, task: int, request: gr.Request) -> None:
        """Cancels the task that is shown."""
        queue_for(self._queue, request).cancel(Selection(tasks=[task]))

    def pick(self, task: int, number: int, request: gr.Request) -> Updates:
        """Shows another one of a task's files."""
        return self._widgets.result.updates(queue_for(self._queue, request).task(task), number)

    def use(
        self, request: gr.Request, destination: str, task: int, number: int | None, shown: str, *values: Any
    ) -> Updates:
        """Puts the result that is shown into a mode's form, with the settings it was made with as far as they fit."""
        queue = queue_for(self._queue, request)
        mode_id, name, file = take_result(queue, task, number or 0, destination)
        made = queue.task(task)
        start = self._form.carried_over(mode_id, made.mode, made.values)
        filled = self._filled(request, mode_id, start | {name: str(file)}, shown, self._form.values(shown, values))
        return {self._widgets.result.use: None, self._widgets.mode_list: mode_id, **filled}

    def forget(self, request: gr.Request) -> None:
        """The visitor closed the page. The run goes on."""
        self._newest_watch.pop(request.session_hash or "", None)

    def _split(self, shown: str, values: tuple[Any, ...]) -> tuple[dict[str, Any], tuple[Any, ...]]:
        """The mode's parameters by name, and the values of the batch's fields."""
        count = len(self._form.components)
        return self._form.values(shown, values[:count]), values[count:]

    def _filled(
        self,
        request: gr.Request,
        mode_id: str,
        values: Mapping[str, Any],
        before: str | None = None,
        now: Mapping[str, Any] | None = None,
    ) -> Updates:
        """A mode's form with these values: title, announcement, examples, notes and fields; see `Form.updates`."""
        mode, widgets = modes.get(mode_id), self._widgets
        explained = explain(queue_for(self._queue, request), mode, values)
        return {
            widgets.shown: mode_id,
            widgets.title: title(mode),
            widgets.announcement: explained.text,
            widgets.examples: gr.update(choices=example_choices(mode), value=None),
            **self._form.annotate(mode_id, explained.errors, explained.hints, explained.unused),
            **self._form.updates(mode_id, values, before, now),
        }
