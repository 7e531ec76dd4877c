"""The Hugging Face Hub: asks it about a file, reads the file's bytes, and explains its errors in plain words.

Kinora uses the client of huggingface_hub (endpoint, token, session, proxies, typed errors) for all but the bytes.
`hf_hub_download` of version 2.4 keeps nothing of an interrupted transfer (file_download.py,
`_download_to_tmp_and_move`), and neither does hf_xet; the largest model file has 40 GB. Therefore the bytes are read
from the Hub's plain HTTP address, which supports ranges, also for repositories that are stored with xet.
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
from huggingface_hub import constants, get_hf_file_metadata, get_token, hf_hub_url
from huggingface_hub.errors import (
    FileMetadataError,
    HfHubHTTPError,
    HFValidationError,
    OfflineModeIsEnabled,
    RevisionNotFoundError,
)
from huggingface_hub.utils import build_hf_headers, get_session, hf_raise_for_status, parse_ratelimit_headers

from errors import DownloadError
from models.registry import ModelFile

ERRORS = (
    HfHubHTTPError,
    FileMetadataError,
    HFValidationError,
    OfflineModeIsEnabled,
    httpx2.TransportError,
    httpx2.InvalidURL,
)
_TRANSIENT_STATUS = {408, 425, 429, 500, 502, 503, 504}
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class RemoteFile:
    """What the Hub states about a file. `url` leads to its content in one commit (`revision`); `size` is in bytes."""

    url: str
    revision: str
    size: int
    sha256: str


def endpoint() -> str:
    """Returns the Hub's address: the current `HF_ENDPOINT`, which the library itself reads only when it is imported."""
    return (os.environ.get("HF_ENDPOINT") or constants.ENDPOINT).rstrip("/")


def cache_dir() -> Path:
    """Returns the folder of the Hugging Face cache: the current `HF_HUB_CACHE`, or else the library's default."""
    return Path(os.environ.get("HF_HUB_CACHE") or constants.HF_HUB_CACHE)


def resolve(file: ModelFile) -> RemoteFile:
    """Asks the Hub for the commit, size and hash of a file, without transferring its content.

    Raises DownloadError where the answer contradicts what is known about the file, and one of ERRORS where the Hub
    gives no usable answer.
    """
    url = hf_hub_url(file.repo, file.path, revision=file.revision, endpoint=endpoint())
    stated = get_hf_file_metadata(url, timeout=constants.HF_HUB_ETAG_TIMEOUT, endpoint=endpoint())
    if stated.commit_hash is None or stated.size is None:
        raise FileMetadataError(f"the answer for {url} has no commit or no size")
    # The Hub's etag of a large file is the SHA-256 of its content.
    sha256 = stated.etag if stated.etag and _SHA256.fullmatch(stated.etag) else None
    if (file.size or stated.size) != stated.size or (sha256 and (file.sha256 or sha256) != sha256):
        raise DownloadError(
            f"{file.name} at {file.repo} is no longer the file that Kinora knows.",
            "Update Kinora. Nothing was downloaded.",
            f"known: {file.size} bytes, sha256 {file.sha256}; offered: {stated.size} bytes, sha256 {sha256}",
        )
    digest = file.sha256 or sha256
    if digest is None:
        raise FileMetadataError(f"the answer for {url} has no sha256")
    return RemoteFile(
        url=hf_hub_url(file.repo, file.path, revision=stated.commit_hash, endpoint=endpoint()),
        revision=stated.commit_hash,
        size=stated.size,
        sha256=digest,
    )


@contextmanager
def open_stream(remote: RemoteFile, start: int) -> Iterator[httpx2.Response]:
    """Opens the file's content from byte `start` on. Raises one of ERRORS.

    Each call asks the Hub again, because its links to the storage expire. Where `start` is not 0 and the status is
    200 instead of 206, the server ignored the range and sends the whole file.
    """
    headers = {**build_hf_headers(), "Accept-Encoding": "identity"}
    if start:
        headers["Range"] = f"bytes={start}-"
    timeout = constants.HF_HUB_DOWNLOAD_TIMEOUT
    with get_session().stream("GET", remote.url, headers=headers, timeout=timeout) as response:
        hf_raise_for_status(response)
        yield response


def is_transient(error: Exception) -> bool:
    """Says whether the same request may succeed later."""
    return isinstance(error, httpx2.TransportError) or _status(error) in _TRANSIENT_STATUS


def asked_delay(error: Exception) -> float:
    """Returns how many seconds the server asks Kinora to wait before the next attempt; 0 where it does not say."""
    if not isinstance(error, HfHubHTTPError):
        return 0.0
    seconds = error.response.headers.get("Retry-After", "")
    if seconds.isdigit():
        return float(seconds)
    limit = parse_ratelimit_headers(error.response.headers)
    return float(limit.reset_in_seconds) if limit is not None and limit.remaining == 0 else 0.0


def explain(error: Exception, file: ModelFile, folder: Path) -> DownloadError:
    """Turns one of ERRORS into a DownloadError; `folder` is where a person can put the file by hand."""
    detail = f"{type(error).__name__}: {error}"
    status = _status(error)
    page = f"{endpoint()}/{file.repo}"
    by_hand = f"or put {file.name} into {folder} yourself"
    if isinstance(error, OfflineModeIsEnabled):
        return DownloadError(
            f"{file.name} is missing, and downloads are switched off.", f"Unset HF_HUB_OFFLINE, {by_hand}.", detail
        )
    if status in (401, 403):
        return DownloadError(*_refused(file, page), detail)
    if isinstance(error, RevisionNotFoundError):
        return DownloadError(
            f"The revision {file.revision} of {file.repo} was removed upstream.", f"Update Kinora, {by_hand}.", detail
        )
    if status in (404, 410):
        return DownloadError(
            f"{file.path} is no longer in {file.repo}: it was renamed or removed upstream.",
            f"Update Kinora, {by_hand}.",
            detail,
        )
    if status == 429:
        wait = asked_delay(error)
        when = f"in {wait:.0f} seconds" if wait else "in a few minutes"
        return DownloadError(
            f"{endpoint()} has received too many requests and refuses {file.name} for now.",
            f"Try again {when}; with a token in HF_TOKEN the limit is higher.",
            detail,
        )
    if status is not None:
        return DownloadError(
            f"{endpoint()} failed to deliver {file.name} (status {status}).", f"Try again later, {by_hand}.", detail
        )
    if isinstance(error, httpx2.TransportError):
        return DownloadError(
            f"{file.name} could not be downloaded: no connection to {endpoint()}.",
            f"Check the network, set HF_ENDPOINT to a mirror, {by_hand}.",
            detail,
        )
    return DownloadError(
        f"{endpoint()} gave no usable answer for {file.name}.", f"Check HF_ENDPOINT and any proxy, {by_hand}.", detail
    )


def _refused(file: ModelFile, page: str) -> tuple[str, str]:
    """Returns the message and the hint for a file that the Hub refuses; `page` is the address of its repository."""
    if get_token() is None:
        return (
            f"{file.name} needs a token: {file.repo} is gated or private.",
            f"Accept its licence at {page}, create a token with read access at {endpoint()}/settings/tokens, "
            "set HF_TOKEN to it and start Kinora again.",
        )
    return (
        f"The token in use may not read {file.name}: {file.repo} is gated or private.",
        f"Accept its licence at {page} with the account of the token, or set HF_TOKEN to another one.",
    )


def _status(error: Exception) -> int | None:
    return error.response.status_code if isinstance(error, HfHubHTTPError) else None
