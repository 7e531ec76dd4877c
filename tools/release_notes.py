"""Prints a version's section of CHANGELOG.md: python tools/release_notes.py v0.1.0

Python's standard library only. The exit code is 1 if the tag is not the version of pyproject.toml, or if its section
says that it is not released.
"""

import re
import sys
import tomllib
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]


def notes(changelog: str, version: str) -> str:
    """The text below a version's heading.

    Raises ValueError if there is no such heading or no text, or if the heading says that the version is not released.
    """
    for section in re.split(r"^## ", changelog, flags=re.MULTILINE)[1:]:
        heading, _, text = section.partition("\n")
        if heading.split()[0] != version:
            continue
        if "not released" in heading:
            raise ValueError(f"CHANGELOG.md says that {version} is not released: write its date there.")
        if text.strip():
            return text.strip()
    raise ValueError(f"CHANGELOG.md has no section about {version}.")


def main(tag: str) -> int:
    """Prints the notes of the tag; returns the exit code."""
    version = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    try:
        if tag != f"v{version}":
            raise ValueError(f"The tag is {tag}, but pyproject.toml says {version}.")
        print(notes((PROJECT / "CHANGELOG.md").read_text(encoding="utf-8"), version))
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
