"""Start here: `python app.py` serves the page and REST, while each engine starts in its own process."""

import asyncio
import os
import socket
import sys
import threading
from typing import Annotated, NoReturn

import typer
import uvicorn
from fastapi import FastAPI

import api
import ui
from backend.process import ENGINE
from comfyui import install
from errors import BusyError, KinoraError
from host import on_a_space
from jobs import JobQueue
from settings import Settings
from web.public_link import open_public_link

BAD_INPUT = 2  # exit code


def serve(settings: Settings, engine_program: str = ENGINE) -> None:
    """Serves until interrupted. `engine_program` is the module that runs as an engine process.

    Exits with code 2 if Kinora would be open to others without a password, if another Kinora uses the same home folder
    or the folder is not writable, or if the port is taken.
    """
    if settings.reachable and not (settings.login or settings.without_password):
        what = "A public link" if settings.share else f"Listening on {settings.host}"
        _abort(
            f"{what} lets others in. Set KINORA_USER and KINORA_PASSWORD first, listen on 127.0.0.1 only, "
            "or add --without-password if everyone who can reach it may use it."
        )
    if on_a_space() and install.main():  # no set-up ran before; `main` has printed what is wrong
        raise SystemExit(1)
    os.environ["GRADIO_TEMP_DIR"] = str(settings.cache_dir)  # holds what the page shows, under unguessable names
    try:
        settings.outputs_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        _abort(
            f"Kinora cannot write to {settings.home}: {error.strerror}. Give yourself write access to that folder (in "
            "the container: user 10001), or set KINORA_HOME to another one."
        )
    listening = _listen(settings)
    try:
        queue = JobQueue(settings, engine_program)
        server_app = ui.mount(api.create(queue), queue)
        queue.start()  # last, because starting engines would slow the page down
    except KinoraError as error:
        _abort(error.words, BAD_INPUT if isinstance(error, BusyError) else 1)
    try:
        _serve(server_app, queue, listening)
    finally:
        queue.stop()


def _serve(server_app: FastAPI, queue: JobQueue, listening: socket.socket) -> None:
    settings = queue.settings
    port = listening.getsockname()[1]
    url = address(settings.host, port)
    config = uvicorn.Config(
        server_app,
        port=port,
        log_level="warning",
        timeout_graceful_shutdown=1,
        ws="none",
        forwarded_allow_ips=settings.trusted_proxies,
    )
    server = uvicorn.Server(config)
    if settings.zerogpu:
        from backend import zerogpu  # imports torch

        zerogpu.use_server(server_app.state.blocks, server)
    queue.lock.announce_address(url)
    print(f"Kinora runs at {url} and keeps its files in {settings.home}", flush=True)
    if queue.opening_message:
        print(queue.opening_message, flush=True)
    if settings.share:
        threading.Thread(target=_share, args=(settings.host, listening.getsockname()[1]), daemon=True).start()
    asyncio.run(server.serve(sockets=[listening]))


def address(host: str, port: int) -> str:
    """Where the page is: a URL needs brackets around an IPv6 address."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _share(host: str, port: int) -> None:
    """Opens the public link, which takes seconds. Kinora serves meanwhile, and also if it fails."""
    try:
        print(f"Others can reach Kinora at {open_public_link(host, port)}", flush=True)
    except KinoraError as error:
        print(f"{error.words}\n{error.detail}", file=sys.stderr, flush=True)


def _listen(settings: Settings) -> socket.socket:
    """Binds the port before anything else starts, so that a port that is taken is reported at once."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    # Only for a socket that is marked as TCP does asyncio disable Nagle's algorithm, which costs 40 ms an answer.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((settings.host, settings.port))
    except OSError as error:
        _abort(f"Port {settings.port} on {settings.host} cannot be used: {error.strerror}. Set KINORA_PORT.")
    return listening


def _abort(reason: str, code: int = BAD_INPUT) -> NoReturn:
    print(reason, file=sys.stderr)
    raise SystemExit(code)


def main(
    host: Annotated[str | None, typer.Option(help="Address to listen on (KINORA_HOST).")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on (KINORA_PORT).")] = None,
    share: Annotated[
        bool | None, typer.Option("--share", help="Ask for a public link through Gradio's servers (KINORA_SHARE).")
    ] = None,
    without_password: Annotated[
        bool | None,
        typer.Option("--without-password", help="Require no password from others (KINORA_WITHOUT_PASSWORD)."),
    ] = None,
) -> None:
    """Serve Kinora's page."""
    given = {"host": host, "port": port, "share": share, "without_password": without_password}
    serve(Settings(**{name: value for name, value in given.items() if value is not None}))


if __name__ == "__main__":
    typer.run(main)
elif on_a_space():  # a Space may import this file instead of running it
    serve(Settings())
