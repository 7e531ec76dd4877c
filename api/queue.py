"""The queue as a whole, and its jobs."""

from fastapi import APIRouter, status
from pydantic import BaseModel

from api.common import Cursor, JobId, Limit, Queue, Search
from jobs import EngineSummary, JobPage, JobSummary, QueueState
from settings import VERSION

router = APIRouter()


class Health(BaseModel):
    status: str
    version: str
    engines: list[EngineSummary]


class Again(BaseModel):
    """`key`: the same one again gives the same new job."""

    new_seeds: bool = False
    key: str | None = None


@router.get("/health")
def health(queue: Queue) -> Health:
    """Open to everybody."""
    return Health(status="ok", version=VERSION, engines=queue.state().engines)


@router.get("/queue")
def queue_state(queue: Queue) -> QueueState:
    return queue.state()


@router.post("/queue/pause")
def pause(queue: Queue) -> QueueState:
    """What runs goes on to its end; nothing begins until it is resumed."""
    return queue.pause(True)


@router.post("/queue/resume")
def resume(queue: Queue) -> QueueState:
    return queue.pause(False)


@router.get("/jobs")
def jobs(queue: Queue, limit: Limit = 50, cursor: Cursor = None, search: Search = "") -> JobPage:
    """Newest first."""
    return queue.jobs(limit, cursor, search)


@router.get("/jobs/{job}")
def job(job: JobId, queue: Queue) -> JobSummary:
    return queue.job(job)


@router.post("/jobs/{job}/again", status_code=status.HTTP_201_CREATED)
def again(job: JobId, ask: Again, queue: Queue) -> JobSummary:
    """A whole job once more, as a new one."""
    return queue.rerun(job, ask.new_seeds, ask.key)
