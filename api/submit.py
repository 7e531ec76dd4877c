"""Submitting: JSON with paths inside allowed folders, or a form with the files themselves."""

import json
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, status
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile

from api.dependencies import Queue, SubmittingQueue, storable
from errors import InvalidInputError
from jobs import Batch, CallerQueue, JobSummary, Plan, Submission
from media import readable
from settings import Settings

router = APIRouter()
SkipBad = Annotated[bool, Query(description="Leave out entries that cannot run")]
FORM: dict[str, Any] = {
    "type": "object",
    "required": ["job"],
    "properties": {
        "job": {"type": "string", "description": "A Submission as JSON"},
        "files": {"type": "array", "items": {"type": "string", "format": "binary"}},
        "table": {"type": "string", "format": "binary"},
    },
    "additionalProperties": {"type": "string", "format": "binary", "description": "By the parameter that takes it"},
}


@router.post("/plan")
def plan(submission: Submission, queue: Queue) -> Plan:
    """What a submission would come to; nothing is queued."""
    return queue.plan(_cleaned(submission))


@router.post("/jobs", status_code=status.HTTP_201_CREATED)
def submit(submission: Submission, queue: SubmittingQueue, skip_bad: SkipBad = False) -> JobSummary:
    """Submits a job. Media files are named by paths in allowed folders."""
    return queue.submit(_cleaned(submission), skip_bad)


@router.post(
    "/jobs/upload",
    status_code=status.HTTP_201_CREATED,
    openapi_extra={"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": FORM}}}},
)
async def upload(request: Request, queue: SubmittingQueue, skip_bad: SkipBad = False) -> JobSummary:
    """Submits a job together with its files: the submission is the part `job`, and each file is a part named after the
    parameter that takes it; `files` and `table` make a batch."""
    async with request.form(max_files=1000, max_fields=1000) as form:
        return await run_in_threadpool(_upload, form, queue, skip_bad)


def _upload(form: FormData, queue: CallerQueue, skip_bad: bool) -> JobSummary:
    text = form.get("job")
    try:
        submission = Submission.model_validate(storable(json.loads(text if isinstance(text, str) else "")))
    except (ValueError, ValidationError, RecursionError):
        raise InvalidInputError("The part “job” must be a submission as JSON.", "job") from None
    with _folder(queue.settings) as folder:
        values, batch = dict(submission.values), submission.batch or Batch()
        files, table = list(batch.files), batch.table
        for number, (name, part) in enumerate(form.multi_items()):
            if not isinstance(part, UploadFile):
                continue
            saved = _save(part, name, folder / str(number), queue.settings)
            if name == "files":
                files.append(saved)
            elif name == "table":
                table = saved
            else:
                values[name] = str(saved)
        many = submission.batch is not None or files or table
        batch = batch.model_copy(update={"files": files, "table": table})
        changed = {"values": values, "batch": batch if many else None, "keep_copies": True}
        return queue.submit(submission.model_copy(update=changed), skip_bad)


def _cleaned(submission: Submission) -> Submission:
    return Submission.model_validate(storable(submission.model_dump(mode="json")))


@contextmanager
def _folder(settings: Settings) -> Iterator[Path]:
    """A folder for the files of one submission; afterwards the queue has copies of its own."""
    folder = settings.uploads_dir / secrets.token_hex(16)
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _save(part: UploadFile, field: str, folder: Path, settings: Settings) -> Path:
    """Saves the part under its own name, made safe, in a folder of its own: two parts may have the same name.

    Raises InvalidInputError at `field` for a file that is too large.
    """
    name = Path((part.filename or "file").replace("\\", "/")).name
    file = folder / f"{readable(Path(name).stem)}{Path(name).suffix.lower()[:10]}"
    folder.mkdir()
    if part.size is not None and part.size > settings.max_upload_bytes:
        raise InvalidInputError(f"{name} is larger than {settings.max_upload_bytes / 1e6:,.0f} MB.", field)
    with file.open("wb") as written:
        shutil.copyfileobj(part.file, written, 1 << 20)
    return file
