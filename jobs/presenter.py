"""Makes the records that page, REST and command line show from stored rows and live events."""

import statistics
import time
from pathlib import Path
from typing import Any

from sqlalchemy import Row

import modes
from constants import API_PREFIX
from jobs.store.queries import TaskQueries
from jobs.types import (
    STATUSES,
    Caller,
    Counts,
    Failure,
    Input,
    JobSummary,
    LogLine,
    OutputFile,
    PhaseTime,
    Progress,
    Status,
    TaskDetail,
    TaskSummary,
)
from jobs.work import durations
from jobs.work.live_events import TaskFeeds


class TaskPresenter:
    """Reads only. Every method may be called from any thread."""

    def __init__(self, queries: TaskQueries, feeds: TaskFeeds) -> None:
        self._queries = queries
        self._feeds = feeds

    def summary(self, row: Row[Any]) -> TaskSummary:
        return TaskSummary(**self._common(row))

    def detail(self, caller: Caller, task: int) -> TaskDetail:
        """Raises NotFoundError."""
        stored = self._queries.task(caller, task)
        content = stored.details
        mode = modes.MODES.get(stored.row.mode)  # none where it was made by another version
        widgets = {each.name: each.widget for each in mode.parameters()} if mode else {}
        return TaskDetail(
            **self._common(stored.row),
            values=content.values,
            announced=content.announced,
            inputs=[
                Input(
                    parameter=each.parameter,
                    widget=widgets.get(each.parameter, ""),
                    original=each.original,
                    url=f"{API_PREFIX}/tasks/{task}/inputs/{each.parameter}",
                )
                for each in stored.inputs
            ],
            phases=[PhaseTime(label=name, seconds=content.phase_seconds.get(name)) for name in content.phases],
            outputs_list=[_output(task, number, Path(path)) for number, path in enumerate(stored.outputs)],
            failure=Failure(**content.failure) if content.failure else None,
            graph=content.graph,
            log=[LogLine(time=line.time, text=line.text) for line in stored.log],
        )

    def job(self, row: Row[Any], counts: Counts) -> JobSummary:
        there: list[Status] = [status for status in STATUSES if getattr(counts, status)]
        return JobSummary(
            id=row.id,
            name=row.name,
            mode=row.mode,
            priority=row.priority,
            tries=row.submission.get("tries", 1),
            created=row.created,
            counts=counts,
            status=there[0] if len(there) == 1 else "mixed",
        )

    def seconds_of(self, timing: str) -> float | None:
        """What a run of that kind takes; None without earlier ones."""
        times = self._queries.run_times(timing)
        return statistics.median(times) if times else None

    def seconds_left(self, workers: int) -> float | None:
        """Until everything queued is done; None where it is not known of some of it, or nothing is."""
        known = [(count, self.seconds_of(timing)) for timing, count in self._queries.queued_kinds().items()]
        if not known or any(seconds is None for _, seconds in known):
            return None
        return sum(count * seconds for count, seconds in known if seconds) / max(1, workers)

    def time_left(self, task: int) -> float | None:
        """Seconds until a task that has not ended will be done; None without earlier runs of its kind."""
        feed = self._feeds.find(task)
        in_phase = time.monotonic() - feed.phase_since if feed else 0.0
        labels = self._queries.phase_labels(task)
        return durations.left(self._queries.phase_times_like(task), labels, feed.phase if feed else None, in_phase)

    def _common(self, row: Row[Any]) -> dict[str, Any]:
        names = set(TaskSummary.model_fields) - {"progress"}
        progress = self._progress(row) if row.status == "running" else None
        return {name: value for name, value in row._mapping.items() if name in names} | {"progress": progress}

    def _progress(self, row: Row[Any]) -> Progress | None:
        feed = self._feeds.find(row.id)
        phase = feed.phase if feed else None
        if phase is None:
            return None
        return Progress(
            phase=phase.label,
            index=phase.index,
            count=phase.count,
            step=phase.step,
            steps=phase.steps,
            fraction=phase.step / phase.steps if phase.steps else None,
            left=self.time_left(row.id),
        )


def _output(task: int, number: int, path: Path) -> OutputFile:
    size = path.stat().st_size if path.is_file() else None
    return OutputFile(name=path.name, path=str(path), url=f"{API_PREFIX}/tasks/{task}/outputs/{number}", bytes=size)
