"""Reads the parts of the Dockerfile and .dockerignore formats that Kinora's files use."""

import json
import os
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

KNOWN = {"RUN", "COPY", "ENV", "WORKDIR", "USER", "VOLUME", "EXPOSE", "HEALTHCHECK", "CMD"}


@dataclass(frozen=True, slots=True)
class Step:
    """One instruction. `flags` are its leading `--name=value`, in order; `text` is what follows them."""

    keyword: str
    flags: tuple[tuple[str, str], ...]
    text: str

    @property
    def words(self) -> list[str]:
        """The text as a list: that of a JSON array, else split as a shell does."""
        return json.loads(self.text) if self.text.startswith("[") else shlex.split(self.text)


@dataclass(slots=True)
class Stage:
    """The steps from one FROM to the next. `base` is an image or an earlier stage."""

    name: str
    base: str
    steps: list[Step] = field(default_factory=list)


def read(dockerfile: Path) -> list[Stage]:
    """The stages in order. Raises ValueError at an unknown instruction."""
    stages: list[Stage] = []
    for line in _logical_lines(dockerfile.read_text(encoding="utf-8")):
        keyword, _, rest = line.partition(" ")
        if keyword == "FROM":
            words = rest.split()
            stages.append(Stage(words[2] if len(words) > 1 else "", words[0]))
        elif keyword in KNOWN:
            stages[-1].steps.append(_step(keyword, rest.strip()))
        else:
            raise ValueError(f"Unknown instruction: {line}")
    return stages


def _logical_lines(text: str) -> Iterator[str]:
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    return (re.sub(r"\s+", " ", line) for line in re.sub(r"\\\n", " ", "\n".join(lines)).splitlines())


def _step(keyword: str, rest: str) -> Step:
    flags = []
    while found := re.match(r"--([a-z-]+)=(\S+) +", rest):
        flags.append((found[1], found[2]))
        rest = rest[found.end() :]
    return Step(keyword, tuple(flags), rest)


def context(folder: Path) -> Iterator[PurePosixPath]:
    """The files of a build context: those in `folder` that its .dockerignore does not name, relative to `folder`."""
    lines = (folder / ".dockerignore").read_text(encoding="utf-8").splitlines()
    patterns = [line for line in lines if line and not line.startswith("#")]
    for parent, folders, files in os.walk(folder):
        inside = PurePosixPath(Path(parent).relative_to(folder).as_posix())
        folders[:] = [name for name in folders if not _ignored(inside / name, patterns)]
        yield from (inside / name for name in files if not _ignored(inside / name, patterns))


def _ignored(path: PurePosixPath, patterns: list[str]) -> bool:
    """A pattern is anchored at the context's root; `**/name` is a name anywhere."""
    return any(
        fnmatch(path.name, pattern[3:]) if pattern.startswith("**/") else fnmatch(str(path), pattern)
        for pattern in patterns
    )
