"""The page and the functions for programs beside the API, on one server."""

from typing import Any

import gradio as gr
from fastapi import FastAPI
from starlette.middleware import Middleware

import modes
from jobs import JobQueue
from ui import endpoints, scripts
from ui.page import build
from ui.theme import CSS, theme
from web.headers import InlineScriptPolicyMiddleware

FUNCTIONS = "/functions"
"""Where Gradio's client and MCP find them. Apart from the page, whose size they would double."""

IDLE = 0.02
"""Seconds between looks for events. Gradio looks every millisecond, which is 5 % of a core while nothing happens."""


def mount(server_app: FastAPI, queue: JobQueue) -> FastAPI:
    """The same server with all of it. Gradio serves what is in its cache, and nothing else: see `files.py`.

    `state.blocks` are Gradio's parts.
    """
    common: dict[str, Any] = {
        "max_file_size": queue.settings.max_upload_bytes,
        "run_history": False,
        "footer_links": [],
        "ssr_mode": False,
    }
    functions, page = endpoints.build(queue, modes.MODES), build(queue)
    for blocks in (functions, page):
        # Said by `launch` alone. Without it Gradio takes any path that a request names for one of its uploads, and
        # copies that file into its cache.
        blocks.has_launched = True
        blocks._queue.sleep_when_free = blocks._queue.progress_update_sleep_when_free = IDLE
    server_app.include_router(scripts.router)
    server_app.state.blocks = [functions, page]
    server_app = gr.mount_gradio_app(
        server_app, functions, path=FUNCTIONS, mcp_server=True, app_kwargs=_with_middleware(), **common
    )
    return gr.mount_gradio_app(
        server_app,
        page,
        path="",
        theme=theme(),
        css=CSS,
        head=scripts.HEAD,
        app_kwargs=_with_middleware(),
        **common,
    )


def _with_middleware() -> dict[str, Any]:
    """What Gradio gives to its own FastAPI app, and adds to: one for each app. Gradio compresses what comes of it."""
    return {"middleware": [Middleware(InlineScriptPolicyMiddleware)]}
