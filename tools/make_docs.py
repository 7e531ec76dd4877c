"""Writes docs/modes.md from the declarations of the modes.

python tools/make_docs.py           write it
python tools/make_docs.py --check   exit 1 if it is not what the declarations give
"""

import argparse
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

import modes  # noqa: E402
from models import ModelFile, Models  # noqa: E402
from modes import Mode, Parameter, rows  # noqa: E402
from settings import Settings  # noqa: E402
from workflow import Graph  # noqa: E402

PAGE = PROJECT / "docs" / "modes.md"
MODELS = Models(Settings(demo="never"))
MEDIA = ("image", "audio", "video")

INTRO = """\
# Modes

<!-- Written by tools/make_docs.py from the declarations in modes/; change those instead. -->

The pictures show demo models, which need no GPU. The tables of model files are for the fields' defaults; what a choice
needs besides stands under them. A file is downloaded only when a run needs it and it is in no models folder.
"""
SHARED = """
## What every mode has

A field in *italics* is under Advanced. On the command line each is an option, as in `--frame-rate`; an empty default
means that the option may be left out.
"""


def page() -> str:
    """The whole of docs/modes.md."""
    shared = shared_parameters()
    any_mode = next(iter(modes.MODES.values()))
    lines = [INTRO, *overview(), SHARED, *parameter_table(shared), "", *by_choice(any_mode, shared, files(any_mode))]
    for mode in modes.MODES.values():
        lines += section(mode, [each for each in mode.parameters() if each not in shared])
    return "\n".join(lines).rstrip() + "\n"


def shared_parameters() -> list[Parameter]:
    """Parameters that all modes declare alike."""
    first, *others = (mode.parameters() for mode in modes.MODES.values())
    return [each for each in first if all(each in parameters for parameters in others)]


def overview() -> Iterator[str]:
    yield from ("| mode | what it makes | takes | presets |", "|---|---|---|---|")
    for mode in modes.MODES.values():
        takes = ", ".join(["prompt", *(taken(each) for each in media(mode))])
        presets = ", ".join(preset.label for preset in mode.presets)
        yield f"| [{mode.label}](#{mode.label.lower().replace(' ', '-')}) | {mode.summary} | {takes} | {presets} |"


def section(mode: Mode, own: Sequence[Parameter]) -> Iterator[str]:
    needed = files(mode)
    yield from (f"## {mode.label}", "", mode.summary, "", f"![{mode.label}](images/{mode.id}.png)", "")
    if media(mode):
        yield from (f"- **{taken(each).capitalize()}**: {each.help}" for each in media(mode))
        yield ""
    yield from ("| preset | what it does |", "|---|---|")
    yield from (f"| {preset.label} | {preset.summary} |" for preset in mode.presets)
    own = [each for each in own if each.widget not in (*MEDIA, "presets")]
    yield from ("", f"Stages: {stages(mode)}.", "")
    yield from (*parameter_table(own), "", *file_table(mode, needed), "", *by_choice(mode, own, needed))
    yield from ("```bash", command(mode), "```", "")


def media(mode: Mode) -> list[Parameter]:
    return [each for each in mode.parameters() if each.widget in MEDIA]


def taken(parameter: Parameter) -> str:
    """A file that a mode takes: what it is called, and what kind of file that is."""
    label = parameter.label.lower()
    details = [] if parameter.widget in label else [parameter.widget]
    details += ["optional"] if parameter.optional else []
    return f"{label} ({', '.join(details)})" if details else label


def parameter_table(parameters: Sequence[Parameter]) -> Iterator[str]:
    yield from ("| field | option | what for | default | allowed |", "|---|---|---|---|---|")
    for each in sorted(parameters, key=lambda each: each.advanced):
        label = f"*{each.label}*" if each.advanced else each.label
        yield f"| {label} | `{option(each.name)}` | {each.help} | {default(each)} | {allowed(each)} |"


def default(parameter: Parameter) -> str:
    value = parameter.default
    if value in (None, "", ()):
        return ""
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:g} {parameter.unit}".strip() if isinstance(value, float | int) else value


def allowed(parameter: Parameter) -> str:
    if parameter.choices:
        return ", ".join(map(str, parameter.choices))
    if isinstance(parameter.default, bool):
        return "on, off"
    if parameter.minimum is not None and parameter.maximum is not None:
        unit = f" {parameter.unit}" if parameter.unit else ""
        return f"{parameter.minimum} to {parameter.maximum}{unit}"
    return rows.KINDS[parameter.widget].text if parameter.widget in rows.KINDS else "text"


def files(mode: Mode, **values: Any) -> dict[ModelFile, set[str]]:
    """The model files that a mode's first example needs with these values, each with the presets that need it."""
    found: dict[ModelFile, set[str]] = {}
    for preset, graph in graphs(mode, **values).items():
        for file in MODELS.needed(graph):
            found.setdefault(file, set()).add(preset)
    return found


def graphs(mode: Mode, **values: Any) -> dict[str, Graph]:
    """By preset, the graph of a mode with its first example's files and the defaults for the rest."""
    example = mode.examples[0].values
    given = {name: example[name] for name in ("prompt", *(each.name for each in media(mode))) if name in example}
    presets = (preset.id for preset in mode.presets)
    return {preset: mode.sketch(mode.validate({**given, **values, "preset": preset})) for preset in presets}


def stages(mode: Mode) -> str:
    """What runs, in order; in brackets the presets that leave a stage out."""
    runs = {preset: mode.stages_of(graph) for preset, graph in graphs(mode).items()}
    named = []
    for stage in mode.stages:
        without = [preset.label for preset in mode.presets if stage not in runs[preset.id]]
        named.append(f"{stage.lower()} (not with {' or '.join(without)})" if without else stage.lower())
    return ", ".join(named)


def file_table(mode: Mode, needed: Mapping[ModelFile, set[str]]) -> Iterator[str]:
    yield f"| model file | folder | from | size | {' | '.join(preset.label for preset in mode.presets)} |"
    yield "|---" * (4 + len(mode.presets)) + "|"
    for file, presets in needed.items():
        marks = " | ".join("●" if preset.id in presets else "" for preset in mode.presets)
        yield f"| `{file.name}` | {file.folder} | {file.repo} | {size(file)} | {marks} |"


def by_choice(mode: Mode, parameters: Iterable[Parameter], needed: Mapping[ModelFile, set[str]]) -> Iterator[str]:
    """Files that come in only with a choice, or with a strength that is 0 by default."""
    rows = []
    for each in parameters:
        for choice in each.choices or ((1,) if each.default == 0 else ()):
            label = f"{each.label}: {choice}" if each.choices else each.label
            more = files(mode, **{each.name: choice}).keys() - needed.keys()
            rows += [f"| {label} | `{file.name}` | {file.folder} | {file.repo} | {size(file)} |" for file in more]
    if rows:
        yield from ("| besides, with | model file | folder | from | size |", "|---|---|---|---|---|", *rows, "")


def size(file: ModelFile) -> str:
    return f"{file.size / 1e9:.2f} GB" if file.size else "size not known yet"


def command(mode: Mode) -> str:
    """The first example as a line for a terminal."""
    words = [".venv/bin/python cli.py generate", mode.id]
    for name, value in mode.examples[0].values.items():
        text = value.relative_to(PROJECT).as_posix() if isinstance(value, Path) else str(value)
        words.append(f"{option(name)} " + (f'"{text}"' if " " in text else text))
    return " ".join([*words, "--out clip.mp4"])


def option(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 where it would change")
    text = page()
    if parser.parse_args().check:
        if PAGE.is_file() and PAGE.read_text(encoding="utf-8") == text:
            return 0
        print("docs/modes.md is not what the modes declare; run: python tools/make_docs.py", file=sys.stderr)
        return 1
    PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
