"""The mode that runs a person's own graph: its parameters, which files its loaders get, and how its seeds change."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, ValidationInfo, field_validator, model_validator

from constants import MAX_SEED
from media import Preparer
from modes.enhance.common import whole_video
from modes.media_info import video_info
from modes.messages import InvalidParamsError, at_field
from modes.mode import EXAMPLES, Mode, PreparedFiles, example
from modes.params import OutputSpec, Params, param
from modes.user_graph.check import GraphError, Loader, loaders, read, seeds
from modes.user_graph.node_classes import known
from workflow import Change, Graph, Patch, sinks

MAX_TEXT = 1_000_000  # characters
FILES = {"image": ("image", "second_image", "third_image"), "audio": ("audio",), "video": ("video",)}
"""For each kind of file, the parameters that fill the graph's loaders, in this order."""

_PREPARED = re.compile(r"[\w-]+_[0-9a-f]{16}\.(png|wav|mp4)")
"""The names of prepared files (media/preparer.py), as the graphs of earlier tasks contain them.

A person cannot guess such a name, because it contains a hash of the file's content.
"""


def _as_text(value: Any) -> Any:
    """Turns a graph into text, because programs may send it as an object."""
    return json.dumps(value, indent=2, ensure_ascii=False) if isinstance(value, Mapping) else value


GraphText = Annotated[str, BeforeValidator(_as_text, json_schema_input_type=str | dict[str, Any])]


def file(label: str, widget: Any, which: str) -> Any:
    """Declares a parameter for a file; `which` says which of the graph's files it is."""
    return param(None, label=label, help=f"For {which} that the graph loads.", widget=widget)


class GraphParams(Params):
    graph: GraphText = param(
        ...,
        label="Graph",
        help="Paste a graph in ComfyUI's API format, or drop its file here.",
        widget="graph",
        max_length=MAX_TEXT,
    )
    image: Path | None = file("Image", "image", "the first image")
    second_image: Path | None = file("Second image", "image", "the second image")
    third_image: Path | None = file("Third image", "image", "the third image")
    audio: Path | None = file("Audio", "audio", "the sound")
    video: Path | None = file("Video", "video", "the video")
    seed: int | None = param(
        None,
        label="Seed",
        help="If this is empty, the graph keeps its own seeds.",
        widget="seed",
        ge=0,
        le=MAX_SEED,
        validate_default=True,
    )

    @field_validator("graph")
    @classmethod
    def _may_run(cls, text: str) -> str:
        try:
            read(text)
        except GraphError as error:
            raise at_field("graph", str(error)) from None
        return text

    @field_validator("seed")
    @classmethod
    def _else_the_graphs_own(cls, seed: int | None, info: ValidationInfo) -> int | None:
        if seed is not None or "graph" not in info.data:
            return seed
        return own_seed(read(info.data["graph"]))

    @model_validator(mode="after")
    def _every_file_has_its_loader(self) -> Self:
        wanted = slots(self.content)
        for kind, names in FILES.items():
            for number, name in enumerate(names):
                there = len(wanted[kind])
                if getattr(self, name) is None:
                    if number < there and not _PREPARED.fullmatch(wanted[kind][number][0].file):
                        raise at_field(name, self.missing(name, wanted[kind][number][0]))
                elif number >= there:
                    label = type(self).model_fields[name].title
                    many = f"only {there}" if there else "no"
                    files = f"{kind} file" if there == 1 else f"{kind} files"
                    raise at_field(name, f"{label}: no node of the graph loads it; the graph loads {many} {files}.")
            if len(wanted[kind]) > len(names):
                text = f"The graph loads {len(wanted[kind])} different {kind} files; the limit is {len(names)}."
                raise at_field("graph", text)
        return self

    def missing(self, name: str, loader: Loader) -> str:
        """Returns the sentence that a loader's file is missing; `name` is the parameter that can provide it."""
        label = type(self).model_fields[name].title
        return f"{label} is missing: node {loader.node} ({loader.class_type}) loads “{loader.file[:60]}”."

    @property
    def content(self) -> Graph:
        return read(self.graph)

    @property
    def variant(self) -> str:
        return hashlib.sha256(self.graph.encode()).hexdigest()[:16]

    def output_spec(self) -> OutputSpec:
        notes = {}
        for kind, found in slots(self.content).items():
            for name, users in zip(FILES[kind], found, strict=False):
                notes[name] = f"For {' and '.join(f'node {each.node} ({each.class_type})' for each in users)}."
        if own_seed(self.content) is None:
            notes["seed"] = "This has no effect, because the graph contains no seed."
        return OutputSpec(None, None, None, notes=notes)


def slots(graph: Graph) -> dict[str, list[list[Loader]]]:
    """Returns the different files that a graph loads, by kind and in its order. Each is the list of its loaders."""
    found: dict[str, dict[str, list[Loader]]] = {kind: {} for kind in FILES}
    for loader in loaders(graph):
        found[loader.kind].setdefault(loader.file, []).append(loader)
    return {kind: list(files.values()) for kind, files in found.items()}


def unused(values: Mapping[str, Any]) -> set[str]:
    """Returns the file parameters for which the graph in unchecked values has no loader.

    Without a valid graph, these are all of them.
    """
    try:
        found = slots(read(str(_as_text(values.get("graph") or ""))[:MAX_TEXT]))
    except GraphError:
        found = {kind: [] for kind in FILES}
    return {name for kind, names in FILES.items() for name in names[len(found[kind]) :]}


def own_seed(graph: Graph) -> int | None:
    """Returns the first seed that the graph contains, or None."""
    return next((value for _, _, value, _ in seeds(graph)), None)


def parameterize(params: GraphParams, seed: int, prepared: PreparedFiles) -> Iterator[Change]:
    """Yields the changes that put the prepared files and the seed into the graph."""
    for kind, found in slots(params.content).items():
        for name, users in zip(FILES[kind], found, strict=False):
            if name in prepared:
                yield from (Patch(each.node, each.input, prepared[name]) for each in users)
    first = own_seed(params.content)
    if first is not None:
        # All seeds change by the same amount, so that equal seeds stay equal, and neighbours stay neighbours.
        for node, name, value, count in seeds(params.content):
            yield Patch(node, name, (value + seed - first) % count)


def prepare(params: GraphParams, preparer: Preparer) -> PreparedFiles:
    """Prepares the given files as ComfyUI would load them.

    Raises MediaError, and InvalidParamsError where the graph names a file that is neither given nor already prepared.
    """
    prepared: dict[str, str] = {}
    for name in FILES["image"]:
        if path := getattr(params, name):
            prepared[name] = preparer.image(path, alpha="keep")
    if params.audio:
        prepared["audio"] = preparer.audio(params.audio)
    if params.video:
        prepared["video"] = whole_video(params.video, video_info(params.video, params.settings), preparer)
    for kind, found in slots(params.content).items():
        for name, users in zip(FILES[kind], found, strict=False):
            if name not in prepared and not preparer.has(users[0].file):
                raise InvalidParamsError({name: params.missing(name, users[0])})
    return prepared


@dataclass(frozen=True)
class GraphMode(Mode):
    """A mode whose phases depend on the graph, because its nodes are known only when a person has given it."""

    def phases_of(self, graph: Graph) -> dict[str, list[str]]:
        load, run, write = self.phases
        saving = set(sinks(graph))
        loading = [node for node, content in graph.items() if known()[content["class_type"]].models]
        running = [node for node in graph if node not in saving and node not in loading]
        found = {load: loading, run: running, write: [node for node in graph if node in saving]}
        return {label: nodes for label, nodes in found.items() if nodes}


OWN_GRAPH = GraphMode(
    id="graph",
    label="Your own graph",
    group="Advanced",
    summary="A ComfyUI graph in the API format, run unchanged.",
    template=lambda params: params.content,
    params=GraphParams,
    presets=(),
    phases={"Load models": (), "Run the nodes": (), "Write the files": ()},
    parameterize=parameterize,
    prepare_inputs=prepare,
    unused=unused,
    examples=(example("A small image", graph=(EXAMPLES / "graph.json").read_text(encoding="utf-8")),),
)
