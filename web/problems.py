"""Errors as application/problem+json (RFC 9457), with the same sentences as on the page."""

import logging
import math
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from constants import API_PREFIX
from errors import (
    BatchError,
    BusyError,
    ForbiddenError,
    InvalidInputError,
    KinoraError,
    LimitError,
    NotFoundError,
    Problem,
    StorageError,
)
from modes import InvalidParamsError

logger = logging.getLogger(__name__)


class ProblemDetails(BaseModel):
    """The body of an error. `fields` has a sentence for each wrong field, by its name; `problems` lists the entries of
    a batch that cannot run, and `good` counts those that can."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    hint: str = ""
    fields: dict[str, str] | None = None
    problems: list[Problem] | None = None
    good: int | None = None


def response(status: int, detail: str, headers: dict[str, str] | None = None, **more: Any) -> JSONResponse:
    """An error as an answer; `more` are further fields of `ProblemDetails`."""
    titles = {
        401: "Not logged in",
        403: "Not allowed",
        404: "Not found",
        422: "Invalid input",
        429: "Too many requests",
        503: "Not available",
    }
    content = ProblemDetails(title=titles.get(status, "Error"), status=status, detail=detail, **more)
    body = content.model_dump(mode="json", exclude_none=True)
    return JSONResponse(body, status, headers, media_type="application/problem+json")


def retry_after(seconds: float) -> dict[str, str]:
    """The header that tells a client how many seconds to wait, rounded up."""
    return {"Retry-After": str(math.ceil(seconds))}


def install(app: FastAPI) -> None:
    """Makes the server answer every error as a problem."""
    app.add_exception_handler(KinoraError, _known)
    app.add_exception_handler(RequestValidationError, _unparsed)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unknown)


def _known(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, KinoraError)
    more: dict[str, Any] = {"hint": error.hint}
    match error:
        case InvalidParamsError():
            more["fields"] = error.fields
        case BatchError():
            more |= {"problems": error.problems, "good": error.good}
        case InvalidInputError() if error.field:
            more["fields"] = {error.field: error.message}
    headers = retry_after(error.seconds) if isinstance(error, LimitError) and error.seconds else None
    match error:
        case NotFoundError():
            status = 404
        case ForbiddenError():
            status = 403
        case LimitError():
            status = 429
        case StorageError() | BusyError():
            status = 503
        case _:
            status = 422
    return response(status, error.message, headers, **more)


def _unparsed(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    fields = {}
    for each in error.errors():
        place = ".".join(str(part) for part in each["loc"] if part not in ("body", "query", "path"))
        fields[place or "body"] = f"{each['msg']}."
    return response(422, f"The request does not match the API's schema (see {API_PREFIX}/openapi.json).", fields=fields)


def _http(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    return response(error.status_code, f"{error.detail}.", headers=dict(error.headers or {}))


def _unknown(_request: Request, error: Exception) -> JSONResponse:
    logger.error("A request failed", exc_info=error)
    return response(500, "Kinora failed to answer this request.", hint="The log has the details.")
