"""The page: a sidebar of modes, the form, the result. Handlers only submit and watch; the queue does the work."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

import gradio as gr

import modes
from errors import BatchError, InvalidInputError, KinoraError, NotFoundError
from events import Failed
from jobs import CallerQueue, JobQueue, Selection
from modes import InvalidParamsError, Mode
from ui import run_card
from ui.batch import BatchForm, plan_card
from ui.files import given
from ui.form import Form
from ui.quick_updates import Blocks
from ui.result import Result, used
from ui.sidebar import sidebar
from ui.visitor import of_visitor

REFRESH = 1.0  # seconds between updates while nothing happens: elapsed time goes on
QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}

DEMO_LINE = (
    "These are demo models: the real nodes with tiny weights. LTX-2.3's know balls, cubes and pyramids in eight "
    "colours, how they move, and four sounds; pictures and sounds you give are followed. For real clips run Kinora on "
    "a machine with a GPU; it downloads the real models when they are needed."
)
FILLED = 4  # what `_filled` returns before the notes, cells and components


def build(queue: JobQueue) -> gr.Blocks:
    """The whole page. `queue` is the queue that all visitors share."""
    with Blocks(title="Kinora", analytics_enabled=False, fill_width=True, delete_cache=(3600, 86400)) as page:
        _header(queue)
        watched = gr.State(0)  # the task that is shown; 0 for none
        remembered = gr.BrowserState(0, storage_key="kinora-task")
        first = next(iter(modes.MODES.values()))
        shown = gr.State(first.id)  # the mode whose form is shown
        with gr.Row(elem_id="k-main", equal_height=False):
            with gr.Column(elem_id="k-modes", min_width=160):
                gr.HTML(sidebar(modes.MODES.values()), elem_id="k-sidebar")
                chosen = gr.Textbox(elem_id="k-mode", elem_classes="k-hidden", show_label=False)
            with gr.Column(elem_id="k-form", min_width=320):
                title = gr.HTML(_title(first), elem_id="k-title")
                examples = gr.Radio(_example_choices(first), label="Examples", elem_id="examples")
                form = Form(list(modes.MODES.values()), queue.settings)
                batch = BatchForm(visible=not queue.settings.zerogpu)
                with gr.Column(elem_id="k-bar"):
                    announcement = gr.HTML(elem_id="announcement")
                    with gr.Row():
                        generate = gr.Button("Generate", variant="primary", elem_id="generate", scale=3)
                        cancel = gr.Button("Cancel", elem_id="cancel", scale=1, interactive=False)
                        # For the keyboard and for the queue's page: see keys.js.
                        in_front = gr.Button("Generate in front", elem_id="generate-front", elem_classes="k-hidden")
                        touched = gr.Textbox(elem_id="k-touched", elem_classes="k-hidden", show_label=False)
                        edited = gr.Textbox(elem_id="k-edit", elem_classes="k-hidden", show_label=False)
                        asked = gr.Textbox(elem_id="k-show", elem_classes="k-hidden", show_label=False)
            with gr.Column(elem_id="k-result", min_width=320):
                result = Result()
                card = gr.HTML(run_card.IDLE, elem_id="status")
        gr.HTML('<k-queue id="k-queue"></k-queue>', elem_id="queue-room")

        handlers = _Handlers(queue, form, batch, result)
        fields = [shown, *form.components]
        everything = [*fields, *batch.components]
        gr.on(
            [page.load, touched.change, *form.choices],
            handlers.describe,
            fields,
            [announcement, *form.notes],
            queue=False,
            preprocess=False,
            trigger_mode="always_last",
            **QUIET,
        )
        gr.on(
            [*(field.change for field in batch.components), touched.change, *form.choices],
            handlers.plan,
            everything,
            [batch.plan, generate],
            preprocess=False,
            trigger_mode="always_last",
            **QUIET,
        )
        filled = [shown, title, announcement, examples, *form.notes, *form.cells, *form.components]
        quick: dict[str, Any] = {"queue": False, "preprocess": False, **QUIET}
        chosen.change(handlers.switch, [chosen, *fields], filled, **quick)
        for image, mask in form.painted:
            image.input(handlers.paint_on, [shown, image], mask, **quick)  # type: ignore[attr-defined]
        examples.input(handlers.fill_example, [examples, *fields], filled, **quick)
        result.use.input(
            handlers.use,
            [result.use, watched, result.chosen, *fields],
            [result.use, *filled],
            preprocess=False,
            **QUIET,
        )
        result.chosen.input(handlers.pick, [watched, result.chosen], result.components, **QUIET)
        edited.change(handlers.edit, edited, [edited, *filled], preprocess=False, **QUIET)
        for button, submit in ((generate, handlers.submit), (in_front, handlers.submit_in_front)):
            button.click(
                submit,
                everything,
                [watched, remembered, announcement, batch.submitted, *form.notes],
                concurrency_limit=None,
                preprocess=False,
                **QUIET,
            )
        show_job = "(job) => { if (job) location.hash = `#queue?job=${job}`; }"
        batch.submitted.change(None, batch.submitted, None, js=show_job, **QUIET)
        page.load(lambda task: task, remembered, watched, concurrency_limit=None, **QUIET)
        watching: dict[str, Any] = {"concurrency_limit": None, "trigger_mode": "multiple", **QUIET}
        shown_now = [card, cancel, *result.components]
        watched.change(handlers.watch, watched, shown_now, **watching)
        show = asked.change(lambda task: int(task.partition(" ")[0]), asked, watched, **QUIET)
        show.then(handlers.watch, watched, shown_now, **watching)  # the task that is watched already may run again
        cancel.click(handlers.cancel, watched, None, queue=False, **QUIET)
        page.unload(handlers.forget)
    return page


def _header(queue: JobQueue) -> None:
    with gr.Row(elem_id="k-header"):
        gr.HTML("<h1>Kinora</h1>")
        gr.HTML(
            '<nav id="k-nav" aria-label="Rooms"><a href="#create">Create</a>'
            '<a href="#queue">Queue <span id="k-nav-count"></span></a></nav>'
        )
        gr.HTML('<k-engine class="k-pill" role="status"></k-engine>', elem_id="engine")  # static/engine.js
    if queue.settings.use_demo:
        gr.HTML(f'<p class="k-demo">{DEMO_LINE}</p>', elem_id="demo")
    if queue.notice:
        gr.HTML(run_card.warning(queue.notice), elem_id="notice")


def _title(mode: Mode) -> str:
    mask = " data-mask" if "mask" in mode.params.model_fields else ""
    return f'<h2 data-shown="{mode.id}"{mask}>{mode.label}</h2><p>{mode.summary}</p>'


def _example_choices(mode: Mode) -> list[tuple[str, int]]:
    return [(example.label, number) for number, example in enumerate(mode.examples)]


class _Handlers:
    """What the page's events do."""

    def __init__(self, queue: JobQueue, form: Form, batch: BatchForm, result: Result) -> None:
        self._shared_queue = queue
        self._form = form
        self._batch = batch
        self._result = result
        self._newest_watch: dict[str, object] = {}  # session -> the one watch that may still write to the page

    @property
    def _queue(self) -> CallerQueue:
        """The queue as the visitor sees it whose event is handled now."""
        return of_visitor(self._shared_queue)

    def describe(self, shown: str, *values: Any) -> list[Any]:
        """The line over Generate and the notes under the fields, while a person types."""
        explained = self._explain(modes.get(shown), self._form.values(shown, values))
        return [explained.text, *self._form.annotate(shown, explained.errors, explained.hints, explained.unused)]

    def plan(self, shown: str, *values: Any) -> list[Any]:
        """What a batch would come to, and what Generate will do then."""
        raw, batch = self._split(shown, values)
        try:
            submission = self._batch.submission(shown, raw, batch)
            if submission.batch is None and submission.tries == 1:
                return ["", gr.update(value="Generate")]
            plan = self._queue.plan(submission)
        except KinoraError as error:
            return [run_card.error_card(Failed.of(error)), gr.update(value="Generate")]
        return [plan_card(plan), gr.update(value=f"Queue {plan.tasks:,} clips" if plan.tasks else "Generate")]

    def switch(self, chosen: str, shown: str, *values: Any) -> list[Any]:
        """Shows another mode's form; what both have (prompt, seed, size, LoRAs …) stays.

        `chosen` is the mode and, so that the same one again is a change too, the moment (see modes.js).
        """
        mode_id = chosen.partition(" ")[0]
        now = self._form.values(shown, values)
        return self._filled(mode_id, self._form.show(mode_id, shown, now), shown, now)

    def fill_example(self, number: int, shown: str, *values: Any) -> list[Any]:
        """An example's values, and the mode's defaults for the rest."""
        mode = modes.get(shown)
        filled = mode.defaults(self._queue.settings.use_demo) | dict(mode.examples[number].values)
        return self._filled(shown, filled, shown, self._form.values(shown, values))

    def use(self, place: str, task: int, number: int | None, shown: str, *values: Any) -> list[Any]:
        """Takes the result shown over into a mode's form, with those of the settings it was made with that fit."""
        mode_id, name, file = used(self._queue, task, number or 0, place)
        made = self._queue.task(task)
        start = self._form.show(mode_id, made.mode, made.values)
        now = self._form.values(shown, values)
        return [None, *self._filled(mode_id, start | {name: str(file)}, shown, now)]

    def paint_on(self, shown: str, image: Any) -> Any:
        """A person gave another image: it is what a mask is painted on."""
        file = given(image, self._queue.settings)
        return self._form.canvas(file) if self._form.has(shown, "mask") else gr.skip()

    def pick(self, task: int, number: int) -> list[Any]:
        """Shows another one of several files."""
        return self._result.updates(self._queue.task(task), number)

    def edit(self, task: str) -> list[Any]:
        """A task's values in its mode's form, to be changed and generated again."""
        if not task:
            return [gr.skip()] * (
                1 + FILLED + len(self._form.notes) + len(self._form.cells) + len(self._form.components)
            )
        detail = self._queue.task(int(task))
        return ["", *self._filled(detail.mode, detail.values)]

    def submit(self, shown: str, *values: Any) -> list[Any]:
        """Queues what the form says; where a value cannot be used, says so at its field and leaves all as it is."""
        return self._submit(shown, values, front=False)

    def submit_in_front(self, shown: str, *values: Any) -> list[Any]:
        """As `submit`, before everything that waits."""
        return self._submit(shown, values, front=True)

    def watch(self, task: int, request: gr.Request) -> Iterator[list[Any]]:
        """Shows a run until its end, or until this visitor watches another one."""
        watch = self._newest_watch[request.session_hash or ""] = object()
        queue = self._queue
        try:
            detail = queue.task(task)
        except NotFoundError:  # none yet, or of another data folder
            yield [run_card.IDLE, gr.update(interactive=False), *self._result.hidden()]
            return
        queue.run_for_viewer(task)
        view, rest = run_card.View(), [gr.update(interactive=True), *self._result.hidden()]
        for events in queue.updates(task, every=REFRESH):
            if self._newest_watch.get(request.session_hash or "") is not watch:
                return
            view = view.after(events)
            if view.end:
                detail = queue.task(task)
            left = None if view.end else queue.time_left(detail, view.phase, view.phase_since)
            now = run_card.Moment(queue.elapsed(detail), left, queue.is_stopping(detail), queue.blocked_reason)
            if view.end:
                rest = [gr.update(interactive=False), *self._result.updates(detail)]
            yield [run_card.card(detail, view, now), *rest]
            rest = [gr.skip()] * len(rest)

    def cancel(self, task: int) -> None:
        self._queue.cancel(Selection(tasks=[task]))

    def forget(self, request: gr.Request) -> None:
        """The visitor's page is gone; the run goes on."""
        self._newest_watch.pop(request.session_hash or "", None)

    def _submit(self, shown: str, values: tuple[Any, ...], front: bool) -> list[Any]:
        raw, batch = self._split(shown, values)
        explained = self._explain(modes.get(shown), raw)
        try:
            submission = self._batch.submission(shown, raw, batch)
            job = self._queue.submit(submission, skip_bad=self._batch.leave_out_bad(batch))
        except (KinoraError, BatchError) as error:
            fields = error.fields if isinstance(error, InvalidParamsError) else {}
            notes = self._form.annotate(shown, fields, explained.hints, explained.unused)
            return [gr.skip(), gr.skip(), run_card.error_card(Failed.of(error)), gr.skip(), *notes]
        if front and not self._queue.caller.visitor:  # a visitor's turn comes when it comes
            self._queue.move_to_front(Selection(jobs=[job.id]))
        notes = self._form.annotate(shown, {}, explained.hints, explained.unused)
        task = self._queue.task(self._queue.first_task(job.id))
        text = run_card.announcement(modes.OutputSpec(**task.announced))
        many = submission.batch is not None or submission.tries > 1
        return [task.id, task.id, text, str(job.id) if many else gr.skip(), *notes]

    def _split(self, shown: str, values: tuple[Any, ...]) -> tuple[dict[str, Any], tuple[Any, ...]]:
        """The mode's parameters by name, and the batch's fields."""
        count = len(self._form.components)
        return self._form.values(shown, values[:count]), values[count:]

    def _filled(
        self, mode_id: str, values: Mapping[str, Any], before: str | None = None, now: Mapping[str, Any] | None = None
    ) -> list[Any]:
        """A mode with these values: its title, announcement, examples, notes and fields; see `Form.updates`."""
        mode = modes.get(mode_id)
        explained = self._explain(mode, values)
        examples = gr.update(choices=_example_choices(mode), value=None)
        notes = self._form.annotate(mode_id, explained.errors, explained.hints, explained.unused)
        return [
            mode_id,
            _title(mode),
            explained.text,
            examples,
            *notes,
            *self._form.updates(mode_id, values, before, now),
        ]

    def _explain(self, mode: Mode, raw: Mapping[str, Any]) -> "_Explanation":
        """What these values would make, or what is wrong with them."""
        presets = {preset.id: preset.summary for preset in mode.presets}
        hints = {"preset": presets[raw["preset"]]} if raw.get("preset") in presets else {}
        unused = {name for name in mode.unused(raw) if not raw.get(name)}
        try:
            # An empty prompt changes no number, and is no error before Generate.
            prompt = {"prompt": raw["prompt"] or "…"} if "prompt" in raw else {}
            params = mode.validate({**raw, **prompt}, self._queue.settings)
        except InvalidParamsError as error:
            # What is only not filled in yet is no error before Generate, but there is nothing to announce either.
            wrong = {name: text for name, text in error.fields.items() if raw.get(name) not in (None, "", [])}
            return _Explanation("" if wrong else run_card.waiting_for(error.fields), hints, wrong, unused)
        announced = params.output_spec()
        try:
            text = run_card.announcement(announced, self._queue.to_download(mode, params))
        except InvalidInputError as error:  # a graph of one's own names what is no model file
            text = escape(error.message)
        return _Explanation(text, hints | dict(announced.notes), {}, unused)


@dataclass(frozen=True, slots=True)
class _Explanation:
    """The line over Generate, and by field what to know or what is wrong."""

    text: str
    hints: dict[str, str]
    errors: dict[str, str]
    unused: set[str]
