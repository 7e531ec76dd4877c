"""An engine that follows a script: a real process behind the real pipe, up in a third of a second, without torch.

`EngineProcess(settings, program=PROGRAM)` starts it, and so does `JobQueue(settings, engine_program=PROGRAM)`. By
itself it behaves as ComfyUI does on a good day: it sends each phase with its steps and previews, stops at once when it
is cancelled, and writes a small file of the right kind, size and length where the graph's save nodes say.

**Words in a prompt** make one run differ. They stand in brackets anywhere in a text of the graph, with commas between
them: "a red kite [engine: steps=50, pace=0.1, die, once]".

| word | what it does |
|---|---|
| steps=50 | the number of steps of each sampler; otherwise what the graph says, or 4 |
| pace=0.1 | seconds for each step; otherwise 0.005 |
| notice=Some words | a notice at the beginning |
| hang | stops before step `at` and never answers again, not even to a cancel |
| deaf | goes on to the end, whatever is asked of it |
| die | kills itself (SIGKILL) before step `at` |
| exit=3 | ends with this exit code before step `at` |
| fail=Some words | a node fails before step `at` with these words |
| kind=out_of_memory | the kind of that failure; otherwise node_error |
| at=5 | the step before which all this happens; otherwise 2 |
| once | only the first run with this text does it; those that follow behave |

**A file** `scripted_engine.json` in the home folder (`write_script`) is read at the start and at each run:

| key | what it does |
|---|---|
| start_seconds | how long it takes to come up |
| start_error | it says that it cannot start, in these words |
| start_exit | it ends with this exit code instead of coming up |
| idle_death | seconds after which it kills itself, unless it is running something |
| words | words as in a prompt, for every run |
"""

import hashlib
import json
import os
import re
import signal
import sys
import threading
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from backend.graph_server import serve
from errors import FailureKind, KinoraError
from events import Cancelled, Event, Failed, Notice, Output, Phase, Preview
from settings import Settings
from support import scripted_files
from workflow import Graph, Phases

PROGRAM = "support.scripted_engine"
SCRIPT = "scripted_engine.json"
MARKED = re.compile(r"\[engine:([^\]]*)\]")
FLAGS = ("hang", "deaf", "die", "once")
VALUES = ("steps", "pace", "notice", "exit", "fail", "kind", "at")


def write_script(home: Path, **script: Any) -> None:
    """Writes the file that an engine of this home follows from its next start or run on."""
    home.mkdir(parents=True, exist_ok=True)
    fresh = home / f"{SCRIPT}.new"
    fresh.write_text(json.dumps(script))
    fresh.replace(home / SCRIPT)


def read_script(home: Path) -> dict[str, Any]:
    file = home / SCRIPT
    return json.loads(file.read_text()) if file.is_file() else {}


@dataclass(frozen=True)
class Words:
    """What the words of one run come to."""

    steps: int | None = None
    pace: float = 0.005
    notice: str = ""
    hang: bool = False
    deaf: bool = False
    die: bool = False
    exit: int | None = None
    fail: str = ""
    kind: FailureKind = "node_error"
    at: int = 2
    once: bool = False

    @classmethod
    def read(cls, text: str) -> "Words":
        """From "steps=50, die". Raises ValueError for a word that this engine does not know."""
        found: dict[str, Any] = {}
        for word in filter(None, (each.strip() for each in text.split(","))):
            name, equals, value = word.partition("=")
            if name not in (VALUES if equals else FLAGS):
                raise ValueError(f"the scripted engine does not know the word {word!r}")
            found[name] = value if equals else True
        for name, kind in (("steps", int), ("exit", int), ("at", int), ("pace", float)):
            if name in found:
                found[name] = kind(found[name])
        if found.get("kind", "node_error") not in get_args(FailureKind):
            raise ValueError(f"there is no failure of the kind {found['kind']}")
        return cls(**found)


class ScriptedEngine:
    """What `backend.graph_server.serve` runs."""

    def __init__(self, settings: Settings) -> None:
        """Raises KinoraError where the script says so."""
        self._settings = settings
        self._busy = threading.Lock()
        script = read_script(settings.home)
        time.sleep(script.get("start_seconds", 0))
        if "start_error" in script:
            raise KinoraError(script["start_error"], "The script says so.")
        if "start_exit" in script:
            print("The script ends this engine at its start.", file=sys.stderr)
            os._exit(script["start_exit"])
        if "idle_death" in script:
            threading.Timer(script["idle_death"], self._die_when_idle).start()

    def describe(self) -> dict[str, Any]:
        return {
            "device": "Scripted engine",
            "memory_total": 8_000_000_000,
            "dynamic_vram": False,
            "torch": "none",
            "comfyui": "none",
        }

    def run(self, graph: Graph, phases: Phases, cancelled: threading.Event, forget: Collection[str]) -> Iterator[Event]:
        with self._busy:
            started = time.monotonic()
            try:
                words = self._words(graph)
            except ValueError as error:
                yield Failed("invalid", f"{error}.")
                return
            if words.notice:
                yield Notice(words.notice)
            for event in self._sampling(graph, phases, words):
                yield event
                if isinstance(event, Failed):
                    return
                if cancelled.is_set() and not words.deaf:
                    yield Cancelled()
                    return
            files = scripted_files.write(graph, self._settings.outputs_dir, self._settings.inputs_dir)
            yield Output(tuple(files), tuple(graph), time.monotonic() - started)

    def interrupt(self) -> None:
        """The run looks at `cancelled` after each step."""

    def collect_garbage(self) -> None:
        """There is none."""

    def _sampling(self, graph: Graph, phases: Phases, words: Words) -> Iterator[Event]:
        """Each phase once, those with a sampler step by step with previews."""
        for index, (label, nodes) in enumerate(phases.items()):
            yield Phase(index, len(phases), label)
            sampler = next((node for node in nodes if "sampl" in graph[node]["class_type"].lower()), None)
            if sampler is None:
                continue
            steps = words.steps or scripted_files.steps(graph, sampler) or 4
            for step in range(1, steps + 1):
                if step == words.at and (failed := self._misbehave(words, graph, sampler)):
                    yield failed
                time.sleep(words.pace)
                yield Phase(index, len(phases), label, step, steps)
                yield Preview(scripted_files.preview(graph, step / steps))
        if not phases:  # a graph that somebody brought has none
            if failed := self._misbehave(words, graph, next(iter(graph))):
                yield failed
            time.sleep(words.pace * (words.steps or 1))

    def _misbehave(self, words: Words, graph: Graph, node: str) -> Failed | None:
        if words.die:
            os.kill(os.getpid(), signal.SIGKILL)
        if words.exit is not None:
            print("The script ends this engine.", file=sys.stderr)
            os._exit(words.exit)
        while words.hang:
            time.sleep(1)
        if not words.fail:
            return None
        class_type = graph[node]["class_type"]
        detail = f"RuntimeError: {words.fail}\nTraceback (most recent call last): scripted"
        return Failed(words.kind, f"{class_type} failed: {words.fail}.", "Try other settings.", node, detail)

    def _words(self, graph: Graph) -> Words:
        """Of this run; the second one with the same text behaves where the script says "once"."""
        texts = [value for node in graph.values() for value in node["inputs"].values() if isinstance(value, str)]
        marked_texts = list(dict.fromkeys(text for text in texts if MARKED.search(text)))
        marked = [match[1] for text in marked_texts for match in MARKED.finditer(text)]
        words = Words.read(",".join([*marked, read_script(self._settings.home).get("words", "")]))
        if not words.once:
            return words
        seen = self._settings.home / "scripted_engine" / hashlib.sha256("".join(marked_texts).encode()).hexdigest()[:16]
        if seen.exists():
            return Words(steps=words.steps, pace=words.pace, notice=words.notice)
        seen.parent.mkdir(parents=True, exist_ok=True)
        seen.touch()
        return words

    def _die_when_idle(self) -> None:
        with self._busy:
            os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    serve(ScriptedEngine)
