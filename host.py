"""The machine that Kinora runs on: whether it is a Space, what it can generate with, which addresses are its own."""

import ipaddress
import os
import shutil
import subprocess
import sys
from functools import lru_cache
from typing import Literal

Device = Literal["cuda", "mps", "cpu"]


def on_a_space() -> bool:
    """Whether this is a Hugging Face Space, which says so in its environment."""
    return bool(os.environ.get("SPACE_ID"))


def on_zerogpu() -> bool:
    """Whether this is a Space whose GPU is lent for one call at a time; read as the package `spaces` reads it."""
    return os.environ.get("SPACES_ZERO_GPU", "").lower() in ("1", "t", "true")


def is_loopback(address: str) -> bool:
    """Whether only this machine can reach an address, which is a number or a name."""
    try:
        return ipaddress.ip_address(address.strip("[]")).is_loopback
    except ValueError:
        return address == "localhost"


@lru_cache
def accelerator() -> Device:
    """What this machine can generate with, asked of its drivers, because importing torch would take seconds."""
    if on_zerogpu():  # between calls there is no driver to ask
        return "cuda"
    if sys.platform == "darwin" and os.uname().machine == "arm64":
        return "mps"
    if os.path.exists("/dev/kfd"):  # AMD's compute driver, which torch calls "cuda" as well
        return "cuda"
    return "cuda" if nvidia_gpus() else "cpu"


@lru_cache
def nvidia_gpus() -> int:
    """How many GPUs NVIDIA's driver lists."""
    nvidia_smi = shutil.which("nvidia-smi")
    if not nvidia_smi:
        return 0
    listed = subprocess.run([nvidia_smi, "-L"], capture_output=True, text=True, check=False, timeout=30)
    return sum(line.startswith("GPU ") for line in listed.stdout.splitlines()) if listed.returncode == 0 else 0
