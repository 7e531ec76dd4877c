"""The page: a sidebar of modes, the form, the result. Handlers only submit and watch; the queue does the work."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import gradio as gr

import modes
from errors import InvalidInputError, KinoraError
from events import Failed
from jobs import Job, Jobs
from media import Staging
from modes import InvalidParamsError, Mode
from ui import status
from ui.form import Form

REFRESH = 1.0  # seconds between updates while nothing happens: elapsed time goes on
QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}

DEMO_LINE = (
    "These are demo models: the real nodes with tiny made-up weights. Pictures and sounds you give are followed, "
    "nothing new is invented. For real clips run Kinora on a machine with a GPU; "
    "it downloads the real models when they are needed."
)
LAST_FRAME, CLIP = "the last frame", "the clip"


def build(jobs: Jobs) -> gr.Blocks:
    """The whole page. `jobs` is the queue that all visitors share."""
    with gr.Blocks(title="Kinora", analytics_enabled=False, fill_width=True, delete_cache=(3600, 86400)) as page:
        _header(jobs)
        running = gr.State("")
        remembered = gr.BrowserState("", storage_key="kinora-run")
        first = next(iter(modes.MODES.values()))
        shown = gr.State(first.id)  # the mode whose form is shown
        with gr.Row(elem_id="k-main", equal_height=False):
            with gr.Column(elem_id="k-modes", min_width=160):
                choices = [(each.label, each.id) for each in modes.MODES.values()]
                chosen = gr.Radio(choices, value=first.id, label=first.group, elem_id="mode-list")
            with gr.Column(elem_id="k-form", min_width=320):
                title = gr.HTML(_title(first), elem_id="k-title")
                examples = gr.Radio(_example_choices(first), label="Examples", elem_id="examples")
                form = Form(list(modes.MODES.values()), jobs.settings.use_demo, jobs.models.available("loras"))
                with gr.Column(elem_id="k-bar"):
                    announcement = gr.HTML(elem_id="announcement")
                    with gr.Row():
                        generate = gr.Button("Generate", variant="primary", elem_id="generate", scale=3)
                        cancel = gr.Button("Cancel", elem_id="cancel", scale=1, interactive=False)
            with gr.Column(elem_id="k-result", min_width=320):
                video = gr.Video(visible=False, show_label=False, autoplay=True, loop=True, buttons=[], elem_id="video")
                with gr.Row(elem_id="k-after", visible=False) as after:
                    facts = gr.HTML(elem_id="facts")
                    use = gr.Dropdown(_uses(), value=None, label="Use as input", elem_id="use", scale=0, min_width=220)
                    download = gr.DownloadButton("Download", elem_id="download", scale=0, min_width=120)
                card = gr.HTML(status.IDLE, elem_id="status")

        handlers = _Handlers(jobs, form)
        fields = [shown, *form.components]
        gr.on(
            [page.load, *(field.change for field in form.components)],
            handlers.describe,
            fields,
            [announcement, *form.notes],
            queue=False,
            preprocess=False,
            trigger_mode="always_last",
            **QUIET,
        )
        filled = [shown, title, announcement, examples, *form.notes, *form.cells, *form.components]
        quick: dict[str, Any] = {"queue": False, "preprocess": False, **QUIET}
        chosen.input(handlers.switch, [chosen, *fields], filled, **quick)
        examples.input(handlers.fill_example, [examples, *fields], filled, **quick)
        use.input(handlers.use, [use, running, *fields], [chosen, use, *filled], preprocess=False, **QUIET)
        generate.click(
            handlers.submit,
            fields,
            [running, remembered, announcement, *form.notes],
            concurrency_limit=None,
            preprocess=False,
            **QUIET,
        )
        page.load(lambda run: run, remembered, running, concurrency_limit=None, **QUIET)
        running.change(
            handlers.watch,
            running,
            [card, video, after, facts, download, cancel],
            concurrency_limit=None,
            trigger_mode="multiple",
            **QUIET,
        )
        cancel.click(handlers.cancel, running, None, queue=False, **QUIET)
        page.unload(handlers.forget)
    return page


def _header(jobs: Jobs) -> None:
    with gr.Row(elem_id="k-header"):
        gr.HTML("<h1>Kinora</h1>")
        pill = gr.HTML(status.engine_pill(jobs.engine), elem_id="engine")
    if jobs.settings.use_demo:
        gr.HTML(f'<p class="k-demo">{DEMO_LINE}</p>', elem_id="demo")
    gr.Timer(REFRESH).tick(lambda: status.engine_pill(jobs.engine), None, pill, queue=False, **QUIET)


def _title(mode: Mode) -> str:
    return f"<h2>{mode.label}</h2><p>{mode.summary}</p>"


def _example_choices(mode: Mode) -> list[tuple[str, int]]:
    return [(example.label, number) for number, example in enumerate(mode.examples)]


def _uses() -> list[tuple[str, str]]:
    """Every place that a result can go to: a mode's image takes the last frame, its video the clip."""
    places = []
    for mode in modes.MODES.values():
        for each in mode.parameters():
            if each.widget in ("image", "video"):
                what = LAST_FRAME if each.widget == "image" else CLIP
                places.append((f"{mode.label}: {what} as {each.label.lower()}", f"{mode.id}/{each.name}/{each.widget}"))
    return places


class _Handlers:
    """What the page's events do."""

    def __init__(self, jobs: Jobs, form: Form) -> None:
        self._jobs = jobs
        self._form = form
        self._newest_watch: dict[str, object] = {}  # session -> the one watch that may still write to the page

    def describe(self, shown: str, *values: Any) -> list[Any]:
        """The line over Generate and the notes under the fields, while a person types."""
        explained = self._explain(modes.get(shown), self._form.values(shown, values))
        return [explained.text, *self._form.annotate(shown, explained.errors, explained.hints)]

    def switch(self, chosen: str, shown: str, *values: Any) -> list[Any]:
        """Shows another mode's form; what both have (prompt, seed, size, LoRAs …) stays."""
        return self._filled(chosen, self._form.show(chosen, shown, self._form.values(shown, values)))

    def fill_example(self, number: int, shown: str, *values: Any) -> list[Any]:
        """An example's values, and the mode's defaults for the rest."""
        mode = modes.get(shown)
        return self._filled(shown, mode.defaults(self._jobs.settings.use_demo) | dict(mode.examples[number].values))

    def use(self, place: str, job_id: str, shown: str, *values: Any) -> list[Any]:
        """Takes the result shown over into a mode's form, with the settings that fit."""
        mode_id, name, widget = place.split("/")
        clip = self._jobs.get(job_id).files[0]
        file = clip if widget == "video" else Staging(self._jobs.settings).last_frame(clip)
        start = self._form.show(mode_id, shown, self._form.values(shown, values))
        return [mode_id, None, *self._filled(mode_id, start | {name: str(file)})]

    def submit(self, shown: str, *values: Any) -> list[Any]:
        """Queues a run; where a value cannot be used, says so at its field and leaves all else as it is."""
        raw = self._form.values(shown, values)
        hints = self._explain(modes.get(shown), raw).hints
        try:
            job = self._jobs.submit(shown, raw)
        except KinoraError as error:
            fields = error.fields if isinstance(error, InvalidParamsError) else {}
            notes = self._form.annotate(shown, fields, hints)
            return [gr.skip(), gr.skip(), status.error_card(Failed.of(error)), *notes]
        return [job.id, job.id, status.announcement(job.announced), *self._form.annotate(shown, {}, hints)]

    def watch(self, job_id: str, request: gr.Request) -> Iterator[list[Any]]:
        """Shows a run until its end, or until this visitor watches another one."""
        watch = self._newest_watch[request.session_hash or ""] = object()
        try:
            job = self._jobs.get(job_id)
        except InvalidInputError:  # from before the last start of Kinora
            yield _shown(status.IDLE)
            return
        view = status.View()
        for events in self._jobs.updates(job_id, every=REFRESH):
            if self._newest_watch.get(request.session_hash or "") is not watch:
                return
            view = view.after(events)
            left = None if view.end else self._jobs.time_left(job, view.stage, view.stage_since)
            yield _shown(status.card(job, view, left, self._jobs.engine), job)

    def cancel(self, job_id: str) -> None:
        self._jobs.cancel(job_id)

    def forget(self, request: gr.Request) -> None:
        """The visitor's page is gone; the run goes on."""
        self._newest_watch.pop(request.session_hash or "", None)

    def _filled(self, mode_id: str, values: Mapping[str, Any]) -> list[Any]:
        """A mode with these values: its title, announcement, examples, notes and fields."""
        mode = modes.get(mode_id)
        explained = self._explain(mode, values)
        examples = gr.update(choices=_example_choices(mode), value=None)
        notes = self._form.annotate(mode_id, explained.errors, explained.hints)
        return [mode_id, _title(mode), explained.text, examples, *notes, *self._form.updates(mode_id, values)]

    def _explain(self, mode: Mode, raw: Mapping[str, Any]) -> "_Explanation":
        """What these values would make, or what is wrong with them."""
        presets = {preset.id: preset.summary for preset in mode.presets}
        hints = {"preset": presets[raw["preset"]]} if raw.get("preset") in presets else {}
        try:
            # An empty prompt changes no number, and is no error before Generate.
            params = mode.validate({**raw, "prompt": raw.get("prompt") or "…"}, self._jobs.settings.use_demo)
        except InvalidParamsError as error:
            # What is only not filled in yet is no error before Generate, but there is nothing to announce either.
            wrong = {name: text for name, text in error.fields.items() if raw.get(name) not in (None, "")}
            return _Explanation("" if wrong else status.waiting_for(error.fields), hints, wrong)
        announced = params.announce()
        text = status.announcement(announced, self._jobs.to_download(mode, params))
        return _Explanation(text, hints | dict(announced.notes), {})


@dataclass(frozen=True, slots=True)
class _Explanation:
    """The line over Generate, and by field what to know or what is wrong."""

    text: str
    hints: dict[str, str]
    errors: dict[str, str]


def _shown(card: str, job: Job | None = None) -> list[Any]:
    """Values for the card, the video, the row under it, the facts, the download and Cancel."""
    if job is None or job.status != "succeeded":
        busy = job is not None and not job.ended
        hidden = gr.update(visible=False)
        return [card, gr.update(visible=False, value=None), hidden, "", gr.skip(), gr.update(interactive=busy)]
    file = str(job.files[0])
    video = gr.update(visible=True, value=file)
    return [card, video, gr.update(visible=True), status.facts(job), file, gr.update(interactive=False)]
