"""Writes workflows/*.json from the official templates, and converts any one template.

python tools/extract_modes.py convert FILE   print FILE in the API format, as the frontend would send it
python tools/extract_modes.py write          write the workflow of every recipe
python tools/extract_modes.py check          compare the written workflows with the templates
"""

import contextlib
import json
import sys
from importlib import resources
from pathlib import Path
from typing import Annotated, Any

import typer

PROJECT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PROJECT))  # run as a script, only tools/ is on it

from tools.extract import nodeinfo  # noqa: E402
from tools.extract.convert import Prompt  # noqa: E402
from tools.extract.convert import convert as convert_template  # noqa: E402
from tools.extract.graph import TemplateError  # noqa: E402
from tools.extract.recipes import RECIPES, Recipe  # noqa: E402

WORKFLOWS = PROJECT / "workflows"

app = typer.Typer(help=__doc__, add_completion=False, no_args_is_help=True)


def template(name: str) -> dict[str, Any]:
    """A template of the pinned package comfyui-workflow-templates-json."""
    folder = resources.files("comfyui_workflow_templates_json") / "templates"
    return json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))


def build(recipe: Recipe) -> Prompt:
    """The recipe's workflow. Raises TemplateError where it no longer fits its template."""
    with contextlib.redirect_stdout(sys.stderr):  # ComfyUI's start-up has things to say
        saved = template(recipe.template) if recipe.template else None
        return recipe.build(saved, nodeinfo.load(), nodeinfo.evaluate)


def text(prompt: Prompt) -> str:
    """A workflow as the text of its file: deterministic, and easy to read in a diff."""
    return json.dumps(prompt, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _modes(pairs: list[str]) -> dict[str, int]:
    modes = {}
    for pair in pairs:
        node, _, mode = pair.partition("=")
        if not node or mode not in ("0", "2", "4"):
            raise typer.BadParameter(f"{pair!r} is not ID=0 (active), ID=2 (muted) or ID=4 (bypassed)")
        modes[node] = int(mode)
    return modes


def _fail(message: str) -> typer.Exit:
    typer.echo(message, err=True)
    return typer.Exit(1)


@app.command()
def convert(
    file: Annotated[Path, typer.Argument(help="A template in the frontend's format", exists=True, dir_okay=False)],
    mode: Annotated[list[str] | None, typer.Option(help="Override a node's mode: ID=0|2|4, repeatable")] = None,
) -> None:
    """Print the template in the API format, unfolded."""
    modes = _modes(mode or [])
    try:
        saved = json.loads(file.read_text(encoding="utf-8"))
        with contextlib.redirect_stdout(sys.stderr):
            prompt = convert_template(saved, nodeinfo.load(), modes)
    except (TemplateError, ValueError) as error:
        raise _fail(f"{file}: {error}") from error
    typer.echo(json.dumps(prompt, indent=2))


@app.command()
def write() -> None:
    """Write the workflow of every recipe."""
    for name, recipe in RECIPES.items():
        prompt = build(recipe)
        (WORKFLOWS / f"{name}.json").write_text(text(prompt), encoding="utf-8")
        typer.echo(f"workflows/{name}.json: {len(prompt)} nodes from {recipe.template or 'no template'}")


@app.command()
def check() -> None:
    """Exit 1 if a written workflow differs from its template, or if ComfyUI rejects one."""
    for name, recipe in RECIPES.items():
        prompt = build(recipe)
        file = WORKFLOWS / f"{name}.json"
        if not file.exists() or file.read_text(encoding="utf-8") != text(prompt):
            raise _fail(f"workflows/{name}.json is not what {recipe.template} gives; run: extract_modes.py write")
        if errors := nodeinfo.node_errors(prompt):
            raise _fail(f"workflows/{name}.json: ComfyUI refuses it: {json.dumps(errors, default=str)}")
        typer.echo(f"workflows/{name}.json: as the template gives it, and valid")


if __name__ == "__main__":
    app()
