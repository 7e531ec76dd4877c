"""The queue as a whole, and its jobs."""

from fastapi import APIRouter, status
from pydantic import BaseModel

from api.dependencies import Cursor, JobId, Limit, Queue, Search, storable
from jobs import JobPage, JobSummary, QueueState
from jobs.types import Key
from settings import VERSION

router = APIRouter()


class EngineHealth(BaseModel):
    name: str
    state: str


class Health(BaseModel):
    status: str
    version: str
    engines: list[EngineHealth]


class Again(BaseModel):
    """How to submit a job again. The same `key` again gives the same new job, not a second one."""

    new_seeds: bool = False
    key: Key | None = None


@router.get("/health")
def health(queue: Queue) -> Health:
    """Whether Kinora is up. Needs no password."""
    engines = [EngineHealth(name=each.name, state=each.state) for each in queue.engines()]
    return Health(status="ok", version=VERSION, engines=engines)


@router.get("/queue")
def queue_state(queue: Queue) -> QueueState:
    """The queue's state: counts, engines, and why nothing starts."""
    return queue.state()


@router.post("/queue/pause")
def pause(queue: Queue) -> QueueState:
    """Running tasks finish; no new ones start until the queue is resumed."""
    return queue.pause(True)


@router.post("/queue/resume")
def resume(queue: Queue) -> QueueState:
    """Lets tasks start again."""
    return queue.pause(False)


@router.get("/jobs")
def jobs(queue: Queue, limit: Limit = 50, cursor: Cursor = None, search: Search = "") -> JobPage:
    """Lists jobs, newest first."""
    return queue.jobs(limit, cursor, search)


@router.get("/jobs/{job}")
def job(job: JobId, queue: Queue) -> JobSummary:
    """One job."""
    return queue.job(job)


@router.post("/jobs/{job}/again", status_code=status.HTTP_201_CREATED)
def again(job: JobId, ask: Again, queue: Queue) -> JobSummary:
    """Submits a whole job again, as a new job."""
    return queue.rerun(job, ask.new_seeds, storable(ask.key))
