"""The page: a sidebar of modes, the form, the result. Handlers only submit and watch; the queue does the work."""

from collections.abc import Iterator
from typing import Any

import gradio as gr

import modes
from errors import InvalidInputError
from events import Failed
from jobs import Job, Jobs
from modes import Announcement, InvalidParamsError
from ui import status
from ui.form import Form

REFRESH = 1.0  # seconds between updates while nothing happens: elapsed time goes on
QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}

DEMO_LINE = (
    "These are demo models: real nodes, tiny random weights, so pictures are only noise. For real clips run Kinora on "
    "a machine with a GPU; there the real models are downloaded when they are first needed."
)


def build(jobs: Jobs) -> gr.Blocks:
    """The whole page. `jobs` is the queue that all visitors share."""
    with gr.Blocks(title="Kinora", analytics_enabled=False, fill_width=True, delete_cache=(3600, 86400)) as page:
        _header(jobs)
        with gr.Row(elem_id="k-main", equal_height=False):
            mode = next(iter(modes.MODES.values()))
            with gr.Column(elem_id="k-modes", min_width=160):
                choices = [(each.label, each.id) for each in modes.MODES.values()]
                gr.Radio(choices, value=mode.id, label=mode.group, elem_id="mode-list")
            with gr.Column(elem_id="k-form", min_width=320):
                gr.HTML(f"<h2>{mode.label}</h2><p>{mode.summary}</p>", elem_id="k-title")
                form = Form(mode, jobs.settings.use_demo)
                with gr.Column(elem_id="k-bar"):
                    announcement = gr.HTML(elem_id="announcement")
                    with gr.Row():
                        generate = gr.Button("Generate", variant="primary", elem_id="generate", scale=3)
                        cancel = gr.Button("Cancel", elem_id="cancel", scale=1, interactive=False)
            with gr.Column(elem_id="k-result", min_width=320):
                video = gr.Video(visible=False, show_label=False, autoplay=True, loop=True, buttons=[], elem_id="video")
                with gr.Row(elem_id="k-after", visible=False) as after:
                    facts = gr.HTML(elem_id="facts")
                    download = gr.DownloadButton("Download", elem_id="download", scale=0, min_width=120)
                card = gr.HTML(status.IDLE, elem_id="status")
        running = gr.State("")
        remembered = gr.BrowserState("", storage_key="kinora-run")
        handlers = _Handlers(jobs, form)
        fields = form.components
        gr.on(
            [page.load, *(field.change for field in fields)],
            handlers.describe,
            fields,
            [announcement, *form.notes],
            queue=False,
            trigger_mode="always_last",
            **QUIET,
        )
        submitted = [running, remembered, announcement, *form.notes]
        generate.click(handlers.submit, fields, submitted, concurrency_limit=None, **QUIET)
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


class _Handlers:
    """What the page's events do for one form."""

    def __init__(self, jobs: Jobs, form: Form) -> None:
        self._jobs = jobs
        self._form = form
        self._newest_watch: dict[str, object] = {}  # session -> the one watch that may still write to the page

    def describe(self, *values: Any) -> list[Any]:
        """What these values would make, or what is wrong with them: told while a person types."""
        raw = self._form.values(*values)
        raw["prompt"] = raw["prompt"] or "…"  # not an error before Generate
        mode = self._form.mode
        try:
            params = mode.validate(raw, self._jobs.settings.use_demo)
        except InvalidParamsError as error:
            return ["", *self._form.annotate(error.fields, self._hints(raw))]
        announced = mode.announce(params)
        text = status.announcement(announced, self._jobs.to_download(mode, params))
        return [text, *self._form.annotate({}, self._hints(raw, announced))]

    def submit(self, *values: Any) -> list[Any]:
        """Queues a run; where a value cannot be used, says so at its field and leaves all else as it is."""
        raw = self._form.values(*values)
        try:
            job = self._jobs.submit(self._form.mode.id, raw)
        except InvalidParamsError as error:
            notes = self._form.annotate(error.fields, self._hints(raw))
            return [gr.skip(), gr.skip(), status.error_card(Failed.of(error)), *notes]
        notes = self._form.annotate({}, self._hints(raw, job.announced))
        return [job.id, job.id, status.announcement(job.announced), *notes]

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

    def _hints(self, raw: dict[str, Any], announced: Announcement | None = None) -> dict[str, str]:
        presets = {preset.id: preset.summary for preset in self._form.mode.presets}
        hints = {"preset": presets[raw["preset"]]} if raw.get("preset") in presets else {}
        return hints | dict(announced.notes if announced else {})


def _shown(card: str, job: Job | None = None) -> list[Any]:
    """Values for the card, the video, the row under it, the facts, the download and Cancel."""
    if job is None or job.status != "succeeded":
        busy = job is not None and not job.ended
        hidden = gr.update(visible=False)
        return [card, gr.update(visible=False, value=None), hidden, "", gr.skip(), gr.update(interactive=busy)]
    file = str(job.files[0])
    video = gr.update(visible=True, value=file)
    return [card, video, gr.update(visible=True), status.facts(job), file, gr.update(interactive=False)]
