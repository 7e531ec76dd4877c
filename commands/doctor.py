"""What Kinora needs on this machine, examined one thing at a time."""

import importlib.metadata
import platform
import re
import shutil
import textwrap
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import psutil

import modes
import patches
from backend.process import EngineProcess
from models import Models
from settings import PROJECT, Settings

LOW_DISK_GB = 5.0


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at. `ok` is False only where Kinora cannot work as it is.

    `hint` says what to do, and `details` are further lines: a log, a list.
    """

    name: str
    ok: bool
    found: str
    hint: str = ""
    details: str = ""

    def __str__(self) -> str:
        first = f"{'ok' if self.ok else 'BROKEN':8}{self.name}: {self.found}"
        below = [textwrap.indent(text, 8 * " ") for text in (self.hint, self.details) if text]
        return "\n".join([first, *below])


def examine(settings: Settings) -> Iterator[Check]:
    """Looks at everything, the engine by starting it (about 10 s)."""
    yield Check("Python", True, f"{platform.python_version()} on {platform.platform()}")
    yield _packages()
    yield _comfyui(settings)
    yield _memory()
    yield _disk(settings)
    yield from _models(settings)
    yield from _engine(settings)


def _packages() -> Check:
    """The versions that requirements.txt pins are the ones installed."""
    wrong = []
    for line in (PROJECT / "requirements.txt").read_text(encoding="utf-8").splitlines():
        pin = re.match(r"([A-Za-z0-9_.-]+)==([^\s;]+)", line)
        if not pin:
            continue
        try:
            installed = importlib.metadata.version(pin[1])
        except importlib.metadata.PackageNotFoundError:
            wrong.append(f"{pin[1]} is missing")
            continue
        if installed.split("+")[0] != pin[2]:
            wrong.append(f"{pin[1]} is {installed}, not {pin[2]}")
    versions = f"gradio {importlib.metadata.version('gradio')}, torch {importlib.metadata.version('torch')}"
    if wrong:
        return Check("Packages", False, "; ".join(wrong), "Run `bash setup.sh`.")
    return Check("Packages", True, f"as pinned ({versions})")


def _comfyui(settings: Settings) -> Check:
    version_file = settings.comfyui_dir / "comfyui_version.py"
    if not version_file.is_file():
        return Check("ComfyUI", False, f"not in {settings.comfyui_dir}", "Run `bash setup.sh`.")
    found = re.search(r'"([^"]+)"', version_file.read_text(encoding="utf-8"))
    return Check("ComfyUI", True, f"{found[1] if found else 'unknown version'} in {settings.comfyui_dir}")


def _memory() -> Check:
    memory = psutil.virtual_memory()
    return Check("Memory", True, f"{memory.available / 1e9:.1f} GB free of {memory.total / 1e9:.1f} GB")


def _disk(settings: Settings) -> Check:
    settings.home.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(settings.home).free / 1e9
    hint = "Free some space, or move Kinora's folder with KINORA_HOME." if free < LOW_DISK_GB else ""
    return Check("Disk", free > 0.5, f"{free:.1f} GB free for {settings.home}", hint)


def _models(settings: Settings) -> Iterator[Check]:
    if settings.use_demo:
        yield Check("Models", True, "demo models, which the engine makes when it starts")
        return
    models = Models(settings)
    for mode in modes.MODES.values():
        for preset in mode.presets:
            name = f"Models for {mode.label}, {preset.label}"
            example = mode.validate({**mode.examples[0].values, "preset": preset.id}, settings)
            missing = models.report(models.missing(mode.preview_graph(example)))
            if not missing:
                yield Check(name, True, "all present")
                continue
            files = ", ".join(f"{each.file.name} ({_gigabytes(each.size)})" for each in missing)
            yield Check(name, True, f"missing: {files}", "They are downloaded when they are first needed.")


def _gigabytes(size: int | None) -> str:
    return "size unknown" if size is None else f"{size / 1e9:.1f} GB"


def _engine(settings: Settings) -> Iterator[Check]:
    engine = EngineProcess(settings)
    started = time.monotonic()
    engine.start()
    try:
        while engine.state.name not in ("ready", "failed"):
            time.sleep(0.1)
        state = engine.state
    finally:
        engine.stop()
    if state.error:
        yield Check("Engine", False, state.error.message, state.error.hint, state.error.detail)
        return
    memory = state.info["memory_total"] / 1e9
    found = f"{state.info['device']} with {memory:.1f} GB, up in {time.monotonic() - started:.1f} s"
    yield Check("Engine", True, found)
    yield _patches([*state.info["patches"], *patches.report()])


def _patches(found: Sequence[Mapping[str, Any]]) -> Check:
    """Lists the changes to other people's code that the engine process and this one declare, by package."""
    by_package: dict[str, list[Mapping[str, Any]]] = {}
    for each in found:
        by_package.setdefault(f"{each['package']} {each['version']}", []).append(each)
    lines = ["Kinora changes this code while it runs, and first checks that it is as expected."]
    for package, changes in by_package.items():
        lines.append(f"{package}:")
        for each in changes:
            lines += [f"  {', '.join(each['targets'])}", f"    {each['reason']}", f"    Needed until: {each['until']}"]
    counts = ", ".join(f"{len(changes)} of {package}" for package, changes in by_package.items())
    return Check("Patches", True, counts, details="\n".join(lines))
