"""The form's part for batches: many tasks in one job, from files, a table or a grid of values."""

from collections.abc import Iterable, Mapping
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.components import Component

from errors import InvalidInputError
from jobs import Batch, Plan, Submission
from jobs.types import MAX_PRIORITY, MAX_TRIES, MIN_PRIORITY
from ui.fields import note
from ui.snippets import duration

SHOWN_PROBLEMS = 8


class BatchForm:
    """Fields for a batch, to be made inside a `gr.Blocks`. If they are left empty, Generate makes one task."""

    def __init__(self, visible: bool) -> None:
        drop: dict[str, Any] = {"height": 96, "elem_classes": "k-drop"}
        with gr.Accordion("Batch", open=False, visible=visible, elem_id="k-batch"):
            self._files = gr.File(label="Files", file_count="multiple", elem_id="batch-files", **drop)
            _hint("One task per file. If kite.txt is beside kite.png, it is the prompt; kite.json holds other values.")
            tables = [".csv", ".jsonl", ".json"]
            self._table = gr.File(label="Table", file_types=tables, elem_id="batch-table", **drop)
            _hint("CSV or JSON Lines, one task per row. Columns are parameters, such as prompt and seed.")
            self._grid = gr.Textbox(label="Grid of values", lines=2, placeholder="seed: 1, 2, 3", elem_id="batch-grid")
            _hint("One parameter per line. Several lines make every combination.")
            with gr.Row(elem_classes="k-grid"):
                with gr.Column(elem_classes="k-cell", min_width=120):
                    self._tries = gr.Textbox("1", label="Tries per entry", max_lines=1, elem_id="batch-tries")
                    _hint("Each has its own seed.")
                with gr.Column(elem_classes="k-cell", min_width=120):
                    self._priority = gr.Textbox("0", label="Priority", max_lines=1, elem_id="batch-priority")
                    _hint(f"{MIN_PRIORITY} to {MAX_PRIORITY}. Higher runs first.")
            self._name = gr.Textbox("", label="Job name", max_lines=1, elem_id="batch-name")
            self._skip_bad = gr.Checkbox(False, label="Skip entries that cannot run", elem_id="batch-skip")
            self.plan = gr.HTML(elem_id="batch-plan")

    @property
    def components(self) -> list[Component]:
        """The fields, in the order in which the methods below take what they hold."""
        return [self._files, self._table, self._grid, self._tries, self._priority, self._name, self._skip_bad]

    @property
    def changes(self) -> list[Any]:
        """The events of a change in any field."""
        return [
            self._files.change,
            self._table.change,
            self._grid.change,
            self._tries.change,
            self._priority.change,
            self._name.change,
            self._skip_bad.change,
        ]

    def submission(self, mode: str, values: Mapping[str, Any], raw: Iterable[Any]) -> Submission:
        """From what handlers get for `components` (with preprocess=False). Raises InvalidInputError."""
        files, table, grid, tries, priority, name, _ = raw
        batch = Batch(files=_paths(files), table=next(iter(_paths(table)), None), grid=_grid(grid or ""))
        given = batch.files or batch.table or batch.grid
        return Submission(
            mode=mode,
            values={name: value for name, value in values.items() if value is not None},
            batch=batch if given else None,
            tries=_whole(tries, "tries", "Tries per entry", 1, MAX_TRIES),
            priority=_whole(priority, "priority", "Priority", MIN_PRIORITY, MAX_PRIORITY),
            name=(name or "")[:200],
        )

    def skip_bad(self, raw: tuple[Any, ...]) -> bool:
        """Whether entries that cannot run are to be left out."""
        return bool(raw[-1])


def tasks(number: int) -> str:
    """A number of tasks in words."""
    return "1 task" if number == 1 else f"{number:,} tasks"


def plan_card(plan: Plan) -> str:
    """What a batch amounts to: tasks, time, disk space, downloads, and the entries that cannot run."""
    facts = [tasks(plan.tasks)]
    if plan.tasks:
        facts.append(f"about {duration(plan.seconds)}" if plan.seconds is not None else "no time estimate yet")
        facts.append(f"about {plan.disk_bytes / 1e6:,.0f} MB of {plan.disk_free / 1e9:,.0f} GB free")
    if plan.to_download:
        facts.append(f"{len(plan.to_download)} model files to download first")
    text = f"<p><b>{escape(' · '.join(facts))}</b></p>"
    if not plan.problems:
        return text
    shown = "".join(f"<li>{_problem(each.where, each.message)}</li>" for each in plan.problems[:SHOWN_PROBLEMS])
    more = len(plan.problems) - SHOWN_PROBLEMS
    rest = f"<li>and {more:,} more</li>" if more > 0 else ""
    count = "1 entry cannot run" if len(plan.problems) == 1 else f"{len(plan.problems):,} entries cannot run"
    return f'{text}<div class="k-error" role="alert"><h3>{count}</h3><ul>{shown}{rest}</ul></div>'


def _problem(where: str, message: str) -> str:
    return f"<b>{escape(where)}</b>: {escape(message)}" if where else escape(message)


def _hint(text: str) -> None:
    gr.HTML(note(text))


def _paths(value: Any) -> list[Path]:
    """The paths in a file component's payload."""
    files = value if isinstance(value, list) else [value] if value else []
    return [Path(file["path"]) for file in files]


def _grid(text: str) -> dict[str, list[Any]]:
    """From lines such as "seed: 1, 2, 3"."""
    found: dict[str, list[Any]] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        name, colon, values = line.partition(":")
        chosen = [value.strip() for value in values.split(",") if value.strip()]
        if not colon or not chosen:
            raise InvalidInputError(f"Grid of values, line {number}: write it as “seed: 1, 2, 3”.", "grid")
        if name.strip() in found:
            raise InvalidInputError(f"Grid of values, line {number}: {name.strip()} is given twice.", "grid")
        found[name.strip()] = list(chosen)
    return found


def _whole(text: Any, name: str, label: str, least: int, most: int) -> int:
    try:
        number = int(str(text or "").strip() or max(least, 0))
    except ValueError:
        number = least - 1
    if not least <= number <= most:
        raise InvalidInputError(f"{label} must be a whole number from {least} to {most:,}.", name)
    return number
