"""Writes the front matter of README.md that makes this folder a Hugging Face Space, or checks it.

    .venv/bin/python tools/space_card.py [--check]

The models that are downloaded while a Space is built come from the model registry: everything that the modes in
PRELOADED need with their default presets, mode after mode, within the Hub's limits. The rest is downloaded when it is
needed.
"""

import argparse
import sys
from importlib.metadata import version
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

import modes  # noqa: E402
from models.registry import ModelFile  # noqa: E402
from tools.make_docs import files  # noqa: E402

README = PROJECT / "README.md"
PRELOADED = ("t2v", "i2v", "a2v", "lipsync", "flf2v", "t2i", "i2i", "inpaint", "upscale", "edit", "wan_5b")
"""Modes whose models a Space preloads, in the order in which visitors are likely to want them."""

MOST_ENTRIES = 10
"""How many entries preload_from_hub may have; each repository and revision takes one."""

MOST_BYTES = 110e9
"""A Space's disk has about 150 GB, and torch, the rest of Kinora, other modes' models and results need some of it."""

HEAD = """\
---
title: Kinora
colorFrom: gray
colorTo: indigo
sdk: gradio
sdk_version: {gradio}
python_version: "3.12"
app_file: app.py
suggested_hardware: zero-a10g
startup_duration_timeout: 1h
license: mit
short_description: A studio for generated video, image and sound
preload_from_hub:
{preloaded}
---
"""


def preloaded() -> dict[tuple[str, str | None], list[ModelFile]]:
    """The files that are downloaded while the Space is built, by repository and revision."""
    chosen: dict[tuple[str, str | None], list[ModelFile]] = {}
    size = 0
    for mode in map(modes.get, PRELOADED):
        preset = mode.defaults()["preset"] if mode.presets else ""
        wanted = [file for file, presets in files(mode).items() if file.repo and (not preset or preset in presets)]
        new = [file for file in wanted if file not in chosen.get((file.repo, file.revision), [])]
        entries = chosen.keys() | {(file.repo, file.revision) for file in new}
        more = sum(file.size or 0 for file in new)
        if len(entries) > MOST_ENTRIES or size + more > MOST_BYTES:
            continue
        size += more
        for file in new:
            chosen.setdefault((file.repo, file.revision), []).append(file)
    return chosen


def card() -> str:
    """The front matter, with its lines of three dashes."""
    entries = (
        " ".join(filter(None, (repo, ",".join(file.path for file in wanted), revision)))
        for (repo, revision), wanted in preloaded().items()
    )
    return HEAD.format(gradio=version("gradio"), preloaded="\n".join(f"  - {entry}" for entry in entries))


def without_card(text: str) -> str:
    """The text after the front matter of a README."""
    return text.split("---\n", 2)[2].lstrip("\n") if text.startswith("---\n") else text


def main() -> int:
    """Returns the exit code: 1 if `--check` finds a difference."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="say whether README.md agrees with the registry")
    text = README.read_text(encoding="utf-8")
    wanted = f"{card()}\n{without_card(text)}"
    if parser.parse_args().check:
        if text != wanted:
            print("README.md does not agree with the registry: run tools/space_card.py.", file=sys.stderr)
        return int(text != wanted)
    README.write_text(wanted, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
