"""The files of tasks: results by range, inputs, thumbnails, previews."""

import hashlib
import mimetypes
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from fastapi.responses import FileResponse

from api.dependencies import Queue, TaskId
from errors import NotFoundError
from jobs import CallerQueue
from media import thumbnail
from web.headers import OUTSIDE_FILE_HEADERS

router = APIRouter(prefix="/tasks/{task}")
JPEG: dict[int | str, dict[str, Any]] = {200: {"content": {"image/jpeg": {}}}}


@router.get("/outputs/{number}", response_class=FileResponse)
def output(task: TaskId, number: int, queue: Queue, download: bool = False) -> FileResponse:
    """A result, or the part of it that a Range header asks for."""
    return _sent(queue.output_file(task, number), download)


@router.get("/inputs/{parameter}", response_class=FileResponse, name="given")
def input_file(task: TaskId, parameter: str, queue: Queue, thumbnail: Annotated[bool, Query()] = False) -> FileResponse:
    """A task's input as it was submitted, or a small image of it."""
    file = queue.input_file(task, parameter)
    return _sent(_small(file, queue) if thumbnail else file, False)


@router.get("/preview", response_class=Response, responses=JPEG)
def preview(task: TaskId, queue: Queue) -> Response:
    """The newest preview of a running task."""
    picture = queue.preview(task)
    if picture is None:
        raise NotFoundError("There is no preview at the moment.", "task")
    return Response(picture, media_type="image/jpeg", headers={"Cache-Control": "no-store"})


def _sent(file: Path, download: bool) -> FileResponse:
    kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    where = "attachment" if download else "inline"
    return FileResponse(
        file, media_type=kind, filename=file.name, content_disposition_type=where, headers=OUTSIDE_FILE_HEADERS
    )


def _small(file: Path, queue: CallerQueue) -> Path:
    """The file's thumbnail, made once per content. Raises MediaError for a file that shows nothing."""
    stat = file.stat()
    key = hashlib.sha256(f"{file}:{stat.st_mtime_ns}:{stat.st_size}".encode()).hexdigest()[:24]
    target = queue.settings.home / "thumbnails" / f"{key}.jpg"
    if not target.is_file():
        thumbnail(file, target, queue.settings)
    return target
