"""Gradio's cache: what is uploaded lies in it, and Gradio serves what does, to everybody who knows the path."""

import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gradio as gr

from media import link
from settings import Settings


def served(file: str | Path, settings: Settings) -> str:
    """The file in Gradio's cache, under a name that nobody can guess; Gradio removes it a day later."""
    file = Path(file)
    if file.is_relative_to(settings.cache_dir):
        return str(file)
    place = settings.cache_dir / secrets.token_hex(16) / file.name
    link(file, place)
    return str(place)


def given(value: Any, settings: Settings) -> Any:
    """A media component's payload as the path of its upload, of a mask that of what is painted; others as they are.

    Raises gr.Error for any other file: Gradio looks only at payloads that say of themselves that they are files.
    """
    if isinstance(value, Mapping) and "layers" in value:
        return given(value["layers"][0], settings) if value["layers"] else None
    if not isinstance(value, Mapping):
        return value
    if isinstance(value.get("video"), Mapping):
        return given(value["video"], settings)
    path = value.get("path")
    if path and not Path(path).resolve().is_relative_to(settings.cache_dir.resolve()):
        raise gr.Error("This file was not uploaded here.", print_exception=False)
    return path
