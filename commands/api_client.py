"""The queue of a running Kinora, reached over its API with the methods that `CallerQueue` has."""

import json
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import httpx2

from backend.process import ENGINE
from constants import API_PREFIX
from errors import BatchError, BusyError, InvalidInputError, KinoraError, NotFoundError, Problem
from events import EVENT_NAMES, Event
from jobs import (
    STATUSES,
    ActionResult,
    CallerQueue,
    JobPage,
    JobQueue,
    JobSummary,
    Plan,
    QueueState,
    RunningInstance,
    Selection,
    Status,
    Submission,
    TaskDetail,
    TaskPage,
    find_running,
)
from modes import InvalidParamsError
from settings import Settings

EVENTS: dict[str, type[Event]] = {name: kind for kind, name in EVENT_NAMES.items()}


class ApiClient:
    """A `QueueApi` that raises errors with the same sentences as `CallerQueue`.

    A ForbiddenError, LimitError or StorageError of the server becomes an InvalidInputError or a KinoraError. Raises
    BusyError where the running Kinora is not responding.
    """

    def __init__(self, found: RunningInstance) -> None:
        headers = {"Authorization": f"Bearer {found.token}"}
        timeout = httpx2.Timeout(120.0, connect=5.0)
        self._http = httpx2.Client(base_url=f"{found.url}{API_PREFIX}", headers=headers, timeout=timeout)

    def plan(self, submission: Submission) -> Plan:
        return Plan(**self._post("/plan", submission.model_dump(mode="json")))

    def submit(self, submission: Submission, skip_bad: bool = False) -> JobSummary:
        query = {"skip_bad": skip_bad}
        return JobSummary(**self._post("/jobs", submission.model_dump(mode="json"), params=query))

    def rerun(self, job: int, new_seeds: bool = False, key: str | None = None) -> JobSummary:
        return JobSummary(**self._post(f"/jobs/{job}/again", {"new_seeds": new_seeds, "key": key}))

    def cancel(self, selection: Selection) -> ActionResult:
        return ActionResult(**self._post("/tasks/cancel", selection.model_dump()))

    def retry(self, selection: Selection, new_seeds: bool = False) -> ActionResult:
        return ActionResult(**self._post("/tasks/retry", {"selection": selection.model_dump(), "new_seeds": new_seeds}))

    def move_to_front(self, selection: Selection) -> ActionResult:
        return ActionResult(**self._post("/tasks/front", selection.model_dump()))

    def set_priority(self, selection: Selection, priority: int) -> ActionResult:
        return ActionResult(
            **self._post("/tasks/priority", {"selection": selection.model_dump(), "priority": priority})
        )

    def pause(self, paused: bool = True) -> QueueState:
        return QueueState(**self._post("/queue/pause" if paused else "/queue/resume", {}))

    def state(self) -> QueueState:
        return QueueState(**self._get("/queue"))

    def tasks(
        self,
        statuses: Sequence[Status] = STATUSES,
        job: int | None = None,
        search: str = "",
        limit: int = 50,
        cursor: str | None = None,
    ) -> TaskPage:
        query = {"status": list(statuses), "job": job, "search": search, "limit": limit, "cursor": cursor}
        return TaskPage(**self._get("/tasks", {name: value for name, value in query.items() if value}))

    def task(self, task: int) -> TaskDetail:
        return TaskDetail(**self._get(f"/tasks/{task}"))

    def job(self, job: int) -> JobSummary:
        return JobSummary(**self._get(f"/jobs/{job}"))

    def jobs(self, limit: int = 50, cursor: str | None = None, search: str = "") -> JobPage:
        query = {"limit": limit, "cursor": cursor, "search": search}
        return JobPage(**self._get("/jobs", {name: value for name, value in query.items() if value}))

    def updates(self, task: int, every: float | None = None) -> Generator[list[Event], None, None]:
        """`every` has no effect: nothing comes while the task is silent."""
        with _errors_translated(), self._http.stream("GET", f"/tasks/{task}/events", timeout=None) as stream:
            for message in httpx2.EventSource(_check(stream)):
                if message.event in EVENTS:
                    yield [_event(message.event, json.loads(message.data))]

    def _get(self, path: str, query: dict[str, Any] | None = None) -> Any:
        with _errors_translated():
            return _check(self._http.get(path, params=query)).json()

    def _post(self, path: str, content: dict[str, Any], params: dict[str, Any] | None = None) -> Any:
        with _errors_translated():
            return _check(self._http.post(path, json=content, params=params)).json()


engine_program = ContextVar("engine_program", default=ENGINE)
"""The module that is run as an engine's process where a command generates by itself."""


def open_queue(settings: Settings) -> CallerQueue | ApiClient:
    """The queue of the Kinora that runs on this home folder, or the database itself where none runs."""
    return running(settings) or CallerQueue(JobQueue(settings))


def running(settings: Settings) -> ApiClient | None:
    """The Kinora that runs on this home folder and serves its API."""
    found = find_running(settings.home)
    return ApiClient(found) if found and found.url else None


@contextmanager
def _errors_translated() -> Iterator[None]:
    """Raises BusyError for a server that is not responding."""
    try:
        yield
    except httpx2.HTTPError as error:
        raise BusyError(
            "The running Kinora is not responding.", "Try again, or stop it and start it again.", detail=str(error)
        ) from error


def _check(answer: httpx2.Response) -> httpx2.Response:
    """Returns a successful answer; raises the error that another one describes."""
    if answer.is_success:
        return answer
    answer.read()
    try:
        problem: dict[str, Any] = answer.json()
    except ValueError:
        problem = {"detail": f"The running Kinora answered {answer.status_code}."}
    if problem.get("problems"):
        raise BatchError([Problem(**each) for each in problem["problems"]], problem.get("good", 0))
    message, hint, fields = problem.get("detail", ""), problem.get("hint", ""), problem.get("fields", {})
    if answer.status_code == 404:
        raise NotFoundError(message, next(iter(fields), ""), hint)
    if list(fields.values()) == [message]:
        raise InvalidInputError(message, next(iter(fields)), hint)
    if fields:
        raise InvalidParamsError(fields)
    raise KinoraError(message, hint)


def _event(kind: str, content: dict[str, Any]) -> Event:
    if kind == "output":
        content["files"] = tuple(Path(file) for file in content["files"])
        content["executed"] = tuple(content["executed"])
    return EVENTS[kind](**content)
