"""Files in Gradio's cache: uploads are in it, and Gradio serves what is in it to everybody who knows the path."""

import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gradio as gr

from media import link
from settings import Settings


def publish_to_cache(file: str | Path, settings: Settings) -> str:
    """The path of the file in Gradio's cache, under a name that nobody can guess. Gradio removes it a day later."""
    file = Path(file)
    if file.is_relative_to(settings.cache_dir):
        return str(file)
    place = settings.cache_dir / secrets.token_hex(16) / file.name
    link(file, place)
    return str(place)


def uploaded_path(value: Any, settings: Settings) -> Any:
    """The path of the upload in a media component's payload; of a mask, of its layer. Other values stay as they are.

    Raises gr.Error for any file outside the cache: Gradio itself checks only payloads that declare themselves files.
    """
    if isinstance(value, Mapping) and "layers" in value:
        return uploaded_path(value["layers"][0], settings) if value["layers"] else None
    if not isinstance(value, Mapping):
        return value
    if isinstance(value.get("video"), Mapping):
        return uploaded_path(value["video"], settings)
    path = value.get("path")
    if path and not Path(path).resolve().is_relative_to(settings.cache_dir.resolve()):
        raise gr.Error("This file was not uploaded here.", print_exception=False)
    return path
