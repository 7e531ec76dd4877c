"""The modes: what there is, with which parameters, and what each still has to download."""

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel

import modes
from api.dependencies import Queue
from jobs import CallerQueue
from modes import Mode

router = APIRouter()


class ModeInfo(BaseModel):
    """`parameters` is the JSON schema of the mode's values."""

    id: str
    label: str
    group: str
    summary: str
    presets: list[dict[str, str]]
    parameters: dict[str, Any]


class ModePresence(BaseModel):
    """What a mode still has to download before its first example can run; `bytes` is None if unknown."""

    mode: str
    files: int
    bytes: int | None


@router.get("/modes")
def all_modes(queue: Queue) -> list[ModeInfo]:
    """Lists all modes with their parameters."""
    return [_info(mode, queue) for mode in modes.MODES.values()]


@router.get("/modes/presence")
def presence(queue: Queue) -> list[ModePresence]:
    """What each mode still has to download."""
    return [_presence(mode, queue) for mode in modes.MODES.values()]


@router.get("/modes/{mode}")
def one_mode(mode: str, queue: Queue) -> ModeInfo:
    """One mode with its parameters."""
    return _info(modes.get(mode), queue)


@router.get("/loras")
def loras(queue: Queue) -> list[str]:
    """Lists the LoRA files that are here."""
    return queue.loras()


def _presence(mode: Mode, queue: CallerQueue) -> ModePresence:
    params = mode.validate(mode.examples[0].values, queue.settings)
    sizes = [each.size for each in queue.to_download(mode, params)]
    known = [size for size in sizes if size is not None]
    return ModePresence(mode=mode.id, files=len(sizes), bytes=sum(known) if len(known) == len(sizes) else None)


def _info(mode: Mode, queue: CallerQueue) -> ModeInfo:
    schema = mode.params.model_json_schema()
    for parameter in mode.parameters(queue.settings.use_demo):
        if parameter.default is not None:
            schema["properties"][parameter.name]["default"] = parameter.default
    presets = [{"id": preset.id, "label": preset.label, "summary": preset.summary} for preset in mode.presets]
    return ModeInfo(
        id=mode.id, label=mode.label, group=mode.group, summary=mode.summary, presets=presets, parameters=schema
    )
