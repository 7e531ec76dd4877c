"""Kinora as on ZeroGPU, but for CUDA: `spaces` is imported where it finds no torch, so it does not stand in for CUDA,
which is not here either. All else that it does is real: scheduling, forks, queues between processes, contexts."""

import sys

sys.modules["torch"] = None  # pyright: ignore[reportArgumentType]  None: it cannot be imported
import spaces.zero  # noqa: E402, F401

del sys.modules["torch"]

if __name__ == "__main__":
    import typer

    import app

    typer.run(app.main)
