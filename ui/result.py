"""What came of a run: shown, downloaded, and used as the input of the next one."""

import re
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.components import Component

import modes
from jobs import CallerQueue, TaskDetail
from media import Preparer
from media.kinds import SHOWN_AS
from ui import run_card

WHOLE = "Whole"


@dataclass(frozen=True, slots=True)
class Use:
    """A place that a result can go to: a parameter of a mode, by the whole file or by a frame of it."""

    mode: str
    parameter: str
    what: str  # "file", "last frame"

    @property
    def value(self) -> str:
        return f"{self.mode}/{self.parameter}/{self.what}"


def uses(file: Path, sound: bool) -> list[tuple[str, Use]]:
    """Every place for a file, with its words: images take images and last frames, videos clips, audio their sound."""
    takes: dict[str, tuple[str, str]] = {}
    match _kind(file):
        case "image":
            takes["image"] = ("file", "")
        case "audio":
            takes["audio"] = ("file", "")
        case "video":
            takes |= {"image": ("last frame", "the last frame as "), "video": ("file", "the clip as ")}
            if sound:
                takes["audio"] = ("file", "its sound as ")
    return [
        (f"{mode.label}: {takes[each.widget][1]}{each.label.lower()}", Use(mode.id, each.name, takes[each.widget][0]))
        for mode in modes.MODES.values()
        for each in mode.parameters()
        if each.widget in takes
    ]


class Result:
    """To be made inside a `gr.Blocks`, where results are shown."""

    def __init__(self) -> None:
        # Not Gradio's own components: those copy what they show, to where it can be read by whoever knows its path.
        self.video = gr.HTML(visible=False, elem_id="video")
        self.picture = gr.HTML(visible=False, elem_id="picture")
        self.chosen = gr.Radio([], visible=False, label="Results", elem_id="results")
        with gr.Row(elem_id="k-after", visible=False) as self.after:
            self.facts = gr.HTML(elem_id="facts")
            self.use = gr.Dropdown([], value=None, label="Use as input", elem_id="use", scale=0, min_width=220)
            self.download = gr.HTML(elem_id="download")

    @property
    def components(self) -> list[Component | gr.Row]:
        return [self.video, self.picture, self.chosen, self.after, self.facts, self.use, self.download]

    def hidden(self) -> list[Any]:
        """Updates for `components` while there is no result."""
        hide = gr.update(visible=False)
        return [gr.update(visible=False, value=""), hide, hide, hide, "", gr.skip(), gr.skip()]

    def updates(self, task: TaskDetail, number: int = 0) -> list[Any]:
        """Updates for `components` that show one of a task's files."""
        there = [(index, file) for index, file in enumerate(task.outputs_list) if file.bytes is not None]
        found = dict(there)
        if number not in found:
            return self.hidden()
        file = found[number]
        path = Path(file.path)
        kind, url = _kind(path), escape(file.url)
        shown = {
            "image": f'<a href="{url}" target="_blank"><img src="{url}" alt="Result"></a>',
            "audio": f'<audio src="{url}" controls></audio>',
        }.get(kind, "")
        video = f'<video src="{url}" controls autoplay loop playsinline></video>'
        places = [(words, use.value) for words, use in uses(path, bool(task.announced.get("sound")))]
        return [
            gr.update(visible=kind == "video", value=video if kind == "video" else ""),
            gr.update(visible=bool(shown), value=shown),
            gr.update(visible=len(there) > 1, choices=_labels(there), value=number),
            gr.update(visible=True),
            run_card.facts(task),
            gr.update(choices=places, value=None),
            f'<a href="{url}?download=true" download>Download</a>',
        ]


def _kind(file: Path) -> str:
    """What the page shows it as: "image", "audio", "video", or "" where it can only be downloaded."""
    return SHOWN_AS.get(file.suffix.lower(), "")


def _labels(there: list[tuple[int, Any]]) -> list[tuple[str, int]]:
    """A file's words: the segment it is, or its number among others of its kind."""
    segments = [re.search(r"_stage_(\d+)(__\d+)?$", Path(file.path).stem) for _, file in there]
    if not any(segments):
        return [(str(number), index) for number, (index, _) in enumerate(there, start=1)]
    return [
        (f"Segment {segment[1]}" if segment else WHOLE, index)
        for segment, (index, _) in zip(segments, there, strict=True)
    ]


def used(queue: CallerQueue, task: int, number: int, place: str) -> tuple[str, str, Path]:
    """The mode and the parameter of a place in `uses`, and the file that goes there."""
    mode_id, name, what = place.split("/")
    file = queue.output_file(task, number)
    return mode_id, name, Preparer(queue.settings).last_frame(file) if what == "last frame" else file
