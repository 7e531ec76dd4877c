"""From what a person asks for to tasks that can run: values checked, seeds drawn, inputs kept, graphs built."""

import hashlib
import secrets
import shutil
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import modes
from constants import MAX_SEED
from errors import BatchError, KinoraError, Problem
from jobs.files.kept_inputs import KeptInputs
from jobs.store.insert import Draft
from jobs.submit.batch import BatchEntry, expand
from jobs.submit.path_policy import PathPolicy
from jobs.types import Caller, Plan, Submission
from media import Preparer, digest
from models import Models
from modes import InvalidParamsError, Mode, Params
from settings import Settings
from workflow import Graph

SecondsOf = Callable[[str], float | None]
"""From a kind of timing (`DraftBuilder.timing`) to the seconds that such a run takes; None where not known."""

VIDEO_BITS, IMAGE_BITS = 0.3, 15.0
"""Bits for each pixel of a result: H.264 as ComfyUI writes it takes 0.1 to 0.5, a PNG of a photograph 10 to 20."""


@dataclass(frozen=True, slots=True)
class CheckedEntry:
    """An entry whose values are valid and whose model files are here or known."""

    entry: BatchEntry
    params: Params


class DraftBuilder:
    """Makes drafts of submissions. Writes nothing but the kept inputs. Every method may be called from any thread."""

    def __init__(self, settings: Settings, models: Models, inputs: KeptInputs, policy: PathPolicy) -> None:
        self._policy = policy
        self._settings = settings
        self._models = models
        self._inputs = inputs

    def check(self, caller: Caller, submission: Submission) -> tuple[list[CheckedEntry], list[Problem]]:
        """The entries that can run, and what is wrong with the others.

        Raises InvalidInputError for an unknown mode and ForbiddenError for a file that may not be named. Where there is
        no batch, raises what is wrong with the one generation: InvalidParamsError, or MissingModelError for a model
        file that is neither here nor known.
        """
        mode = modes.get(submission.mode)
        if submission.batch:
            self._policy.check_batch(caller, submission.batch)
        entries, problems = expand(mode, submission)
        self._policy.check_entries(caller, mode, entries)
        good: list[CheckedEntry] = []
        known: set[tuple[str, ...]] = set()
        for entry in entries:
            try:
                params = mode.validate(entry.values, self._settings)
                self._check_models(mode.preview_graph(params), known)
                good.append(CheckedEntry(entry, params))
            except KinoraError as error:
                if submission.batch is None:
                    raise
                problems += _problems(entry, error)
        return good, problems

    def drafts(self, caller: Caller, submission: Submission, skip_bad: bool) -> list[Draft]:
        """All tasks of a submission. Raises what `check` raises, and BatchError for a batch with entries that cannot
        run (`skip_bad` leaves those out, unless none can)."""
        mode = modes.get(submission.mode)
        good, problems = self.check(caller, submission)
        if problems and not (skip_bad and good):
            raise BatchError(problems, len(good) * submission.tries)
        kept: dict[Path, Path] = {}
        drafts = []
        for checked in good:
            params, inputs = self._keep(mode, checked.params, submission.keep_copies, kept)
            for number, seed in enumerate(_seeds(getattr(params, "seed", None), submission.tries), start=1):
                label = checked.entry.label or getattr(params, "prompt", "") or mode.label
                if submission.tries > 1:
                    label = f"{label[:280]}, try {number}"
                drafts.append(self._draft(mode, params, seed, inputs, label))
        return drafts

    def repeated(self, mode_id: str, entries: list[BatchEntry], new_seeds: bool, keep: bool) -> list[Draft]:
        """Tasks of `entries` whose values are complete. Raises InvalidParamsError where an input is gone."""
        mode = modes.get(mode_id)
        kept: dict[Path, Path] = {}
        drafts = []
        for entry in entries:
            params, inputs = self._keep(mode, mode.validate(entry.values, self._settings), keep, kept)
            seed = _new_seed() if new_seeds else int(entry.values["seed"])
            drafts.append(self._draft(mode, params, seed, inputs, entry.label))
        return drafts

    def reseed(self, mode_id: str, values: dict[str, Any]) -> tuple[str, dict[str, Any], dict[str, Any]]:
        """A new seed as text, the values with it, and their graph."""
        mode = modes.get(mode_id)
        params = mode.validate(values, self._settings)
        seed = _new_seed()
        prepared = mode.prepare_inputs(params, Preparer(self._settings, write=False))
        return str(seed), values | {"seed": seed}, mode.build(params, seed, prepared)

    def plan(self, caller: Caller, submission: Submission, seconds: SecondsOf) -> Plan:
        """What a submission would come to; nothing is kept. Raises what `check` raises."""
        mode = modes.get(submission.mode)
        good, problems = self.check(caller, submission)
        media: set[Path] = set()
        times: list[float | None] = []
        disk = 0.0
        for checked in good:
            announced = checked.params.output_spec()
            media |= {Path(path) for path in checked.params.media().values()}
            times.append(seconds(self.timing(mode, checked.params)))
            disk += announced.pixels * (VIDEO_BITS if announced.fps else IMAGE_BITS) / 8 * submission.tries
        if submission.keep_copies:
            self._settings.home.mkdir(parents=True, exist_ok=True)
            here = self._settings.home.stat().st_dev
            disk += sum(file.stat().st_size for file in media if file.stat().st_dev != here)  # else they are linked
        known = [time for time in times if time is not None]
        missing = []
        if good and not self._settings.use_demo:
            missing = [
                file.name for file in self._models.missing(*(mode.preview_graph(each.params) for each in good[:50]))
            ]
        return Plan(
            tasks=len(good) * submission.tries,
            problems=problems,
            labels=[each.entry.label for each in good[:20]],
            seconds=sum(known) * submission.tries if good and len(known) == len(times) else None,
            disk_bytes=round(disk),
            disk_free=shutil.disk_usage(self._settings.home).free if self._settings.home.exists() else 0,
            to_download=missing,
        )

    def timing(self, mode: Mode, params: Params) -> str:
        """The kind of timing: equal for runs of one mode, variant and device with about as many pixels (their binary
        logarithms differ by less than 1)."""
        size = params.output_spec().pixels.bit_length()
        return f"{mode.id}/{params.variant}/{self._settings.resolved_device}/{size}"

    def _check_models(self, graph: Graph, known: set[tuple[str, ...]]) -> None:
        """Raises MissingModelError for a model file that is neither here nor known. `known` are lists of files that
        have passed, since all entries of a batch mostly need the same."""
        files = tuple(file.name for file in self._models.needed(graph))
        if files not in known:
            self._models.refuse_unknown(graph)
            known.add(files)

    def _keep(
        self, mode: Mode, params: Params, keep: bool, kept: dict[Path, Path]
    ) -> tuple[Params, list[dict[str, Any]]]:
        """The parameters with kept files for their media, and a row of `task_inputs` for each of these."""
        media = {name: Path(path).resolve() for name, path in params.media().items()}
        for file in media.values():
            if keep and file not in kept:
                kept[file] = self._inputs.keep(file)
        params = params.model_copy(update={name: kept.get(file, file) for name, file in media.items()})
        prepared = mode.prepare_inputs(params, Preparer(self._settings, write=False))
        rows = [
            {
                "parameter": name,
                "original": str(file),
                "digest": digest(file) if keep else None,
                "prepared": prepared[name],
            }
            for name, file in media.items()
            if name in prepared
        ]
        return params, rows

    def _draft(self, mode: Mode, params: Params, seed: int, inputs: list[dict[str, Any]], label: str) -> Draft:
        graph = mode.build(params, seed, {row["parameter"]: row["prepared"] for row in inputs})
        announced = params.output_spec()
        values = params.model_dump(mode="json")
        if "seed" in values:
            values["seed"] = seed
        files = sorted(file.name for file in self._models.needed(graph))
        task = {
            "mode": mode.id,
            "label": label[:300],
            "seed": str(seed),
            "size": announced.text()[:200],
            "models": hashlib.sha256("\n".join(files).encode()).hexdigest()[:16],
            "timing": self.timing(mode, params),
        }
        details = {
            "values": values,
            "announced": asdict(announced),
            "graph": graph,
            "phases": {name: list(nodes) for name, nodes in mode.phases_of(graph).items()},
            "phase_seconds": {},
        }
        return Draft(task, details, inputs)


def _problems(entry: BatchEntry, error: KinoraError) -> list[Problem]:
    if isinstance(error, InvalidParamsError):
        return [Problem(where=entry.label, field=name, message=text) for name, text in error.fields.items()]
    return [Problem(where=entry.label, field="", message=error.words)]


def _seeds(chosen: int | None, tries: int) -> Iterable[int]:
    """Different seeds: counted up from the chosen one, or drawn."""
    if chosen is not None:
        return [(chosen + number) % (MAX_SEED + 1) for number in range(tries)]
    drawn: set[int] = set()
    while len(drawn) < tries:
        drawn.add(_new_seed())
    return list(drawn)


def _new_seed() -> int:
    """A random seed of at most 10 digits, so that people can read it and copy it; MAX_SEED has 20."""
    return secrets.randbelow(2**32)
