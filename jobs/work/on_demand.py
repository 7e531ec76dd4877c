"""Runs tasks while their visitors watch, without workers in the background: on ZeroGPU, which lends its GPU for a
call."""

import contextvars
import secrets
import threading
from typing import TYPE_CHECKING, Any

from jobs.store.queries import TaskQueries
from jobs.types import OWNER
from jobs.work import durations
from jobs.work.worker import Worker, WorkerContext

if TYPE_CHECKING:
    from backend.zerogpu import ZeroGpu


class OnDemandRunner:
    """Gives each task a worker of its own, in the context of the visitor's request, which says whose quota is used."""

    def __init__(
        self, context: WorkerContext, process: str, queries: TaskQueries, info: dict[str, Any], workers: list[Worker]
    ) -> None:
        """`workers` are those that run now; `info` describes the engine."""
        self._context = context
        self._process = process
        self._queries = queries
        self._info = info
        self._workers = workers

    def begin(self, task: int) -> None:
        """Starts a task, if it is queued, in a copy of the caller's context, and returns at once."""
        worker = Worker(f"visit-{secrets.token_hex(3)}", self._gpu(task), self._context, self._process)
        request = contextvars.copy_context()
        threading.Thread(target=request.run, args=(self._run, worker, task), name=worker.name, daemon=True).start()

    def _run(self, worker: Worker, task: int) -> None:
        self._workers.append(worker)
        try:
            worker.run_only(task)
        finally:
            self._workers.remove(worker)

    def _gpu(self, task: int) -> "ZeroGpu":
        from backend.zerogpu import ZeroGpu, seconds_to_ask

        content = self._queries.task(OWNER, task).details
        known = durations.left(self._queries.phase_times_like(task), list(content.phases), None, 0.0)
        most = self._context.settings.zerogpu_seconds
        return ZeroGpu(self._info, seconds_to_ask(known, content.announced, content.graph, most))
