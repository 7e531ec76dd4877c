"""Every setting, typed, from the environment (`KINORA_*`) or the file `kinora.toml` in the home folder."""

import os
import tomllib
from functools import cached_property
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

from host import Device, accelerator, is_loopback, nvidia_gpus, on_a_space, on_zerogpu

PROJECT = Path(__file__).resolve().parent
VERSION: str = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]


def default_home() -> Path:
    """Where Kinora keeps its data: `KINORA_HOME`, or the platform's folder for application data."""
    return Path(os.environ.get("KINORA_HOME") or platformdirs.user_data_dir("kinora", appauthor=False))


class Settings(BaseSettings):
    """Everything that can be set. Sizes in GB are 10^9 bytes; times are in seconds unless the name says otherwise."""

    model_config = SettingsConfigDict(env_prefix="KINORA_", extra="forbid", frozen=True, hide_input_in_errors=True)

    home: Path = Field(default_factory=default_home, description="The folder for models, outputs, logs and settings")
    comfyui_dir: Path = Field(default=PROJECT / "comfyui" / "source", description="The ComfyUI checkout to use")
    device: Literal["auto", "cuda", "mps", "cpu"] = Field(
        default="auto", description="The kind of device that generates"
    )
    cuda_device: str | None = Field(
        default=None, description="The CUDA devices to use, in the format of CUDA_VISIBLE_DEVICES"
    )
    memory: Literal["auto", "high", "low", "none"] = Field(
        default="auto",
        description="How much of the models stays in GPU memory; auto lets ComfyUI move weights as needed",
    )
    reserve_vram_gb: float = Field(default=0.0, ge=0, description="GPU memory in GB to leave to other programs")
    precision: Literal["auto", "fp32", "bf16", "fp16", "fp8"] = Field(
        default="auto", description="The precision of the diffusion model; auto follows the checkpoint and the device"
    )
    repeatable_video: bool = Field(
        default=False,
        description="Encode videos so that equal frames always give equal files, which are larger",
    )
    demo: Literal["auto", "always", "never"] = Field(
        default="auto", description="When to use demo models; auto uses them where there is no accelerator"
    )
    models_dirs: list[Path] = Field(
        default=[], description="ComfyUI models folders to read as well; Kinora never writes to them"
    )
    extra_model_paths: Path | None = Field(
        default=None, description="A ComfyUI extra_model_paths.yaml file to read as well"
    )
    host: str = Field(
        default_factory=lambda: "0.0.0.0" if on_a_space() else "127.0.0.1", description="The address to listen on"
    )
    port: int = Field(default=7860, ge=0, le=65535, description="The port to listen on")
    user: str | None = Field(
        default=None, description="The user name, which is required where others can reach the page"
    )
    password: SecretStr | None = Field(
        default=None, description="The password, which is required where others can reach the page"
    )
    without_password: bool = Field(
        default_factory=on_a_space,
        description="Whether others may use Kinora without a password; on by default on a Space",
    )
    share: bool = Field(
        default=False,
        description="Whether to ask for a public link through Gradio's servers, which requires a password",
    )
    rate_limit: int | None = Field(
        default=None,
        ge=0,
        description="The most submissions and uploads per minute that one client may make, 0 for no limit; "
        "by default 60 where others can reach the page",
    )
    trusted_proxies: list[str] = Field(
        default_factory=lambda: ["127.0.0.1", "10.0.0.0/8"] if on_a_space() else ["127.0.0.1"],
        description="Addresses of proxies whose X-Forwarded-For header is trusted, as a JSON list",
    )
    allowed_dirs: list[Path] = Field(
        default=[], description="Folders whose files a client of the REST API may name by path"
    )
    database: SecretStr | None = Field(
        default=None,
        description="The queue's database, as an SQLAlchemy address; by default kinora.db in the home folder",
    )
    workers: int | None = Field(
        default=None,
        ge=1,
        le=64,
        description="The number of engines; by default one for each GPU, and one where there is none",
    )
    ray: str | None = Field(
        default=None,
        description="The Ray cluster whose machines generate: auto, or host:port of its head; see docs/scaling.md",
    )
    exchange: str | None = Field(
        default=None,
        description="A store through which files reach the cluster's machines and come back, such as "
        "s3://bucket/kinora; without one, the machines share the home folder",
    )
    visitors_apart: bool = Field(
        default_factory=on_a_space,
        description="Whether each visitor sees only their own jobs and files; on by default on a Space",
    )
    visitor_limit: int | None = Field(
        default_factory=lambda: 10 if on_a_space() else None,
        ge=1,
        description="The most generations that one visitor may have in the queue, where visitors are kept apart",
    )
    zerogpu: bool = Field(
        default_factory=on_zerogpu,
        description="Whether the GPU is lent to visitors for one call at a time, as on a ZeroGPU Space",
    )
    zerogpu_seconds: int = Field(
        default=120, ge=15, le=1200, description="The most seconds of GPU time to ask for in one call on ZeroGPU"
    )
    keep_outputs_hours: float = Field(
        default=24.0, gt=0, description="How long results are kept on a Space; elsewhere they are never removed"
    )
    max_attempts: int = Field(
        default=2,
        ge=1,
        le=10,
        description="How many times a generation is attempted before it fails, if its engine dies",
    )
    lease_seconds: float = Field(
        default=30.0,
        gt=0,
        description="Seconds without a heartbeat after which a worker's generation goes to another worker",
    )
    keep_inputs_days: float = Field(
        default=30.0, ge=0, description="How long copies of inputs are kept that no queued or running generation needs"
    )
    min_free_gb: float = Field(
        default=1.0, ge=0, description="Free disk space in GB below which no generation is started"
    )
    cancel_timeout: float = Field(
        default=10.0,
        gt=0,
        description="Seconds that a cancelled generation may take to stop before its process is killed",
    )
    max_image_pixels: int = Field(
        default=50_000_000,
        gt=0,
        le=89_000_000,
        description="The most pixels that an uploaded image may have; Pillow warns above 89 million",
    )
    max_media_seconds: float = Field(
        default=600.0, gt=0, description="The longest sound or video that may be uploaded, in seconds"
    )
    max_upload_bytes: int = Field(
        default=2_000_000_000, gt=0, description="The largest file that may be uploaded, in bytes"
    )

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
        """Arguments take precedence over the environment, and the environment over the file."""
        toml = TomlConfigSettingsSource(settings_cls, default_home() / "kinora.toml")
        return init_settings, env_settings, toml

    @cached_property
    def resolved_device(self) -> Device:
        """The device in use: what "auto" stands for on this machine, found without importing torch."""
        return accelerator() if self.device == "auto" else self.device

    @property
    def cuda_devices(self) -> list[str]:
        """The CUDA devices for engines, one each, named as in CUDA_VISIBLE_DEVICES; none on other devices."""
        if self.resolved_device != "cuda":
            return []
        chosen = self.cuda_device or os.environ.get("CUDA_VISIBLE_DEVICES")
        return [each.strip() for each in chosen.split(",")] if chosen else [str(n) for n in range(nvidia_gpus())]

    @property
    def use_demo(self) -> bool:
        return self.demo == "always" or (self.demo == "auto" and self.resolved_device == "cpu")

    @property
    def engines_have_homes(self) -> bool:
        """Whether the machines that generate keep their own model files instead of reading this home folder's."""
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
        """User and password as HTTP Basic sends them, "" where none are required."""
        return f"{self.user}:{self.password.get_secret_value()}" if self.user and self.password else ""

    @property
    def reachable(self) -> bool:
        """Whether others than this machine can reach the page."""
        return self.share or not is_loopback(self.host)

    @property
    def cache_dir(self) -> Path:
        """The files that Gradio serves: uploads and copies for the page, under names that nobody can guess."""
        return self.home / "cache"

    @property
    def uploads_dir(self) -> Path:
        """Files that clients have uploaded and not submitted yet."""
        return self.home / "uploads"

    @property
    def logs_dir(self) -> Path:
        return self.home / "logs"
