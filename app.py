"""Start here: `python app.py` serves the page, while the engine starts in its own process."""

import ipaddress
import os
import sys
from typing import Annotated

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # before gradio is imported: nothing is told to anyone

import typer

import ui
from jobs import Jobs
from settings import Settings


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def serve(settings: Settings) -> None:
    """Serves until interrupted. Ends with exit code 2 where it would be open to others without a password."""
    if not is_loopback(settings.host) and not (settings.user and settings.password):
        sys.exit(
            f"Listening on {settings.host} lets others in. Set KINORA_USER and KINORA_PASSWORD first, "
            "or listen on 127.0.0.1."
        )
    os.environ["GRADIO_TEMP_DIR"] = str(settings.home / "cache")  # what the page shows, under unguessable names
    settings.outputs_dir.mkdir(parents=True, exist_ok=True)
    jobs = Jobs(settings)
    page = ui.build(jobs)
    jobs.start()
    try:
        page.launch(
            server_name=settings.host,
            server_port=settings.port,
            auth=(settings.user, settings.password) if settings.user and settings.password else None,
            allowed_paths=[str(settings.outputs_dir)],
            run_history=False,
            footer_links=[],
            share=False,
            ssr_mode=False,
            theme=ui.theme(),
            css=ui.CSS,
            head=ui.HEAD,
        )
    finally:
        jobs.stop()


def main(
    host: Annotated[str | None, typer.Option(help="Address to listen on (KINORA_HOST).")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on (KINORA_PORT).")] = None,
) -> None:
    """Serve Kinora's page."""
    given = {"host": host, "port": port}
    serve(Settings(**{name: value for name, value in given.items() if value is not None}))


if __name__ == "__main__":
    typer.run(main)
