"""Runs graphs, one at a time, on the ComfyUI of this process, and reports what happens as events."""

import asyncio
import copy
import gc
import io
import queue
import threading
import time
import uuid
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import patches
from backend.comfy import failures
from backend.comfy.patches.cache_eviction import evict
from backend.comfy.patches.lora_effects import LoraWatch
from backend.comfy.startup import ServerStub, load
from errors import EngineStartError
from events import Cancelled, Event, Failed, Notice, Output, Phase, Preview
from patches import PatchError
from settings import Settings
from workflow import Graph, Phases

PREVIEW_SIZE = 512  # longest side in pixels; LTX previews arrive with one pixel per 32
GC_INTERVAL = 10.0  # seconds between collections, as in ComfyUI's main.py


class Engine:
    """The ComfyUI of this process. Its construction starts ComfyUI (6 to 10 s)."""

    def __init__(self, settings: Settings) -> None:
        """Raises EngineStartError if ComfyUI is not as Kinora's patches expect it."""
        self._settings = settings
        self._loras = LoraWatch()
        try:
            self._stub = load(settings)
            if settings.use_demo:
                import demo_models

                demo_models.prepare(settings.models_dir)
            self._loras.install()
        except PatchError as error:
            raise EngineStartError(
                f"ComfyUI in {settings.comfyui_dir} differs from what Kinora expects: {error}",
                "Run `bash setup.sh`, which installs the one that Kinora was written for.",
            ) from error
        self._executor = _make_executor(self._stub)
        self._running = False
        self._last_gc = time.monotonic()
        self._dirty = False

    def describe(self) -> dict[str, Any]:
        """Returns what this engine runs on (device name, memory in bytes, versions) and its patches."""
        import comfy.memory_management
        import comfy.model_management as management
        import comfyui_version
        import torch

        device = management.get_torch_device()
        return {
            "device": torch.cuda.get_device_name(device) if device.type == "cuda" else device.type.upper(),
            "memory_total": management.get_total_memory(device),
            "dynamic_vram": comfy.memory_management.aimdo_enabled,
            "torch": str(torch.__version__),  # whose own class would import torch wherever it is unpickled
            "comfyui": comfyui_version.__version__,
            "patches": patches.report(),
        }

    def run(
        self,
        graph: Graph,
        phases: Phases,
        cancelled: threading.Event | None = None,
        forget: Collection[str] = (),
    ) -> Iterator[Event]:
        """Executes the graph; the last event is an Output, a Failed or a Cancelled.

        The outputs of the nodes `forget` are removed from the cache afterwards; ComfyUI decides what else it keeps.

        To stop it, set `cancelled` and then call `interrupt()`; both are safe from any thread at any time.
        """
        if self._running:
            raise RuntimeError("this engine runs one graph at a time")
        self._running = self._dirty = True
        self._loras.begin(graph)
        run = _Run(self, graph, phases, cancelled or threading.Event())
        try:
            yield from run.events()
        finally:
            evict(self._executor.caches.outputs, forget)
            self._running = False

    def interrupt(self) -> None:
        """Makes the running node stop as soon as it checks for this. It does nothing if no node runs."""
        _interrupt()

    def collect_garbage(self) -> None:
        """Frees memory, at most every 10 s, as main.py 335-420 does between prompts. Call it while no graph runs."""
        if not self._dirty or time.monotonic() - self._last_gc < GC_INTERVAL:
            return
        import comfy.model_management
        import hook_breaker_ac10a0

        gc.collect()
        comfy.model_management.soft_empty_cache()
        hook_breaker_ac10a0.restore_functions()
        self._last_gc, self._dirty = time.monotonic(), False


def _make_executor(stub: ServerStub) -> Any:
    """Makes an executor with ComfyUI's default cache, which memory pressure limits (main.py 335-352)."""
    import comfy.model_management
    import execution

    total_gb = comfy.model_management.total_ram / 1024
    cache_args = {
        "lru": 0,
        "ram": min(10.0, max(2.0, total_gb * 0.10)),
        "ram_inactive": min(128.0, total_gb),
    }
    return execution.PromptExecutor(stub, cache_type=execution.CacheType.RAM_PRESSURE, cache_args=cache_args)


class _Run:
    """One run of a graph: the executor works in a thread, and its messages become events in a queue."""

    def __init__(self, engine: Engine, graph: Graph, phases: Phases, cancelled: threading.Event) -> None:
        self._stub = engine._stub
        self._executor = engine._executor
        self._settings = engine._settings
        self._loras = engine._loras
        self._graph = copy.deepcopy(graph)  # validate_prompt converts values in place
        self._id = uuid.uuid4().hex
        self._phases = [(label, frozenset(nodes)) for label, nodes in phases.items()]
        self._events: queue.SimpleQueue[Event | None] = queue.SimpleQueue()
        self._cancelled = cancelled
        self._executed: list[str] = []
        self._error: dict[str, Any] | None = None
        self._succeeded = False

    def events(self) -> Iterator[Event]:
        thread = threading.Thread(target=self._work, name="comfyui", daemon=True)
        thread.start()
        try:
            while (event := self._events.get()) is not None:
                yield event
        finally:
            if thread.is_alive():  # the reader of the events stopped reading
                self._cancelled.set()
                _interrupt()
            thread.join()

    def _work(self) -> None:
        import comfy.utils

        self._stub.on_event = self._on_server_event
        comfy.utils.set_progress_bar_global_hook(self._on_progress)
        try:
            self._events.put(self._execute())
        except Exception as error:  # noqa: BLE001  whatever it is, it ends this run as a failure
            self._events.put(failures.from_exception(error))
        finally:
            comfy.utils.set_progress_bar_global_hook(None)
            self._stub.on_event = lambda _event, _data: None
            self._events.put(None)

    def _execute(self) -> Event:
        import execution

        started = time.monotonic()
        ok, error, outputs, node_errors = asyncio.run(execution.validate_prompt(self._id, self._graph, None))
        # ok may be True while some outputs were dropped for their errors.
        if not ok or node_errors:
            return failures.from_validation(error, node_errors)
        if self._cancelled.is_set():
            return Cancelled()
        extra = {"client_id": self._id, "preview_method": "latent2rgb"}
        self._executor.execute(self._graph, self._id, extra, outputs)
        if self._cancelled.is_set() and not self._succeeded:
            return Cancelled()
        if self._error is not None:
            return failures.from_execution(self._error, self._settings)
        if not self._succeeded:
            return Failed("interrupted", "The engine stopped before the end.", "Try again.")
        for _, file in self._loras.without_effect():
            self._events.put(Notice(f"The LoRA {file} has no effect: none of its weights fits this model."))
        return self._collect_output(time.monotonic() - started)

    def _collect_output(self, seconds: float) -> Event:
        """Collects the files whose nodes ran in this run: a cached node reports the file of an older run."""
        root = self._settings.outputs_dir
        files = []
        for node, output in self._executor.history_result["outputs"].items():
            if node not in self._executed:
                continue
            for items in output.values():
                for item in items if isinstance(items, (list, tuple)) else ():
                    if isinstance(item, dict) and item.get("type") == "output":
                        files.append(root / Path(item.get("subfolder", "")) / item["filename"])
        if not files:
            return Failed("node_error", "The run ended without writing a file.", "Try again.")
        return Output(tuple(files), tuple(self._executed), seconds)

    def _on_server_event(self, event: Any, data: Any) -> None:
        if event == "execution_start" and self._cancelled.is_set():
            _interrupt()  # execute() clears the flag that a cancel before it had set
        elif event == "executing" and data.get("node") is not None:
            self._executed.append(data["node"])
            self._put_phase(data["node"])
        elif event == "execution_error":
            self._error = data
        elif event == "execution_success":
            self._succeeded = self._error is None

    def _on_progress(
        self, value: int, total: int, preview: Any, prompt_id: str | None = None, node_id: str | None = None
    ) -> None:
        import comfy.model_management
        from comfy_execution.utils import get_executing_context

        comfy.model_management.throw_exception_if_processing_interrupted()
        context = get_executing_context()
        node = node_id or (context.node_id if context else None) or self._stub.last_node_id
        if node is not None:
            self._put_phase(node, int(value), int(total))
        if preview is not None:
            self._events.put(Preview(_to_jpeg(preview[1])))

    def _put_phase(self, node: str, step: int = 0, steps: int = 0) -> None:
        for index, (label, members) in enumerate(self._phases):
            if node in members:
                self._events.put(Phase(index, len(self._phases), label, step, steps))
                return


def _interrupt() -> None:
    import nodes

    nodes.interrupt_processing()


def _to_jpeg(image: Any) -> bytes:
    from PIL import Image

    scale = PREVIEW_SIZE / max(image.size)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    buffer = io.BytesIO()
    image.convert("RGB").resize(size, Image.Resampling.BICUBIC).save(buffer, "JPEG", quality=80)
    return buffer.getvalue()
