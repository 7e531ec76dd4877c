"""Brings ComfyUI up inside this process, doing the work of its main.py that library use would skip.

Line numbers in comments refer to main.py of ComfyUI 0.30.0. ComfyUI keeps its executor, hooks and loaded models
in globals: one process holds one ComfyUI, started once.
"""

import asyncio
import logging
import os
import shutil
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import patches
from backend.comfy.patches import moge_cpu, video_determinism
from errors import EngineStartError
from patches import patch
from safe_names import MODEL_SUFFIXES
from settings import Settings

_MEMORY_FLAGS = {"auto": [], "high": ["--highvram"], "low": ["--lowvram"], "none": ["--novram"]}
_PRECISION_FLAGS = {
    "auto": [],
    "fp32": ["--force-fp32"],
    "bf16": ["--bf16-unet"],
    "fp16": ["--force-fp16"],
    "fp8": ["--fp8_e4m3fn-unet"],
}

log = logging.getLogger(__name__)


class ServerStub:
    """The attributes of `PromptServer.instance` that ComfyUI's nodes and executor use.

    `on_event` is called with each message that the real server would send to a browser: its name and its data.
    """

    def __init__(self) -> None:
        self.client_id: str | None = None
        self.last_node_id: str | None = None
        self.last_prompt_id: str | None = None
        self.sockets_metadata: dict[str, Any] = {}
        self.node_replace_manager = types.SimpleNamespace(register=lambda *_: None)
        self.on_event: Callable[[Any, Any], None] = lambda _event, _data: None

    def send_sync(self, event: Any, data: Any, sid: str | None = None) -> None:
        self.on_event(event, data)

    def send_progress_text(self, text: str, node_id: str, sid: str | None = None) -> None:
        """Does nothing. Nodes report sizes this way, which the page does not show."""


def comfy_args(settings: Settings) -> list[str]:
    """Returns ComfyUI's own command line flags for these settings."""
    args = [
        *("--base-directory", str(settings.home / "comfyui")),
        *("--models-directory", str(settings.models_dir)),
        "--disable-all-custom-nodes",
        "--disable-api-nodes",
        *_MEMORY_FLAGS[settings.memory],
        *_PRECISION_FLAGS[settings.precision],
    ]
    if settings.resolved_device == "cpu":
        args = [flag for flag in args if flag not in ("--highvram", "--lowvram", "--novram")] + ["--cpu"]
    if settings.cuda_device is not None:
        args += ["--cuda-device", settings.cuda_device]
    if settings.zerogpu:  # dynamic VRAM allocates by itself, past the stand-in for CUDA
        args.append("--disable-dynamic-vram")
    if settings.reserve_vram_gb:
        args += ["--reserve-vram", str(settings.reserve_vram_gb)]
    if settings.extra_model_paths:
        args += ["--extra-model-paths-config", str(settings.extra_model_paths)]
    return args


def load(settings: Settings) -> ServerStub:
    """Imports and starts ComfyUI; afterwards `import nodes, execution, comfy…` work in this process.

    It takes 6 to 10 s. Call it once per process.

    Raises EngineStartError if the checkout's version is not the one that the patches were written for.
    """
    folders = (settings.models_dir, settings.outputs_dir, settings.inputs_dir, settings.home / "comfyui")
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
    _take_first_place_on_path(settings)
    _check_version(settings)
    _set_arguments(comfy_args(settings))
    from comfy.cli_args import args

    _prepare_device(args)
    stub = _install_server_stub()

    import execution  # noqa: F401  brings torch and the model management
    import nodes

    _enable_dynamic_vram(args)
    _set_folders(settings)
    _add_model_folders(settings)
    import hook_breaker_ac10a0

    hook_breaker_ac10a0.save_functions()
    failed = asyncio.run(nodes.init_extra_nodes(init_custom_nodes=False, init_api_nodes=False))
    # Three GLSL nodes need PyOpenGL, which no mode of ours uses.
    for name in set(failed) - {"nodes_glsl.py"}:
        log.warning("ComfyUI could not load %s", name)
    import comfy.model_management

    if settings.repeatable_video:
        video_determinism.install()
    moge_cpu.install()
    comfy.model_management.set_cudnn_benchmark()  # main.py 526: after all node imports
    hook_breaker_ac10a0.restore_functions()
    return stub


def _take_first_place_on_path(settings: Settings) -> None:
    """ComfyUI's `utils` and `app` packages must win over whatever else carries these names.

    So a module of the checkout also wins over one of ours with the same name (tests/backend/test_comfy_patches.py).
    """
    checkout = str(settings.comfyui_dir.resolve())
    if checkout in sys.path:
        sys.path.remove(checkout)
    sys.path.insert(0, checkout)


def _check_version(settings: Settings) -> None:
    import comfyui_version

    found, wanted = comfyui_version.__version__, patches.WRITTEN_FOR["ComfyUI"]
    if found != wanted:
        raise EngineStartError(
            f"ComfyUI in {settings.comfyui_dir} has the version {found}; this Kinora needs {wanted}.",
            "Run `bash setup.sh`, which installs it, and do not set KINORA_COMFYUI_DIR.",
        )


@patch(
    "sys:argv",
    "comfy.options:enable_args_parsing",
    package="ComfyUI",
    reason="ComfyUI takes its options from the command line only.",
    until="ComfyUI takes options from a caller.",
)
def _set_arguments(arguments: list[str]) -> None:
    import comfy.options

    sys.argv = ["kinora-engine", *arguments]
    comfy.options.enable_args_parsing()


def _prepare_device(args: Any) -> None:
    """Sets what has to be set before torch is imported (main.py 56-135)."""
    import comfy_aimdo.control
    from comfy.cli_args import enables_dynamic_vram

    if args.cuda_device is not None:
        for name in ("CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES"):
            os.environ[name] = str(args.cuda_device)
    os.environ["TORCH_ROCM_AOTRITON_ENABLE_EXPERIMENTAL"] = "1"
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("DO_NOT_TRACK", "1")
    if enables_dynamic_vram():
        headroom = None if args.reserve_vram is None else int(args.reserve_vram * 1024**3)
        comfy_aimdo.control.init(simple_vram_headroom=headroom, nvml_pressure=not args.disable_nvml_pressure)
    import cuda_malloc  # noqa: F401  chooses torch's allocator through the environment


@patch(
    "server",
    package="ComfyUI",
    reason="Nodes import the module `server`, which would start to set up ComfyUI's web server.",
    until="ComfyUI's nodes run without PromptServer.",
)
def _install_server_stub() -> ServerStub:
    stub = ServerStub()
    module = types.ModuleType("server")
    module.__dict__["PromptServer"] = types.SimpleNamespace(instance=stub)
    sys.modules["server"] = module
    return stub


@patch(
    "comfy.model_patcher:CoreModelPatcher",
    "comfy.model_patcher:ModelPatcherDynamic",
    "comfy.memory_management:aimdo_enabled",
    package="ComfyUI",
    reason="On NVIDIA's GPUs, switches dynamic VRAM on, as ComfyUI's main.py does.",
    until="ComfyUI switches dynamic VRAM on in a function that a library can call.",
)
def _enable_dynamic_vram(args: Any) -> None:
    """Lets weights move between disk, memory and GPU in pages, as the GPU has room (main.py 250-282)."""
    import comfy.memory_management
    import comfy.model_management as management
    import comfy.model_patcher
    import comfy_aimdo.control
    from comfy.cli_args import enables_dynamic_vram

    if not (enables_dynamic_vram() and management.is_nvidia() and not management.is_wsl()):
        return
    if management.torch_version_numeric < (2, 8):
        return
    devices = ((device.index, int(args.vram_headroom * 1024**3)) for device in management.get_all_torch_devices())
    if comfy_aimdo.control.init_devices(devices):
        comfy_aimdo.control.set_log_warning()
        comfy.model_patcher.CoreModelPatcher = comfy.model_patcher.ModelPatcherDynamic
        comfy.memory_management.aimdo_enabled = True
        log.info("dynamic VRAM is on")
    else:
        log.warning("dynamic VRAM could not start; ComfyUI estimates instead")


def _set_folders(settings: Settings) -> None:
    """Sets the folders, whose flags only main.py reads (147-163 and 500-543), and empties that for temporary files."""
    import folder_paths

    temp = Path(folder_paths.get_temp_directory())
    shutil.rmtree(temp, ignore_errors=True)
    temp.mkdir(parents=True)

    folder_paths.set_output_directory(str(settings.outputs_dir.resolve()))
    folder_paths.set_input_directory(str(settings.inputs_dir.resolve()))


@patch(
    "folder_paths:supported_pt_extensions",
    package="ComfyUI",
    reason="Only safetensors files are offered: a pickle can run code when it is loaded.",
    until="ComfyUI can refuse pickles.",
)
def _add_model_folders(settings: Settings) -> None:
    """Adds the folders of extra_model_paths (main.py 108-115) and of models_dirs. None of them may offer a pickle."""
    import folder_paths
    import utils.extra_config

    if settings.extra_model_paths:
        utils.extra_config.load_extra_path_config(str(settings.extra_model_paths))
    for root in settings.models_dirs:
        for name in list(folder_paths.folder_names_and_paths):
            if name not in ("custom_nodes", "configs") and (root / name).is_dir():
                folder_paths.add_model_folder_path(name, str(root / name))
    folder_paths.supported_pt_extensions.intersection_update(MODEL_SUFFIXES)
