"""What the engine runs in one attempt: one graph, or one for each piece of a long video, and then joins the pieces."""

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import modes
import workflow
from backend.contract import WorkerEngine
from events import Cancelled, Event, Output, Phase
from jobs.files.outputs import RUNNING
from jobs.store.transitions import Claim
from media.join import JoinStoppedError
from modes import Mode, Params
from modes.mode import Pieces
from settings import Settings


class Execution:
    """One attempt at a task. Its files have a prefix of their own, so that no other attempt's are taken for them."""

    def __init__(self, engine: WorkerEngine, claim: Claim, settings: Settings) -> None:
        self._engine = engine
        self._claim = claim
        self._settings = settings
        self._prefix = f"{RUNNING}/{claim.task}-{time.time_ns():x}"

    def events(self, cancelled: threading.Event) -> Iterator[Event]:
        """The engine's events; the last one is an Output, a Failed or a Cancelled."""
        mode = modes.get(self._claim.mode)
        if mode.pieces:
            yield from self._in_pieces(mode, mode.pieces, cancelled)
        else:
            workflow.save_to(self._claim.graph, self._prefix)
            yield from self._engine.run(self._claim.graph, self._claim.phases, cancelled)

    def _in_pieces(self, mode: Mode, pieces: Pieces, cancelled: threading.Event) -> Iterator[Event]:
        params: Params = mode.validate(self._claim.values, self._settings)
        started, done, executed = time.monotonic(), list[Path](), list[str]()
        cuts = pieces.cut(params)
        of_pieces = [node for nodes in list(self._claim.phases.values())[1:] for node in nodes]
        try:
            for number, changes in enumerate(cuts):
                graph = workflow.build(self._claim.graph, changes)
                workflow.save_to(graph, f"{self._prefix}.piece_{number}")
                for event in self._engine.run(graph, self._claim.phases, cancelled, of_pieces):
                    if isinstance(event, Output):
                        done += event.files
                        executed += event.executed
                    elif isinstance(event, Phase) and event.index:
                        # The steps of one piece do not say how many pieces follow.
                        yield replace(event, step=number + 1, steps=len(cuts))
                    else:
                        yield event
                if len(done) <= number:
                    return  # it failed or was cancelled: that event has been passed on
            yield self._joined(params, pieces, done, cancelled) or Output(
                (self._target,), tuple(executed), time.monotonic() - started
            )
        finally:
            for piece in done:
                piece.unlink(missing_ok=True)

    @property
    def _target(self) -> Path:
        return self._settings.outputs_dir / f"{self._prefix}_00001_.mp4"

    def _joined(self, params: Params, pieces: Pieces, done: list[Path], cancelled: threading.Event) -> Cancelled | None:
        """Joins the pieces into the target. Returns None when it is whole, Cancelled where somebody stopped it."""
        prepared = {name: self._settings.inputs_dir / file for name, file in self._claim.inputs.items()}
        try:
            pieces.join(params, prepared, done, self._target, cancelled.is_set)
        except JoinStoppedError:
            self._target.unlink(missing_ok=True)
            return Cancelled()
        return None
