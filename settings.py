"""Every setting, typed, from the environment (`KINORA_*`) or the file `kinora.toml` in the home folder."""

import ipaddress
import os
import shutil
import subprocess
import sys
import tomllib
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Literal

import platformdirs
from pydantic import Field, SecretStr, field_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

PROJECT = Path(__file__).resolve().parent
VERSION: str = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]


def default_home() -> Path:
    """Where Kinora keeps what is its own: `KINORA_HOME`, else the platform's folder for application data."""
    return Path(os.environ.get("KINORA_HOME") or platformdirs.user_data_dir("kinora", appauthor=False))


def on_a_space() -> bool:
    """Whether this is a Hugging Face Space: it says so in the environment."""
    return bool(os.environ.get("SPACE_ID"))


def on_zerogpu() -> bool:
    """Whether this is a Space whose GPU is lent a call at a time; read as the package `spaces` reads it."""
    return os.environ.get("SPACES_ZERO_GPU", "").lower() in ("1", "t", "true")


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


class Settings(BaseSettings):
    """One object with everything that can be set. Sizes in GB are 10^9 bytes, times in seconds."""

    model_config = SettingsConfigDict(env_prefix="KINORA_", extra="forbid", frozen=True, hide_input_in_errors=True)

    home: Path = Field(default_factory=default_home, description="Folder for models, outputs, logs and settings")
    comfyui_dir: Path = Field(default=PROJECT / "comfyui" / "source", description="An existing ComfyUI checkout to use")
    device: Literal["auto", "cuda", "mps", "cpu"] = Field(default="auto", description="What generates")
    cuda_device: str | None = Field(default=None, description="Which CUDA device, as CUDA_VISIBLE_DEVICES counts")
    memory: Literal["auto", "high", "low", "none"] = Field(
        default="auto",
        description="How much of the models stays in GPU memory; auto lets ComfyUI move weights as needed",
    )
    reserve_vram_gb: float = Field(default=0.0, ge=0, description="GPU memory to leave to other programs")
    precision: Literal["auto", "fp32", "bf16", "fp16", "fp8"] = Field(
        default="auto", description="Precision of the diffusion model; auto follows the checkpoint and the device"
    )
    repeatable_video: bool = Field(
        False,
        description="Encode videos so that equal frames always give equal files, which are about half as large again",
    )
    demo: Literal["auto", "always", "never"] = Field(
        default="auto", description="Demo models: auto uses them where there is no accelerator"
    )
    models_dirs: list[Path] = Field(default=[], description="ComfyUI models folders to use as well, never written to")
    extra_model_paths: Path | None = Field(default=None, description="A ComfyUI extra_model_paths.yaml to read")
    host: str = Field(
        default_factory=lambda: "0.0.0.0" if on_a_space() else "127.0.0.1", description="Address to listen on"
    )
    port: int = Field(default=7860, ge=0, le=65535, description="Port to listen on")
    user: str | None = Field(default=None, description="User name; needed where others can reach the page")
    password: SecretStr | None = Field(default=None, description="Password; needed where others can reach the page")
    without_password: bool = Field(
        default_factory=on_a_space, description="Others may come in without a password; so it is on a Space"
    )
    share: bool = Field(default=False, description="Ask for a public link through Gradio's servers; needs a password")
    rate_limit: int | None = Field(
        default=None,
        ge=0,
        description="Most submissions and uploads of one client in a minute, 0 for any number; by default 60 where "
        "others can reach the page",
    )
    trusted_proxies: list[str] = Field(
        default_factory=lambda: ["127.0.0.1", "10.0.0.0/8"] if on_a_space() else ["127.0.0.1"],
        description="Addresses of proxies whose X-Forwarded-For is believed, as a JSON list",
    )
    allowed_dirs: list[Path] = Field(
        default=[], description="Folders whose files may be named by path over the REST API"
    )
    database: SecretStr | None = Field(
        default=None,
        description="Where the queue is kept, as an SQLAlchemy address; by default kinora.db in the home folder",
    )
    workers: int | None = Field(
        default=None,
        ge=1,
        le=64,
        description="Engines at work; by default one for each GPU, and one where there is none",
    )
    ray: str | None = Field(
        default=None,
        description="Ray cluster whose machines generate: auto, or host:port of its head; see docs/scaling.md",
    )
    exchange: str | None = Field(
        default=None,
        description="Store by which files get to the cluster's machines and back, such as s3://bucket/kinora; "
        "without one they share the home folder",
    )
    visitors_apart: bool = Field(
        default_factory=on_a_space, description="Each visitor sees their own jobs and files only; so it is on a Space"
    )
    visitor_limit: int | None = Field(
        default_factory=lambda: 10 if on_a_space() else None,
        ge=1,
        description="Most generations that one visitor may have in the queue, where visitors are apart",
    )
    zerogpu: bool = Field(
        default_factory=on_zerogpu, description="The GPU is lent to visitors, a call at a time: a ZeroGPU Space"
    )
    zerogpu_seconds: int = Field(
        default=120, ge=15, le=1200, description="Most seconds of GPU to ask for in one call on ZeroGPU"
    )
    keep_outputs_hours: float = Field(
        default=24.0, gt=0, description="How long results are kept on a Space; anywhere else they stay"
    )
    max_attempts: int = Field(
        default=2, ge=1, le=10, description="Times a generation is tried whose engine died, before it counts as failed"
    )
    lease_seconds: float = Field(
        default=30.0,
        gt=0,
        description="After how long without a sign of life a worker's generation goes to another one",
    )
    keep_inputs_days: float = Field(
        default=30.0, ge=0, description="How long copies of inputs are kept that nothing queued or running needs"
    )
    min_free_gb: float = Field(default=1.0, ge=0, description="Free disk space below which nothing new is started")
    cancel_timeout: float = Field(
        default=10.0, gt=0, description="Seconds a running generation may take to stop before its process is ended"
    )
    max_image_pixels: int = Field(
        default=50_000_000,
        gt=0,
        le=89_000_000,
        description="Most pixels of an uploaded picture; over 89 million Pillow balks",
    )
    max_media_seconds: float = Field(default=600.0, gt=0, description="Longest sound or video that may be uploaded")
    max_upload_bytes: int = Field(default=2_000_000_000, gt=0, description="Largest file that may be uploaded")

    @field_validator("home", "comfyui_dir", "extra_model_paths")
    @classmethod
    def _expand_home(cls, path: Path | None) -> Path | None:
        return path and path.expanduser().absolute()

    @field_validator("models_dirs", "allowed_dirs")
    @classmethod
    def _expand_homes(cls, paths: list[Path]) -> list[Path]:
        return [path.expanduser().absolute() for path in paths]

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments win over the environment, and the environment over the file."""
        toml = TomlConfigSettingsSource(settings_cls, default_home() / "kinora.toml")
        return init_settings, env_settings, toml

    @cached_property
    def resolved_device(self) -> Literal["cuda", "mps", "cpu"]:
        """The device that "auto" comes to, found without importing torch."""
        return accelerator() if self.device == "auto" else self.device

    @property
    def cuda_devices(self) -> list[str]:
        """The CUDA devices that engines may use, one each, as CUDA_VISIBLE_DEVICES names them; empty elsewhere."""
        if self.resolved_device != "cuda":
            return []
        chosen = self.cuda_device or os.environ.get("CUDA_VISIBLE_DEVICES")
        return [each.strip() for each in chosen.split(",")] if chosen else [str(n) for n in range(_nvidia_gpus())]

    @property
    def use_demo(self) -> bool:
        return self.demo == "always" or (self.demo == "auto" and self.resolved_device == "cpu")

    @property
    def engines_have_homes(self) -> bool:
        """Whether the machines that generate keep model files of their own, instead of reading this home's."""
        return bool(self.ray and self.exchange)

    @property
    def models_dir(self) -> Path:
        """Kinora's own models folder, laid out as ComfyUI's (checkpoints/, loras/, …)."""
        return self.home / ("demo_models" if self.use_demo else "models")

    @property
    def outputs_dir(self) -> Path:
        return self.home / "outputs"

    @property
    def inputs_dir(self) -> Path:
        return self.home / "inputs"

    @property
    def database_url(self) -> str:
        return self.database.get_secret_value() if self.database else f"sqlite:///{self.home / 'kinora.db'}"

    @property
    def login(self) -> str:
        """What HTTP Basic has to bring, "" where nothing is asked for."""
        return f"{self.user}:{self.password.get_secret_value()}" if self.user and self.password else ""

    @property
    def reachable(self) -> bool:
        """Whether others than this machine can reach the page."""
        return self.share or not is_loopback(self.host)

    @property
    def cache_dir(self) -> Path:
        """What Gradio serves: uploads and copies for the page, under names that nobody can guess."""
        return self.home / "cache"

    @property
    def uploads_dir(self) -> Path:
        """Files on their way from a client to a submission."""
        return self.home / "uploads"

    @property
    def logs_dir(self) -> Path:
        return self.home / "logs"


@lru_cache
def accelerator() -> Literal["cuda", "mps", "cpu"]:
    """What this machine can generate on, asked of the drivers: importing torch would cost the page seconds."""
    if on_zerogpu():  # no driver to ask between calls
        return "cuda"
    if sys.platform == "darwin" and os.uname().machine == "arm64":
        return "mps"
    if os.path.exists("/dev/kfd"):  # AMD's compute driver; torch calls it "cuda" too
        return "cuda"
    return "cuda" if _nvidia_gpus() else "cpu"


@lru_cache
def _nvidia_gpus() -> int:
    """How many GPUs NVIDIA's driver lists, one a line."""
    nvidia_smi = shutil.which("nvidia-smi")
    if not nvidia_smi:
        return 0
    listed = subprocess.run([nvidia_smi, "-L"], capture_output=True, text=True, check=False, timeout=30)
    return sum(line.startswith("GPU ") for line in listed.stdout.splitlines()) if listed.returncode == 0 else 0
