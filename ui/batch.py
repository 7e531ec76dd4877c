"""The batch's part of the form: many clips in one go, from files, a table or lists of values."""

from collections.abc import Iterable, Mapping
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.components import Component

from constants import MAX_PRIORITY, MAX_TRIES, MIN_PRIORITY
from errors import InvalidInputError
from jobs import Batch, Plan, Submission
from ui.run_card import spoken

SHOWN_PROBLEMS = 8


class BatchForm:
    """Fields for a batch, to be made inside a `gr.Blocks`. Left empty, one clip is made."""

    def __init__(self, visible: bool) -> None:
        with gr.Accordion("Batch", open=False, visible=visible, elem_id="k-batch"):
            self._files = gr.File(
                label="Files", file_count="multiple", height=96, elem_id="batch-files", elem_classes="k-drop"
            )
            gr.HTML(_hint("One clip for each file. kite.txt beside kite.png is its prompt, kite.json its values."))
            tables = [".csv", ".jsonl", ".json"]
            self._table = gr.File(
                label="Table", file_types=tables, height=96, elem_id="batch-table", elem_classes="k-drop"
            )
            gr.HTML(_hint("CSV or JSON lines, one clip a row. Columns are parameters: prompt, seed …"))
            self._grid = gr.Textbox(label="Lists of values", lines=2, placeholder="seed: 1, 2, 3", elem_id="batch-grid")
            gr.HTML(_hint("One parameter a line. Several lines make every combination."))
            with gr.Row(elem_classes="k-grid"):
                with gr.Column(elem_classes="k-cell", min_width=120):
                    self._tries = gr.Textbox("1", label="Tries of each", max_lines=1, elem_id="batch-tries")
                    gr.HTML(_hint("With different seeds."))
                with gr.Column(elem_classes="k-cell", min_width=120):
                    self._priority = gr.Textbox("0", label="Priority", max_lines=1, elem_id="batch-priority")
                    gr.HTML(_hint(f"{MIN_PRIORITY} to {MAX_PRIORITY}, higher first."))
            self._name = gr.Textbox("", label="Name of the job", max_lines=1, elem_id="batch-name")
            self._leave_out = gr.Checkbox(False, label="Leave out what cannot run", elem_id="batch-skip")
            self.plan = gr.HTML(elem_id="batch-plan")
            # The newest batch's job, for the page to show; a gr.State would not reach the browser.
            self.submitted = gr.Textbox(elem_classes="k-hidden", show_label=False)

    @property
    def components(self) -> list[Component]:
        return [
            self._files,
            self._table,
            self._grid,
            self._tries,
            self._priority,
            self._name,
            self._leave_out,
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
            tries=_whole(tries, "Tries", 1, MAX_TRIES),
            priority=_whole(priority, "Priority", MIN_PRIORITY, MAX_PRIORITY),
            name=(name or "")[:200],
        )

    def leave_out_bad(self, raw: tuple[Any, ...]) -> bool:
        return bool(raw[-1])


def plan_card(plan: Plan) -> str:
    """How many clips, how long, how much disk, and what cannot run."""
    clips = "1 clip" if plan.tasks == 1 else f"{plan.tasks:,} clips"
    facts = [clips]
    if plan.tasks:
        facts.append(f"about {spoken(plan.seconds)}" if plan.seconds is not None else "time not known yet")
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


def _hint(text: str) -> str:
    return f'<p class="k-note">{escape(text)}</p>'


def _paths(value: Any) -> list[Path]:
    """Of a file component's payload."""
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
            raise InvalidInputError(f"Lists of values, line {number}: write it as “seed: 1, 2, 3”.", "grid")
        found[name.strip().lower().replace(" ", "_").replace("-", "_")] = list(chosen)
    return found


def _whole(text: Any, label: str, least: int, most: int) -> int:
    try:
        number = int(str(text or "").strip() or max(least, 0))
    except ValueError:
        number = least - 1
    if not least <= number <= most:
        raise InvalidInputError(f"{label} must be a whole number from {least} to {most:,}.", label.lower())
    return number
