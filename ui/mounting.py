"""Mounts the page, and the functions for programs, beside REST on one server."""

from typing import Any

import gradio as gr
from fastapi import FastAPI
from starlette.middleware import Middleware

import modes
from jobs import JobQueue
from ui import endpoints, scripts
from ui.gradio_compat import check_uploads, poll_less
from ui.page import build
from ui.theme import CSS, theme
from web.headers import InlineScriptPolicyMiddleware

FUNCTIONS = "/functions"
"""Where Gradio's client and MCP find the functions. As a part of the page they would double its size."""


def mount(server_app: FastAPI, queue: JobQueue) -> FastAPI:
    """The server with all of it; its `state.blocks` are the two `gr.Blocks`.

    Gradio serves the files in its cache and no others; see `gradio_cache.py`.
    """
    common: dict[str, Any] = {
        "max_file_size": queue.settings.max_upload_bytes,
        "run_history": False,
        "footer_links": [],
        "ssr_mode": False,
    }
    functions, page = endpoints.build(queue, modes.MODES), build(queue)
    for blocks in (functions, page):
        check_uploads(blocks)
        poll_less(blocks)
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
    """Arguments for the FastAPI app that Gradio makes. Each app needs its own, because Gradio adds to the list."""
    return {"middleware": [Middleware(InlineScriptPolicyMiddleware)]}
