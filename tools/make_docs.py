"""Writes docs/modes.md from the declarations of the modes.

python tools/make_docs.py           write it
python tools/make_docs.py --check   exit 1 if it differs from the declarations
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
from models.licences import licence  # noqa: E402
from modes import InvalidParamsError, Mode, Parameter, lists  # noqa: E402
from modes.media_info import MEDIA  # noqa: E402
from modes.mode import EXAMPLES  # noqa: E402
from settings import Settings  # noqa: E402
from workflow import Graph  # noqa: E402

PAGE = PROJECT / "docs" / "modes.md"
SETTINGS = Settings(demo="never")
MODELS = Models(SETTINGS)

INTRO = """\
# Modes

<!-- Written by tools/make_docs.py from the declarations in modes/; change those instead. -->

The screenshots show demo models, which need no GPU. The tables of model files apply to the fields' defaults;
below them are the files that a choice adds. Kinora downloads a file only when a run needs it and it is in no
models folder.
"""
LICENCES = """\
These are the licences that the models were published under, as far as we know; check the page of each repository
when you download a file. Community licences and custom terms restrict some uses: read them before you sell your
results.
"""
# Facts that have no place in a mode's declaration.
NOTES = {
    "t2i": """\
Kinora uses Z-Image for images because it is free for any use (Apache 2.0), small for its quality (6B: 21 GB on
disk with its text encoder; a GPU with 16 GB is enough) and fast (8 steps), and because the same files serve text
to image, image to image, inpainting and the upscaler's diffusion. The pinned templates offer alternatives: FLUX.1
dev, its fill model and FLUX.2 may not be used commercially without a licence; FLUX.1 schnell, SDXL and SD 1.5 are
older and follow prompts less closely; Qwen-Image is just as free but three times as large, and Kinora uses it
where it is best, for editing.""",
    "inpaint": """\
Everything outside the mask keeps the image's own pixels: Kinora composites the model's result into the image with
the mask. Where the mask's edge is soft (Feather), both are blended.""",
    "graph": """\
Get the graph from ComfyUI's menu (Workflow, Export (API)), or copy it from an earlier task on the queue page.

- **Nodes**: a graph may use ComfyUI's own nodes that [nodes.tsv](../modes/user_graph/nodes.tsv) lists with an empty
  second column; for the others, that column says why not. `tools/allow_nodes.py` has the rules: no node may read
  or write files other than inputs and results, train, call a service, compile code, or run for ever.
- **Files**: the first image that the graph loads becomes Image, the next different one Second image, and so on,
  whatever their names are; nodes that load the same name get the same file. A file that Kinora prepared for an
  earlier task may stay. Loaders name models as files in their models folder, in the safetensors format.
- **Seed**: without a seed, the graph runs with its own seeds, and Kinora shows the first of them. Another seed
  shifts all inputs named seed or noise_seed by the same amount, so that equal seeds stay equal. Seeds that come
  over a link do not change.
- **Results**: every image, video and sound that the graph saves; Kinora replaces the names in the graph. Nodes
  that no saved file needs, including previews, are left out.""",
    "cogvideo": """\
We know of no repository with a file for ComfyUI. `python tools/convert_cogvideox.py FOLDER TARGET` converts the
`transformer` folder of zai-org/CogVideoX-5b; this has only been tested with demo weights.""",
}
FIELDS = """
## Fields

Fields in *italics* are under Advanced. On the command line, each field is an option such as `--frame-rate`; an
option with an empty default may be left out.
"""


def page() -> str:
    """The whole of docs/modes.md."""
    lines = [INTRO, *overview(), FIELDS]
    for mode in modes.MODES.values():
        lines += section(mode)
    lines += all_files()
    return "\n".join(lines).rstrip() + "\n"


def overview() -> Iterator[str]:
    yield from ("| mode | result | input | presets |", "|---|---|---|---|")
    for mode in modes.MODES.values():
        prompt = ["prompt"] if "prompt" in mode.params.model_fields else []
        takes = ", ".join([*prompt, *(taken(each) for each in mode.media)])
        presets = ", ".join(preset.label for preset in mode.presets)
        yield f"| [{mode.label}](#{mode.label.lower().replace(' ', '-')}) | {mode.summary} | {takes} | {presets} |"


def all_files() -> Iterator[str]:
    """Every file that a mode needs with its defaults, with its licence and the modes that need it."""
    users: dict[ModelFile, list[str]] = {}
    for mode in modes.MODES.values():
        for file in files(mode):
            users.setdefault(file, []).append(mode.label)
    yield from ("", "## All model files", "", LICENCES)
    yield from ("| model file | source | size | licence | used by |", "|---|---|---|---|---|")
    for file, labels in users.items():
        yield f"| `{file.folder}/{file.name}` | {source(file)} | {size(file)} | {licence(file)} | {', '.join(labels)} |"


def section(mode: Mode) -> Iterator[str]:
    needed = files(mode)
    yield from (f"## {mode.label}", "", mode.summary, "", f"![{mode.label}](images/{mode.id}.png)", "")
    if mode.media:
        yield from (f"- **{taken(each).capitalize()}**: {each.help}" for each in mode.media)
        yield ""
    if mode.presets:
        yield from ("| preset | what it does |", "|---|---|")
        yield from (f"| {preset.label} | {preset.summary} |" for preset in mode.presets)
    if mode.id in NOTES:
        yield from ("", NOTES[mode.id])
    own = [each for each in mode.parameters() if each.widget not in (*MEDIA, "presets")]
    yield from ("", f"Phases: {phases(mode)}.", "")
    yield from (*parameter_table(own), "", *file_table(mode, needed), "", *by_choice(mode, own, needed))
    yield from ("```bash", command(mode), "```", "")


def taken(parameter: Parameter) -> str:
    """An input file of a mode: its label, and its kind in brackets."""
    label = parameter.label.lower()
    details = [] if parameter.widget in label else [parameter.widget]
    details += ["optional"] if parameter.optional else []
    return f"{label} ({', '.join(details)})" if details else label


def parameter_table(parameters: Sequence[Parameter]) -> Iterator[str]:
    yield from ("| field | option | purpose | default | allowed |", "|---|---|---|---|---|")
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
    if parameter.widget in lists.LIST_KINDS:
        return lists.LIST_KINDS[parameter.widget].text
    if parameter.choices:
        return ", ".join(map(str, parameter.choices))
    if isinstance(parameter.default, bool):
        return "on, off"
    if parameter.minimum is not None and parameter.maximum is not None:
        unit = f" {parameter.unit}" if parameter.unit else ""
        return f"{parameter.minimum} to {parameter.maximum}{unit}"
    return "text"


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
    inputs = ("prompt", "graph", "stages", *(each.name for each in mode.media))
    given = {name: example[name] for name in inputs if name in example}
    ways = {preset.id: {"preset": preset.id} for preset in mode.presets} or {"": {}}
    return {
        way: mode.preview_graph(mode.validate({**given, **values, **chosen}, SETTINGS)) for way, chosen in ways.items()
    }


def phases(mode: Mode) -> str:
    """The phases of a run in their order; in brackets the presets that skip a phase."""
    runs = {preset: mode.phases_of(graph) for preset, graph in graphs(mode).items()}
    named = []
    for phase in mode.phases:
        if not any(phase in run for run in runs.values()):
            continue  # a long video may have more segments than the example
        without = [preset.label for preset in mode.presets if phase not in runs[preset.id]]
        named.append(f"{phase.lower()} (not with {' or '.join(without)})" if without else phase.lower())
    return ", ".join(named)


def file_table(mode: Mode, needed: Mapping[ModelFile, set[str]]) -> Iterator[str]:
    yield f"| model file | folder | source | size | {' | '.join(preset.label for preset in mode.presets)} |"
    yield "|---" * (4 + len(mode.presets)) + "|"
    for file, presets in needed.items():
        marks = " | ".join("●" if preset.id in presets else "" for preset in mode.presets)
        yield f"| `{file.name}` | {file.folder} | {source(file)} | {size(file)} | {marks} |"


def by_choice(mode: Mode, parameters: Iterable[Parameter], needed: Mapping[ModelFile, set[str]]) -> Iterator[str]:
    """Files that only a certain choice needs, or a strength that is 0 by default."""
    rows = []
    for each in parameters:
        for choice in each.choices or ((1,) if each.default == 0 else ()):
            label = f"{each.label}: {choice}" if each.choices else each.label
            try:
                more = files(mode, **{each.name: choice}).keys() - needed.keys()
            except InvalidParamsError:
                continue  # the example would become too large
            rows += [f"| {label} | `{file.name}` | {file.folder} | {file.repo} | {size(file)} |" for file in more]
    if rows:
        yield from ("| also needed for | model file | folder | source | size |", "|---|---|---|---|---|", *rows, "")


def source(file: ModelFile) -> str:
    return file.repo or "provided by you"


def size(file: ModelFile) -> str:
    return f"{file.size / 1e9:.2f} GB" if file.size else "size unknown"


def command(mode: Mode) -> str:
    """The first example as a command line."""
    words = [".venv/bin/python cli.py generate", mode.id]
    for name, value in mode.examples[0].values.items():
        if name == "graph":
            value = EXAMPLES / "graph.json"
        for each in value if isinstance(value, tuple) else (value,):
            row = getattr(each, "prompt", each)  # the prompt of a segment
            text = row.relative_to(PROJECT).as_posix() if isinstance(row, Path) else str(row)
            words.append(f"{option(name)} " + (f'"{text}"' if " " in text else text))
    clip = mode.validate(mode.examples[0].values, SETTINGS).output_spec().fps
    return " ".join([*words, f"--out {'clip.mp4' if clip else 'image.png'}"])


def option(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if the page would change")
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
