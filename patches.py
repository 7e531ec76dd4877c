"""The registry of patches: changes to other people's code, and uses of its private parts, declared where they are made.

    @patch("comfy.lora:load_lora", package="ComfyUI", reason="…", until="…")
    def install() -> None: ...

A patch is written for the versions in WRITTEN_FOR. When it is applied, it first checks that its targets exist; then it
is remembered. `python cli.py doctor` lists all patches, and tests/test_patches.py compares the versions with the pins.
"""

import functools
import importlib
import importlib.util
import inspect
import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, ParamSpec, TypeVar

WRITTEN_FOR = {"ComfyUI": "0.30.0", "gradio": "6.31.0", "spaces": "0.51.3", "spandrel": "0.4.2"}
"""The version of each package that all patches of it were last read against. To change one, read them all again."""

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

log = logging.getLogger(__name__)


class PatchError(Exception):
    """What a patch changes is not there, or is not as the patch expects it."""


@dataclass(frozen=True, slots=True)
class DeclaredPatch:
    """One patch. A target is "module:attribute.attribute", or "module" where a whole module is replaced."""

    targets: tuple[str, ...]
    package: str
    reason: str
    until: str
    """The condition under which the patch can be removed."""
    module: str
    """Ours, that applies it."""

    @property
    def version(self) -> str:
        return WRITTEN_FOR[self.package]


DECLARED: list[DeclaredPatch] = []
"""The patches of all modules that this process has imported."""
_applied: set[DeclaredPatch] = set()


def patch(
    *targets: str, package: str, reason: str, until: str
) -> Callable[[Callable[Arguments, Result]], Callable[Arguments, Result]]:
    """Declares that the decorated function patches `targets`.

    A call of that function raises PatchError, before it changes anything, where a target does not exist.
    """

    def declare(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
        declared = DeclaredPatch(targets, package, reason, until, function.__module__)
        DECLARED.append(declared)

        @functools.wraps(function)
        def apply(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
            for target in targets:
                find(target)
            result = function(*args, **kwargs)
            if declared not in _applied:
                _applied.add(declared)
                log.info("patched %s", ", ".join(targets))
            return result

        return apply

    return declare


def find(target: str) -> Any:
    """What a target names. A target without an attribute is looked for, not imported. Raises PatchError."""
    module, _, path = target.partition(":")
    try:
        if not path:
            if importlib.util.find_spec(module) is None:
                raise ModuleNotFoundError(f"No module named {module!r}")
            return None
        return functools.reduce(getattr, path.split("."), importlib.import_module(module))
    except (ImportError, AttributeError) as error:
        raise PatchError(f"{target} is not there: {error}.") from error


def expect(as_written: bool, what: str) -> None:
    """Raises PatchError unless the code to be patched is as the patch was written for; `what` says what has changed."""
    if not as_written:
        raise PatchError(f"{what}.")


def expect_parameters(function: Callable[..., Any], *names: str) -> None:
    """Raises PatchError unless the function has exactly these parameters, `self` included."""
    found = tuple(inspect.signature(function).parameters)
    expect(found == names, f"{function.__qualname__} has the parameters {found}, not {names}")


def report() -> list[dict[str, Any]]:
    """All declared patches as JSON, with their versions and whether this process has applied them."""
    return [asdict(each) | {"version": each.version, "applied": each in _applied} for each in DECLARED]
