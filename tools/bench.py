"""Measures the figures that Kinora promises, on demo models and the CPU: python tools/bench.py

Prints a table; the exit code is 1 if a target is missed. It takes about seven minutes and needs a Chromium; the figures
of a cluster need the packages of requirements-cluster.txt.
"""

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # run as a script, only tools/ is on it


def main(
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the figures there as JSON.")] = None,
    crashes: Annotated[bool, typer.Option(help="Also kill the app and its engine 70 times; six minutes more.")] = False,
    markdown: Annotated[Path | None, typer.Option(help="Write docs/benchmarks.md, or another file.")] = None,
) -> None:
    """Measure serving, memory, overhead, caching and cancelling, and compare them with their targets."""
    with tempfile.TemporaryDirectory(prefix="kinora-bench-", ignore_cleanup_errors=True) as home:
        _use_only(home)
        from settings import Settings
        from tools.measure import clips, cluster, figures, lent, pages, pieces, servers, store
        from tools.measure import crashes as crash

        if servers.CHROMIUM is None:
            sys.exit("This needs a Chromium: the memory of the page's process is measured with the page open.")
        settings = Settings()
        found: list[figures.Figure] = []
        measures = [
            clips.measure,
            servers.measure,
            pages.measure,
            pieces.measure,
            store.measure,
            lent.measure,
            cluster.measure,
        ]  # clips first: they make the demo models
        for measure in [*measures, *([crash.measure] if crashes else [])]:
            for figure in measure(settings):
                found.append(figure)
                typer.echo(f"{figure.name}: {figure.shown()[0]}", err=True)
    machine = figures.Machine.here()
    figures.table(found, machine)
    if json_file:
        json_file.write_text(json.dumps(figures.as_json(found, machine), indent=2), encoding="utf-8")
    if markdown:
        markdown.write_text(figures.markdown(found, machine) + _other_sections(markdown), encoding="utf-8")
    if not all(figure.ok for figure in found):
        raise typer.Exit(1)


def _other_sections(page: Path) -> str:
    """The sections that a page already has, which other tools measure."""
    written = page.read_text(encoding="utf-8") if page.is_file() else ""
    start = written.find("\n## ")
    return "" if start < 0 else written[start:]


def _use_only(home: str) -> None:
    """Removes the settings of the person who runs this from the environment, except where ComfyUI is.

    Threads of OpenMP wait passively here: spinning ones can make clips up to 15 times slower on a busy machine.
    """
    for name in list(os.environ):
        if name.startswith("KINORA_") and name != "KINORA_COMFYUI_DIR":
            del os.environ[name]
    os.environ |= {"KINORA_HOME": home, "KINORA_DEVICE": "cpu", "KINORA_DEMO": "always", "OMP_WAIT_POLICY": "PASSIVE"}


if __name__ == "__main__":
    typer.run(main)
