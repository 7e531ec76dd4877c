"""The page beside the API, on one server."""

import gradio as gr
from fastapi import FastAPI

from jobs import Jobs
from ui.page import build
from ui.theme import CSS, HEAD, theme


def mount(server_app: FastAPI, jobs: Jobs) -> FastAPI:
    """The same server with the page at its root and MCP below. Only results and Gradio's own files are served."""
    return gr.mount_gradio_app(
        server_app,
        build(jobs),
        path="",
        allowed_paths=[str(jobs.settings.outputs_dir)],
        max_file_size=jobs.settings.max_upload_bytes,
        run_history=False,
        footer_links=[],
        ssr_mode=False,
        mcp_server=True,
        theme=theme(),
        css=CSS,
        head=HEAD,
    )
