"""ComfyUI's PromptExecutor without Kinora, in its own process: the baseline for the whole stack.

This file is also that process's program, the only place where it imports ComfyUI and torch.
"""

import asyncio
import json
import os
import subprocess
import sys
import time
import types
import uuid
from pathlib import Path
from typing import Any, Self

PROJECT = Path(__file__).resolve().parents[2]


class BareExecutor:
    """The executor's process, as a context manager. Entering it takes as long as ComfyUI needs to start."""

    def __init__(self, comfyui: Path, models: Path, work: Path) -> None:
        """`comfyui` is a checkout, `models` a folder with demo models, `work` a folder for everything it writes."""
        work.mkdir(parents=True, exist_ok=True)
        with (work / "bare.log").open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, __file__, str(comfyui), str(models), str(work)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        self._read()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()

    def run(self, graph: dict[str, Any]) -> float:
        """Validates and executes a graph; returns the seconds that this took in the process."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(graph) + "\n")
        self._process.stdin.flush()
        return self._read()["seconds"]

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the bare executor ended with exit code {self._process.wait()}")
        return json.loads(line)


def _serve(comfyui: Path, models: Path, work: Path) -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what nodes print belongs into the log
    executor = _start(comfyui, models, work)
    print(json.dumps({"ready": True}), file=answers, flush=True)
    for line in sys.stdin:
        print(json.dumps({"seconds": _execute(executor, json.loads(line))}), file=answers, flush=True)


def _start(comfyui: Path, models: Path, work: Path) -> Any:
    """The shortest way from a checkout to an executor, with ComfyUI's own defaults for its cache."""
    sys.path[:0] = [str(comfyui), str(PROJECT)]
    folders = ["--base-directory", str(work), "--models-directory", str(models)]
    sys.argv = ["bare", "--cpu", "--disable-all-custom-nodes", *folders]

    import comfy.options

    comfy.options.enable_args_parsing()
    server = types.SimpleNamespace(
        client_id=None,
        last_node_id=None,
        sockets_metadata={},
        node_replace_manager=types.SimpleNamespace(register=lambda *_: None),
        send_sync=lambda *_: None,
        send_progress_text=lambda *_: None,
    )
    module = types.ModuleType("server")
    module.__dict__["PromptServer"] = types.SimpleNamespace(instance=server)
    sys.modules["server"] = module

    import comfy.model_management
    import execution
    import folder_paths
    import nodes

    folder_paths.set_output_directory(str(work / "output"))
    asyncio.run(nodes.init_extra_nodes(init_custom_nodes=False, init_api_nodes=False))

    import demo_models

    demo_models.prepare(models)
    total_gb = comfy.model_management.total_ram / 1024
    cache = {"lru": 0, "ram": min(10.0, max(2.0, total_gb * 0.10)), "ram_inactive": min(128.0, total_gb)}
    return execution.PromptExecutor(server, cache_type=execution.CacheType.RAM_PRESSURE, cache_args=cache)


def _execute(executor: Any, graph: dict[str, Any]) -> float:
    import execution

    started = time.perf_counter()
    prompt_id = uuid.uuid4().hex
    valid, error, outputs, _ = asyncio.run(execution.validate_prompt(prompt_id, graph, None))
    if not valid:
        raise RuntimeError(error)
    executor.execute(graph, prompt_id, {"preview_method": "latent2rgb"}, outputs)
    seconds = time.perf_counter() - started
    if not any(name == "execution_success" for name, _ in executor.status_messages):
        raise RuntimeError(executor.status_messages[-1][0])
    return seconds


if __name__ == "__main__":
    _serve(*(Path(argument) for argument in sys.argv[1:]))
