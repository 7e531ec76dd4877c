"""Runs graphs where a GPU is lent to visitors one call at a time: a Hugging Face Space on ZeroGPU.

Only here does the engine live in the page's own process, which therefore imports torch and ComfyUI. ComfyUI starts
there without a GPU: the package `spaces` stands in for CUDA. Each call forks that process, gives the fork the GPU, and
returns what it yields; so a fork begins with ComfyUI already loaded. Import this module only if `settings.zerogpu` is
on, and before anything that imports torch.
"""

import logging
import math
import threading
from collections.abc import Collection, Generator, Iterable, Iterator, Mapping
from typing import Any

import gradio as gr
import spaces

from backend.comfy.engine import Engine
from backend.contract import EngineState
from events import FINAL, Cancelled, Event, Failed
from host import on_zerogpu
from patches import patch
from settings import Settings
from workflow import Graph, Phases

logger = logging.getLogger(__name__)

LEAST = 15
"""The fewest seconds of GPU to ask for: a fork alone takes two, and weights have to reach the GPU."""
UNKNOWN = 60
"""Seconds to ask for if the size of the result is unknown: ZeroGPU's own default."""

_engine: Engine | None = None  # made once in the page's process; every fork inherits it
_one_run = threading.Lock()  # without ZeroGPU nothing is forked, and runs have to wait for each other


def start(settings: Settings) -> dict[str, Any]:
    """Starts ComfyUI in this process, tells the platform that the app is up, and returns `Engine.describe()`.

    Call it once, in the main thread: the stand-in for CUDA is per thread.
    """
    global _engine
    _engine = Engine(settings)
    if on_zerogpu():
        _report_startup()
    return _engine.describe()


@patch(
    "spaces.zero:startup",
    package="spaces",
    reason="The platform has to know that the app is up. Blocks.launch says so, but this page is served beside an API.",
    until="The package spaces has a documented function for apps that do not call launch.",
)
def _report_startup() -> None:
    from spaces import zero

    zero.startup()


@patch(
    "spaces.zero.gradio",
    "gradio.blocks:Blocks",
    package="spaces",
    reason="A fork finds the page's connections, which it has to close, by `blocks.server`, which Blocks.launch sets.",
    until="The package spaces finds the server of a mounted page by itself.",
)
def use_server(parts: Iterable[gr.Blocks], server: Any) -> None:
    """Tells Gradio's `parts` which uvicorn server serves them."""
    for blocks in parts:
        blocks.server = server


def engine() -> Engine:
    """Returns the engine that `start` made."""
    assert _engine is not None
    return _engine


def _seconds(graph: Graph, phases: Phases, forget: Collection[str], seconds: int) -> int:
    return seconds


@spaces.GPU(duration=_seconds)
def _generate(graph: Graph, phases: Phases, forget: Collection[str], seconds: int) -> Generator[Event, None, None]:
    """Runs in the forked process that has the GPU. Closing the iterator stops the run."""
    with _one_run:
        yield from engine().run(graph, phases, forget=forget)


class ZeroGpu:
    """Stands in for `backend.process.EngineProcess` for one task.

    It runs in the caller's context, because the visitor's request there decides whose quota is used.
    """

    pid: int | None = None

    def __init__(self, info: dict[str, Any], seconds: int) -> None:
        """`info` is what `start` returned; `seconds` is how many seconds of GPU to ask for."""
        self.state = EngineState("ready", info)
        self._seconds = seconds

    def start(self) -> None:
        """Does nothing: the engine lives in this process."""

    def stop(self) -> None:
        """Does nothing: the engine lives in this process."""

    def run(
        self, graph: Graph, phases: Phases, cancelled: threading.Event, forget: Collection[str] = ()
    ) -> Iterator[Event]:
        """Executes the graph; ends with Output, Failed or Cancelled. A cancel is seen at the next event."""
        try:
            calls = _generate(graph, dict(phases), list(forget), self._seconds)
            for event in calls:
                if cancelled.is_set() and not isinstance(event, FINAL):
                    calls.close()
                    yield Cancelled()
                    return
                yield event
        except gr.Error as error:
            yield failure_from(error, self._seconds)
        except RuntimeError as error:  # of the platform's client
            logger.warning("ZeroGPU: %s", error)
            yield Failed("interrupted", "No GPU was available.", "Try again in a moment.", detail=str(error))


def seconds_to_ask(known: float | None, announced: Mapping[str, Any], graph: Graph, most: int) -> int:
    """Returns how many whole seconds of GPU to ask for, from LEAST to `most`.

    `known` is how long such runs took, in seconds: a third is added to it. If it is None, the estimate is 30 s for the
    weights and 0.05 s for each megapixel and step, which is more than most runs need. With fewer seconds than it needs,
    a run is ended; with more than the visitor has left, it is refused.
    """
    if known is not None:
        seconds = known * 4 / 3 + 5
    elif announced["width"] is None:  # a user's own graph
        seconds = UNKNOWN
    else:
        megapixels = announced["width"] * announced["height"] * announced["frames"] / 1e6
        seconds = 30 + 0.05 * megapixels * _steps(graph)
    return max(LEAST, min(most, math.ceil(seconds)))


def _steps(graph: Graph) -> int:
    """Returns the steps of all samplers: the numbers of steps, and the intervals in written lists of sigmas."""
    inputs = [node["inputs"] for node in graph.values()]
    stated = sum(each["steps"] for each in inputs if isinstance(each.get("steps"), int))
    return max(1, stated + sum(each["sigmas"].count(",") for each in inputs if isinstance(each.get("sigmas"), str)))


def failure_from(error: gr.Error, seconds: int) -> Failed:
    """Translates the platform's refusals (spaces/zero/client.py and wrappers.py) and says what to do about each."""
    title, detail = getattr(error, "title", ""), f"{getattr(error, 'title', '')}: {error.message}"
    smaller = "Choose a smaller size, fewer seconds or the preset Fast, then try again."
    later = "Try again in a moment."
    if error.message == "GPU task aborted":
        asked = f"{seconds} s of GPU time had been requested. {smaller}"
        return Failed("timeout", "The GPU was taken back before this was finished.", asked, "", detail)
    match title:
        case "ZeroGPU quota exceeded":
            hint = "Log in to Hugging Face for more time a day, choose fewer seconds or Fast, or come back later."
            return Failed("quota", "Your time on this Space's GPU is used up for now.", hint, "", detail)
        case "ZeroGPU pending credits exceeded":
            hint = "Wait until your other runs have ended, then try again."
            return Failed("quota", "Your GPU time is reserved by runs that have not finished yet.", hint, "", detail)
        case "ZeroGPU illegal duration":
            return Failed("quota", f"{seconds} s of GPU time is more than one call may use.", smaller, "", detail)
        case "ZeroGPU queue timeout":
            return Failed("timeout", "No GPU became free in time.", later, "", detail)
    return Failed("interrupted", "No GPU was available, or it was lost.", later, "", detail)
