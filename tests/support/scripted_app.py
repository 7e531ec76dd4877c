"""The app with the scripted engine: `python tests/support/scripted_app.py --port 7860`, and "cli" for the terminal.

`support.app_server.Server(home, program="tests/support/scripted_app.py")` starts it as it starts `app.py`.
"""

import os
import sys
from pathlib import Path
from typing import Annotated

TESTS = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS.parent), str(TESTS)]
os.environ["PYTHONPATH"] = os.pathsep.join(sys.path[:2])  # for the engine, which is a child of this process

if __name__ == "__main__":
    from support.scripted_engine import PROGRAM

    if sys.argv[1:2] == ["cli"]:
        import cli
        from commands.api_client import engine_program

        del sys.argv[1]
        engine_program.set(PROGRAM)
        cli.app()
    else:
        import typer

        import app
        from settings import Settings

        def main(port: Annotated[int, typer.Option()]) -> None:
            app.serve(Settings(port=port), engine_program=PROGRAM)

        typer.run(main)
