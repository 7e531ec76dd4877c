"""Generating where a GPU is lent to visitors one call at a time: a Hugging Face Space on ZeroGPU.

ComfyUI is started in the page's own process, without a GPU: the package `spaces` stands in for CUDA there. Each call
forks that process, gives the fork the GPU, and hands back what it yields; so a fork begins with ComfyUI already loaded.
Import this module only where `settings.zerogpu` is on, and before anything that imports torch.
"""

import logging
import math
import threading
from collections.abc import Collection, Generator, Iterator, Mapping
from typing import Any

import gradio as gr
import spaces

from backend.comfy.engine import Engine
from backend.contract import EngineState
from events import FINAL, Cancelled, Event, Failed
from host import on_zerogpu
from settings import Settings
from workflow import Graph, Phases

logger = logging.getLogger(__name__)

LEAST = 15
"""Seconds of GPU that are always asked for: a fork alone takes two, and weights have to reach the GPU."""
UNKNOWN = 60
"""Where nothing tells how large the result will be: what ZeroGPU itself takes by default."""

_engine: Engine | None = None  # made once in the page's process; every fork has it
_one_run = threading.Lock()  # where nothing is forked, as without ZeroGPU, runs follow each other


def start(settings: Settings) -> dict[str, Any]:
    """Starts ComfyUI in this process and tells the platform that all is up; `Engine.describe()`. Call it once, in the
    main thread: the stand-in for CUDA is per thread."""
    global _engine
    _engine = Engine(settings)
    if on_zerogpu():
        from spaces import zero

        zero.startup()  # Blocks.launch would do it, but this page is served beside an API
    return _engine.describe()


def engine() -> Engine:
    """The one that `start` made."""
    assert _engine is not None
    return _engine


def _seconds(graph: Graph, phases: Phases, forget: Collection[str], seconds: int) -> int:
    return seconds


@spaces.GPU(duration=_seconds)
def _generate(graph: Graph, phases: Phases, forget: Collection[str], seconds: int) -> Generator[Event, None, None]:
    """In the process that has the GPU. Closing the iterator stops the run."""
    with _one_run:
        yield from engine().run(graph, phases, forget=forget)


class ZeroGpu:
    """As `worker.EngineProcess`, for one task: runs in the context of whoever calls, whose quota it uses."""

    pid: int | None = None

    def __init__(self, info: dict[str, Any], seconds: int) -> None:
        """`seconds` of GPU are asked for."""
        self.state = EngineState("ready", info)
        self._seconds = seconds

    def start(self) -> None:
        """It is there as long as the page is."""

    def stop(self) -> None:
        """It ends with the page."""

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
            yield told(error, self._seconds)
        except RuntimeError as error:  # of the platform's client
            logger.warning("ZeroGPU: %s", error)
            yield Failed("interrupted", "The GPU could not be had.", "Generate again in a moment.", detail=str(error))


def seconds_to_ask(known: float | None, announced: Mapping[str, Any], graph: Graph, most: int) -> int:
    """Whole seconds of GPU for a run like those that took `known` s; without such, by its size, length and steps.

    Less than needed ends the run, more than the visitor has left refuses it: a third on top of what was measured. The
    first time 30 s for the weights and 0.05 s for a megapixel and step, a guess that errs on the long side.
    """
    if known is not None:
        seconds = known * 4 / 3 + 5
    elif announced["width"] is None:  # a graph of one's own
        seconds = UNKNOWN
    else:
        megapixels = announced["width"] * announced["height"] * announced["frames"] / 1e6
        seconds = 30 + 0.05 * megapixels * _steps(graph)
    return max(LEAST, min(most, math.ceil(seconds)))


def _steps(graph: Graph) -> int:
    """Of all samplers: stated, or as many as there are intervals between the sigmas that are written out."""
    inputs = [node["inputs"] for node in graph.values()]
    stated = sum(each["steps"] for each in inputs if isinstance(each.get("steps"), int))
    return max(1, stated + sum(each["sigmas"].count(",") for each in inputs if isinstance(each.get("sigmas"), str)))


def told(error: gr.Error, seconds: int) -> Failed:
    """The platform's refusals (spaces/zero/client.py and wrappers.py) with what to do about them."""
    title, detail = getattr(error, "title", ""), f"{getattr(error, 'title', '')}: {error.message}"
    smaller = "Choose a smaller size, fewer seconds or the preset Fast, then generate again."
    later = "Generate again in a moment."
    if error.message == "GPU task aborted":
        asked = f"{seconds} s of it had been asked for. {smaller}"
        return Failed("timeout", "The GPU was taken back before this was done.", asked, "", detail)
    match title:
        case "ZeroGPU quota exceeded":
            hint = "Log in to Hugging Face for more time a day, choose fewer seconds or Fast, or come back later."
            return Failed("quota", "Your time on this Space's GPU is used up for now.", hint, "", detail)
        case "ZeroGPU pending credits exceeded":
            hint = "Wait until your other runs have ended, then generate again."
            return Failed("quota", "Your GPU time is taken by runs that are not done yet.", hint, "", detail)
        case "ZeroGPU illegal duration":
            return Failed("quota", f"{seconds} s of GPU are more than a call may have.", smaller, "", detail)
        case "ZeroGPU queue timeout":
            return Failed("timeout", "No GPU became free in time.", later, "", detail)
    return Failed("interrupted", "The GPU could not be had, or was lost.", later, "", detail)
