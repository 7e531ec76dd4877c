"""The page's components and where they stand: a list of modes, the form, the result, and the queue below."""

from dataclasses import dataclass

import gradio as gr

import modes
from jobs import JobQueue
from modes import Mode
from ui import run_card, snippets
from ui.batch import BatchForm
from ui.form import Form
from ui.mode_list import mode_list
from ui.result import Result
from ui.scripts import on_load

DEMO_LINE = (
    "These are demo models: the real nodes with tiny weights. The LTX-2.3 demo model knows balls, cubes and pyramids "
    "in eight colours, how they move, and four sounds; it follows the images and sounds you give it. For real clips, "
    "run Kinora on a machine with a GPU; it downloads the real models when they are needed."
)


@dataclass(frozen=True, slots=True)
class Widgets:
    """The components that handlers read or change."""

    mode_list: gr.HTML
    """Its value is the mode that a person chose; `select` when they chose."""
    title: gr.HTML
    examples: gr.Radio
    form: Form
    batch: BatchForm
    announcement: gr.HTML
    """The line above Generate; `edit` when a text of the form was changed, `submit` for Ctrl+Shift+Enter."""
    generate: gr.Button
    cancel: gr.Button
    result: Result
    status: gr.HTML
    queue_page: gr.HTML
    """`edit` and `select` ask to edit and to show a task; its property `job` is a batch's job to show."""

    shown: gr.State
    """The mode whose form is shown."""
    watched: gr.State
    """The task that is shown, or 0."""
    remembered: gr.BrowserState
    """The same, for the next visit."""


def lay_out(queue: JobQueue) -> Widgets:
    """All of the page, to be called inside a `gr.Blocks`."""
    first = next(iter(modes.MODES.values()))
    _header(queue)
    with gr.Row(elem_id="k-main", equal_height=False):
        with gr.Column(elem_id="k-modes", min_width=160):
            choice = mode_list(modes.MODES.values(), first.id)
        with gr.Column(elem_id="k-form", min_width=320):
            heading = gr.HTML(title(first), elem_id="k-title")
            examples = gr.Radio(example_choices(first), label="Examples", elem_id="examples")
            form = Form(list(modes.MODES.values()), queue.settings)
            batch = BatchForm(visible=not queue.settings.zerogpu)
            with gr.Column(elem_id="k-bar"):
                announcement = gr.HTML(elem_id="announcement", js_on_load=on_load("form/announcement.js"))
                with gr.Row():
                    generate = gr.Button("Generate", variant="primary", elem_id="generate", scale=3)
                    cancel = gr.Button("Cancel", elem_id="cancel", scale=1, interactive=False)
        with gr.Column(elem_id="k-result", min_width=320):
            result = Result()
            status = gr.HTML(run_card.IDLE, elem_id="status")
    queue_page = gr.HTML(
        '<k-queue id="k-queue"></k-queue>', elem_id="queue-room", js_on_load=on_load("form/handover.js"), job=0
    )
    return Widgets(
        mode_list=choice,
        title=heading,
        examples=examples,
        form=form,
        batch=batch,
        announcement=announcement,
        generate=generate,
        cancel=cancel,
        result=result,
        status=status,
        queue_page=queue_page,
        shown=gr.State(first.id),
        watched=gr.State(0),
        remembered=gr.BrowserState(0, storage_key="kinora-task"),
    )


def title(mode: Mode) -> str:
    """A mode's name and summary as HTML."""
    mask = " data-mask" if "mask" in mode.params.model_fields else ""
    return f'<h2 data-shown="{mode.id}"{mask}>{mode.label}</h2><p>{mode.summary}</p>'


def example_choices(mode: Mode) -> list[tuple[str, int]]:
    """The labels of a mode's examples, with their numbers."""
    return [(example.label, number) for number, example in enumerate(mode.examples)]


def _header(queue: JobQueue) -> None:
    with gr.Row(elem_id="k-header"):
        gr.HTML("<h1>Kinora</h1>")
        gr.HTML(
            '<nav id="k-nav" aria-label="Pages"><a href="#create">Create</a>'
            '<a href="#queue">Queue <span id="k-nav-count"></span></a></nav>'
        )
        gr.HTML('<k-engine class="k-pill" role="status"></k-engine>', elem_id="engine")  # static/engine.js
    if queue.settings.use_demo:
        gr.HTML(f'<p class="k-demo">{DEMO_LINE}</p>', elem_id="demo")
    if queue.opening_message:
        gr.HTML(snippets.warning(queue.opening_message), elem_id="notice")
