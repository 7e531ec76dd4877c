"""Tasks made while their visitor watches: where the GPU is lent a call at a time, and nobody works the queue off."""

import contextvars
import threading
from typing import TYPE_CHECKING, Any

from jobs.store.queries import TaskQueries
from jobs.types import OWNER
from jobs.work import durations
from jobs.work.worker import Worker, WorkerContext

if TYPE_CHECKING:
    from backend.zerogpu import ZeroGpu


class OnDemandRunner:
    """Each task gets a worker of its own, in the context of the visitor's request: it says whose quota is used."""

    def __init__(
        self, shop: WorkerContext, process: str, queries: TaskQueries, info: dict[str, Any], runners: list[Worker]
    ) -> None:
        """`runners` are those at work now; `info` describes the engine."""
        self._shop = shop
        self._process = process
        self._queries = queries
        self._info = info
        self._runners = runners

    def begin(self, task: int) -> None:
        """Makes a task, if it waits and nobody else has it. Returns at once."""
        runner = Worker(f"visit-{task}", self._gpu(task), self._shop, self._process)
        context = contextvars.copy_context()
        threading.Thread(target=context.run, args=(self._run, runner, task), name=runner.name, daemon=True).start()

    def _run(self, runner: Worker, task: int) -> None:
        self._runners.append(runner)
        try:
            runner.run_only(task)
        finally:
            self._runners.remove(runner)

    def _gpu(self, task: int) -> "ZeroGpu":
        from backend.zerogpu import ZeroGpu, seconds_to_ask

        _, content, _, _ = self._queries.task(OWNER, task)
        known = durations.left(self._queries.phase_times_like(task), list(content.phases), None, 0.0)
        most = self._shop.settings.zerogpu_seconds
        return ZeroGpu(self._info, seconds_to_ask(known, content.announced, content.graph, most))
