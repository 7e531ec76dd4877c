"""Pins the registry: fills in each file's current revision, size and sha256 on the Hugging Face Hub.

    python tools/refresh_models.py [NAME ...] [--registry FILE]

NAME is a file's name in the registry; without one, every row is refreshed. A row that
the Hub cannot answer for stays unchanged, and the exit code is 1. Gated repositories need HF_TOKEN.
"""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from errors import DownloadError
from models import hub, registry
from models.registry import ModelFile


def refresh(file: ModelFile) -> ModelFile:
    """The entry with the current facts of the Hub's main branch. Raises DownloadError."""
    unpinned = replace(file, revision=None, size=None, sha256=None)
    try:
        offer = hub.resolve(unpinned)
    except hub.ERRORS as error:
        raise hub.explain(error, file, Path("models") / file.folder) from error
    return replace(file, revision=offer.revision, size=offer.size, sha256=offer.sha256)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="file names; all where none is given")
    parser.add_argument("--registry", type=Path, default=registry.REGISTRY, metavar="FILE")
    options = parser.parse_args(arguments)
    files = registry.read(options.registry)
    unknown = set(options.names) - {file.name for file in files}
    if unknown:
        parser.error(f"not in the registry: {', '.join(sorted(unknown))}")
    failed = 0
    for index, file in enumerate(files):
        if options.names and file.name not in options.names:
            continue
        try:
            files[index] = refresh(file)
        except DownloadError as error:
            failed += 1
            print(f"{file.name}: {error.words}", file=sys.stderr)
            continue
        state = "unchanged" if files[index] == file else f"{files[index].revision} {files[index].size} bytes"
        print(f"{file.name}: {state}")
        registry.write(files, options.registry)  # at once: a long list may be interrupted
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
