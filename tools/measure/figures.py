"""A measured figure, and its output as a table, as JSON and as Markdown."""

import dataclasses
import os
import platform
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from typing import Any

import psutil
from rich.console import Console
from rich.table import Table

from settings import PROJECT, VERSION

PACKAGES = ("torch", "gradio", "av", "numpy")


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured figure. Without a `target` it cannot fail.

    `unit` is "x" (a ratio), "s", "ms", "MB" (10^6 bytes) or "" (a count).
    """

    name: str
    value: float
    unit: str
    target: float | None = None
    note: str = ""

    @property
    def ok(self) -> bool:
        return self.target is None or self.value <= self.target

    def shown(self) -> tuple[str, str, str]:
        """The measured value, the target and the verdict as text."""
        target = "" if self.target is None else f"≤ {self._text(self.target)}"
        verdict = "" if self.target is None else ("yes" if self.ok else "NO")
        return self._text(self.value), target, verdict

    def _text(self, value: float) -> str:
        digits = {"x": ".2f", "s": ".2f", "ms": ".1f", "MB": ".0f", "": "g"}[self.unit]
        return f"{value:{digits}} {self.unit}".strip()


@dataclass(frozen=True, slots=True)
class Machine:
    """The machine and the versions that the figures were measured with."""

    date: str
    device: str
    versions: dict[str, str]

    @classmethod
    def here(cls) -> "Machine":
        comfyui = tomllib.loads((PROJECT / "comfyui" / "pin.toml").read_text(encoding="utf-8"))
        versions = {"Kinora": VERSION, "ComfyUI": comfyui["version"], "Python": platform.python_version()}
        memory = psutil.virtual_memory().total / 2**30
        load = psutil.getloadavg()[0]
        device = f"{os.cpu_count()}-core CPU, {memory:.0f} GB, demo models, load average {load:.1f} at the end"
        return cls(date.today().isoformat(), device, versions | {name: version(name) for name in PACKAGES})

    def text(self) -> str:
        return ", ".join([self.date, self.device, *(f"{name} {number}" for name, number in self.versions.items())])


def table(figures: Sequence[Figure], machine: Machine) -> None:
    """Prints the figures to the terminal."""
    shown = Table(title=machine.text(), title_justify="left", show_lines=True)
    for column in ("figure", "measured", "target", "ok", "how"):
        shown.add_column(column, justify="right" if column in ("measured", "target") else "left")
    for figure in figures:
        shown.add_row(figure.name, *figure.shown(), figure.note)
    Console().print(shown)


def as_json(figures: Sequence[Figure], machine: Machine) -> dict[str, Any]:
    rows = [dataclasses.asdict(figure) | {"ok": figure.ok} for figure in figures]
    return dataclasses.asdict(machine) | {"figures": rows}


def markdown(figures: Sequence[Figure], machine: Machine) -> str:
    """The text of docs/benchmarks.md."""
    rows = [" | ".join(["", figure.name, *figure.shown(), figure.note, ""]).strip() for figure in figures]
    return "\n".join(
        [
            "# Benchmarks",
            "",
            "`.venv/bin/python tools/bench.py --markdown docs/benchmarks.md` writes this page. It needs a Chromium and",
            "about seven minutes; `--crashes` adds six. It ends with exit code 1 if a target is missed.",
            "",
            machine.text() + ".",
            "",
            "A ratio compares two kinds of runs that alternate within one call, so that the machine's speed and other",
            "load cancel out; it is the median of the ratios of neighbouring runs. Seconds only apply to this machine.",
            "OpenMP threads wait passively (`OMP_WAIT_POLICY=PASSIVE`) on both sides, because spinning threads would",
            "distort every figure as soon as something else needs a core.",
            "",
            "| Figure | Measured | Target | Reached | How |",
            "|---|---:|---:|---|---|",
            *rows,
            "",
        ]
    )
