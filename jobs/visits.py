"""Tasks made while their visitor watches: where the GPU is lent a call at a time, and nobody works the queue off."""

import contextvars
import threading
from typing import TYPE_CHECKING, Any

import timings
from jobs.listing import Listing
from jobs.runner import Runner, Shop

if TYPE_CHECKING:
    from zerogpu import ZeroGpu


class Visits:
    """Each task gets a worker of its own, in the context of the visitor's request: it says whose quota is used."""

    def __init__(self, shop: Shop, process: str, listing: Listing, info: dict[str, Any], runners: list[Runner]) -> None:
        """`runners` are those at work now; `info` describes the engine."""
        self._shop = shop
        self._process = process
        self._listing = listing
        self._info = info
        self._runners = runners

    def begin(self, task: int) -> None:
        """Makes a task, if it waits and nobody else has it. Returns at once."""
        runner = Runner(f"visit-{task}", self._gpu(task), self._shop, self._process)
        context = contextvars.copy_context()
        threading.Thread(target=context.run, args=(self._run, runner, task), name=runner.name, daemon=True).start()

    def _run(self, runner: Runner, task: int) -> None:
        self._runners.append(runner)
        try:
            runner.run_only(task)
        finally:
            self._runners.remove(runner)

    def _gpu(self, task: int) -> "ZeroGpu":
        from zerogpu import ZeroGpu, seconds_to_ask

        _, content, _, _ = self._listing.task(task)
        known = timings.left(self._listing.stage_times_like(task), list(content.stages), None, 0.0)
        most = self._shop.settings.zerogpu_seconds
        return ZeroGpu(self._info, seconds_to_ask(known, content.announced, content.graph, most))
