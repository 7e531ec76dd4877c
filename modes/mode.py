"""What a mode is: one declaration from which form, command line, API, messages and documentation are made."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from pydantic import ValidationError

import workflow
from media import Preparer
from modes.media_info import MEDIA
from modes.messages import InvalidParamsError, sentences
from modes.params import Parameter, Params
from settings import PROJECT, Settings
from workflow import Change, Graph

EXAMPLES = PROJECT / "examples"

PreparedFiles = Mapping[str, str]
"""By parameter, the name of its prepared file in the engine's inputs folder."""


@dataclass(frozen=True, slots=True)
class Preset:
    """A way to run a mode. `summary` says in one line what it does."""

    id: str
    label: str
    summary: str


@dataclass(frozen=True, slots=True)
class Example:
    """Values that fill a form with one click; their media are files of the project."""

    label: str
    values: Mapping[str, Any]


def example(label: str, **values: Any) -> Example:
    return Example(label, values)


class PrepareInputs(Protocol):
    """Prepares the files of checked parameters for the graph; returns the names that `Preparer` gave them.

    It is called twice. When a job is submitted, the preparer does not write: its names go into the graph that is kept.
    When a worker takes the task, the preparer writes, and the names have to be the same: another name means that an
    input has changed in the meantime. Raises MediaError or InvalidParamsError for a file that cannot be used.
    """

    def __call__(self, params: Any, preparer: Preparer, /) -> PreparedFiles: ...


class BuildChanges(Protocol):
    """Yields the changes that turn a mode's template into the graph for these parameters.

    `Mode.build` calls it when a job is submitted, with the seed that was drawn and the names of the prepared files.
    """

    def __call__(self, params: Any, seed: int, prepared: PreparedFiles, /) -> Iterable[Change]: ...


class ChooseTemplate(Protocol):
    """Returns the name of a template in `workflows/`, or a graph, for modes whose parameters decide on it."""

    def __call__(self, params: Any, /) -> str | Graph: ...


class UnusedParameters(Protocol):
    """Returns the parameters that a form need not show for these raw values, because they could not be used.

    The page calls it with what is in the form, checked or not, each time that the form changes.
    """

    def __call__(self, values: Mapping[str, Any], /) -> Collection[str]: ...


class CutPieces(Protocol):
    """Returns, for each piece of a video, the changes that turn the mode's graph into that piece's own."""

    def __call__(self, params: Any, /) -> Sequence[Sequence[Change]]: ...


class JoinPieces(Protocol):
    """Writes the result to `target` from the pieces' files, in their order.

    `prepared` are the prepared inputs by name. Raises JoinStoppedError as soon as `stopped` returns True.
    """

    def __call__(
        self,
        params: Any,
        prepared: Mapping[str, Path],
        pieces: Sequence[Path],
        target: Path,
        stopped: Callable[[], bool],
        /,
    ) -> None: ...


@dataclass(frozen=True, slots=True)
class Pieces:
    """How a long video is processed in pieces, so that memory does not grow with its length.

    The first of the mode's phases is for what all pieces share; the engine does not keep what the nodes of the other
    phases make.
    """

    cut: CutPieces
    join: JoinPieces


@dataclass(frozen=True)
class Mode:
    """One kind of work: parameters, a template, and the changes that bring the first into the second.

    `phases` name the parts of a run, in their order, each with the ids of its nodes.
    """

    id: str
    label: str
    group: str
    summary: str
    template: str | ChooseTemplate
    params: type[Params]
    presets: Sequence[Preset]
    phases: Mapping[str, Sequence[str]]
    parameterize: BuildChanges
    prepare_inputs: PrepareInputs = lambda _params, _preparer: {}
    examples: Sequence[Example] = ()
    pieces: Pieces | None = None
    unused: UnusedParameters = lambda _values: ()

    def parameters(self, demo: bool = False) -> list[Parameter]:
        """The parameters in the order of their declaration; with `demo`, the defaults are those for demo models."""
        return [Parameter.of(name, info, demo) for name, info in self.params.model_fields.items()]

    @property
    def media(self) -> list[Parameter]:
        """The parameters that take a media file."""
        return [each for each in self.parameters() if each.widget in MEDIA]

    def defaults(self, demo: bool = False) -> dict[str, Any]:
        return {parameter.name: parameter.default for parameter in self.parameters(demo)}

    def validate(self, values: Mapping[str, Any], settings: Settings) -> Params:
        """The parameters from raw values (strings too); what is absent or None takes its default.

        `settings` are those of the app: their limits hold for the files, and they decide whether the defaults are
        those for demo models. Raises InvalidParamsError with one sentence for each wrong field.
        """
        defaults = {name: value for name, value in self.defaults(settings.use_demo).items() if value is not None}
        # A text that was emptied is meant to be empty; a number that was emptied stands for the default.
        given = {
            name: value
            for name, value in values.items()
            if value is not None and (value != "" or isinstance(defaults.get(name), str))
        }
        try:
            return self.params.model_validate(defaults | given, context=settings)
        except ValidationError as error:
            raise InvalidParamsError(sentences(self.params, error.errors())) from None

    def build(self, params: Params, seed: int, prepared: PreparedFiles, output_prefix: str = "kinora") -> Graph:
        """The graph to run. `output_prefix` is a path below the outputs folder; each run sets its own."""
        template = self.template if isinstance(self.template, str) else self.template(params)
        graph = workflow.load(template) if isinstance(template, str) else template
        graph = workflow.build(graph, self.parameterize(params, seed, prepared))
        workflow.save_to(graph, output_prefix)
        return graph

    def preview_graph(self, params: Params) -> Graph:
        """The graph without prepared files: it shows which models are needed and what a parameter changes."""
        prepared = {each.name: f"{each.name}-{getattr(params, each.name)}" for each in self.media}
        return self.build(params, 0, prepared)

    def phases_of(self, graph: Graph) -> dict[str, list[str]]:
        """The phases that this graph has, in order, each with the ids of its nodes."""
        found = {label: [node for node in nodes if node in graph] for label, nodes in self.phases.items()}
        return {label: nodes for label, nodes in found.items() if nodes}
