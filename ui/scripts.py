"""The page's JavaScript: the modules in `static/`, served as files that browsers may keep for ever."""

import hashlib
import json
from pathlib import Path

from fastapi import APIRouter, Response

from errors import NotFoundError
from media.kinds import SHOWN_AS

_FOLDER = Path(__file__).resolve().parent / "static"
_KINDS = f"""// Written by ui/scripts.py from media/kinds.py: what a file is shown as, by its suffix.
export const SHOWN_AS = {json.dumps(dict(SHOWN_AS))};
"""
FILES = {file.relative_to(_FOLDER).as_posix(): file.read_bytes() for file in sorted(_FOLDER.rglob("*.js"))}
FILES["kinds.js"] = _KINDS.encode()
"""Every module, by its path within the version's address."""

_VERSION = hashlib.sha256(repr(FILES).encode()).hexdigest()[:16]

PREFIX = "/scripts"
"""Gradio has `/static` and `/assets` itself."""

HEAD = "".join(f'<link rel="modulepreload" href="./scripts/{_VERSION}/{name}">' for name in FILES) + (
    f'<script type="module" src="./scripts/{_VERSION}/app.js"></script>'
)
"""Addresses are relative to the page's, because a proxy may add a path in front of it."""


def on_load(name: str) -> str:
    """The `js_on_load` of a gr.HTML whose behaviour is the module `name`: it calls the module's `start`."""
    assert name in FILES, name
    address = f'new URL("./scripts/{_VERSION}/{name}", document.baseURI)'
    return f"import({address}).then((module) => module.start({{ element, props, trigger, watch }}));"


router = APIRouter(include_in_schema=False)


@router.get(PREFIX + "/{version}/{name:path}")
def _script(version: str, name: str) -> Response:
    """One module. The version is part of the address, so that imports between modules stay within one version."""
    if version != _VERSION or name not in FILES:
        raise NotFoundError("There is no such script in this version of Kinora. Reload the page.")
    headers = {"Cache-Control": "max-age=31536000, immutable"}
    return Response(FILES[name], media_type="text/javascript", headers=headers)
