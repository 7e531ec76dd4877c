"""Kinora on the command line: `python cli.py --help`. Options come from the modes' declarations.

Exit codes: 0 done, 1 failed, 2 bad input, 130 cancelled.
"""

from typing import Any

import typer
from pydantic import SecretStr
from typer.core import TyperGroup

import modes
from commands import doctor as health
from commands import queue
from commands.generate import generate
from commands.reporter import BAD_INPUT, FAILED, terminal
from commands.submit import submit
from errors import InvalidInputError, KinoraError
from settings import Settings


class _KinoraGroup(TyperGroup):
    """Prints the errors of every command as a sentence, not as a traceback."""

    # Typer keeps the class that its own signature names private; a command always gets a typer.Context.
    def invoke(self, ctx: typer.Context) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        try:
            return super().invoke(ctx)
        except KinoraError as error:
            terminal.print(error.words, markup=False, style="red", soft_wrap=True)
            raise typer.Exit(BAD_INPUT if isinstance(error, InvalidInputError) else FAILED) from None


app = typer.Typer(
    cls=_KinoraGroup, help="Kinora: generated video, image and sound on your own machine.", no_args_is_help=True
)
app.add_typer(generate, name="generate")
app.add_typer(submit, name="submit")
queue.register(app)


@app.command("modes")
def list_modes() -> None:
    """List the modes."""
    for mode in modes.MODES.values():
        typer.echo(f"{mode.id:<12}{mode.label} ({mode.group}). {mode.summary}")


@app.command("settings")
def list_settings() -> None:
    """List the settings with their values and purposes."""
    values = Settings()
    typer.echo(
        f"From the environment, or from {values.home / 'kinora.toml'} (names in lower case, without the prefix).\n"
    )
    for name, field in Settings.model_fields.items():
        value = getattr(values, name)
        value = "(set)" if isinstance(value, SecretStr) else value
        typer.echo(f"KINORA_{name.upper()} = {value}\n    {field.description}")


@app.command()
def doctor() -> None:
    """Check what Kinora needs on this machine. The exit code is 1 if something is broken."""
    import ui  # noqa: F401  declares its patches of Gradio
    import web.public_link  # noqa: F401  likewise

    checks = list(health.examine(Settings()))
    typer.echo("\n".join(map(str, checks)))
    if not all(check.ok for check in checks):
        raise typer.Exit(FAILED)


if __name__ == "__main__":
    app()
