"""The result of a run: shown, downloaded, and used as an input of the next run."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

import gradio as gr
from gradio.blocks import Block

import modes
from jobs import CallerQueue, TaskDetail
from jobs.types import OutputFile
from media import Preparer
from media.kinds import SHOWN_AS
from ui import snippets
from ui.form import Updates


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a result can go: to a parameter of a mode, as the whole file or as a frame of it."""

    mode: str
    parameter: str
    what: str  # "file", "last frame"

    @property
    def value(self) -> str:
        return f"{self.mode}/{self.parameter}/{self.what}"


def destinations(file: Path, sound: bool) -> list[tuple[str, Destination]]:
    """All destinations of a file, with their labels.

    An image takes an image or a video's last frame, a video takes a video, and audio takes a sound or a video's sound.
    """
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
        (
            f"{mode.label}: {takes[each.widget][1]}{each.label.lower()}",
            Destination(mode.id, each.name, takes[each.widget][0]),
        )
        for mode in modes.MODES.values()
        for each in mode.parameters()
        if each.widget in takes
    ]


def take_result(queue: CallerQueue, task: int, number: int, destination: str) -> tuple[str, str, Path]:
    """The mode and the parameter that a `Destination.value` names, and the file that goes there."""
    mode_id, name, what = destination.split("/")
    file = queue.output_file(task, number)
    return mode_id, name, Preparer(queue.settings).last_frame(file) if what == "last frame" else file


class Result:
    """To be made inside a `gr.Blocks`, where results are shown."""

    def __init__(self) -> None:
        # Plain HTML: Gradio's own components copy what they show to where everybody who knows the path can read it.
        self.video = gr.HTML(visible=False, elem_id="video")
        self.picture = gr.HTML(visible=False, elem_id="picture")
        self.chosen = gr.Radio([], visible=False, label="Results", elem_id="results")
        with gr.Row(elem_id="k-after", visible=False) as self.after:
            self.facts = gr.HTML(elem_id="facts")
            self.use = gr.Dropdown([], value=None, label="Use as input", elem_id="use", scale=0, min_width=220)
            self.download = gr.HTML(elem_id="download")

    @property
    def components(self) -> list[Block]:
        return [self.video, self.picture, self.chosen, self.after, self.facts, self.use, self.download]

    def hidden(self) -> Updates:
        """What shows that there is no result."""
        hide = gr.update(visible=False)
        return {
            self.video: gr.update(visible=False, value=""),  # an empty player stops playing
            self.picture: hide,
            self.chosen: hide,
            self.after: hide,
            self.facts: "",
        }

    def updates(self, task: TaskDetail, number: int = 0) -> Updates:
        """What shows the file with this number among the task's outputs."""
        there = [(index, file) for index, file in enumerate(task.outputs_list) if file.bytes is not None]
        found = dict(there)
        if number not in found:
            return self.hidden()
        file = found[number]
        path = Path(file.path)
        kind, url = _kind(path), escape(f".{file.url}")  # relative to the page: a proxy may add a path in front of it
        shown = {
            "image": f'<a href="{url}" target="_blank"><img src="{url}" alt="Result"></a>',
            "audio": f'<audio src="{url}" controls></audio>',
        }.get(kind, "")
        video = f'<video src="{url}" controls autoplay loop playsinline></video>' if kind == "video" else ""
        places = [(label, each.value) for label, each in destinations(path, bool(task.announced.get("sound")))]
        return {
            self.video: gr.update(visible=bool(video), value=video),
            self.picture: gr.update(visible=bool(shown), value=shown),
            self.chosen: gr.update(visible=len(there) > 1, choices=_labels(there), value=number),
            self.after: gr.update(visible=True),
            self.facts: snippets.facts(task),
            self.use: gr.update(choices=places, value=None),
            self.download: f'<a href="{url}?download=true" download>Download</a>',
        }


def _kind(file: Path) -> str:
    """How the page shows the file: as an "image", as "audio" or as a "video"; "" where it can only be downloaded."""
    return SHOWN_AS.get(file.suffix.lower(), "")


def _labels(there: Sequence[tuple[int, OutputFile]]) -> list[tuple[str, int]]:
    """A label for each file: its segment of a long video, or its number."""
    segments = [re.search(r"_stage_(\d+)(__\d+)?$", Path(file.path).stem) for _, file in there]
    if not any(segments):
        return [(str(number), index) for number, (index, _) in enumerate(there, start=1)]
    return [
        (f"Segment {segment[1]}" if segment else "Whole video", index)
        for segment, (index, _) in zip(segments, there, strict=True)
    ]
