"""Draws the example files that forms offer: python tools/make_examples.py [--out DIR]"""

import argparse
import sys
import wave
from pathlib import Path

import numpy as np
from PIL import Image

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

from tools.examples.clip import write_clip  # noqa: E402
from tools.examples.graph import graph  # noqa: E402
from tools.examples.landscape import DAY, NIGHT, landscape  # noqa: E402
from tools.examples.mask import mask  # noqa: E402
from tools.examples.portrait import portrait  # noqa: E402
from tools.examples.sheet import sheet  # noqa: E402
from tools.examples.sounds import RATE, music, speech  # noqa: E402


def make(folder: Path) -> None:
    """Writes all examples; the result is always the same."""
    folder.mkdir(parents=True, exist_ok=True)
    _write_png(folder / "landscape.png", landscape(DAY))
    _write_png(folder / "second.png", landscape(NIGHT))
    _write_png(folder / "mask.png", mask())
    _write_png(folder / "portrait.png", portrait())
    _write_png(folder / "sheet.png", sheet())
    _write_wav(folder / "speech.wav", speech())
    _write_wav(folder / "music.wav", music())
    write_clip(folder / "clip.mp4")
    (folder / "graph.json").write_text(graph(), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description="Draws and computes the example files that ship with Kinora.")
    parser.add_argument("--out", type=Path, default=PROJECT / "examples", help="folder (default: %(default)s)")
    folder = parser.parse_args().out.resolve()
    make(folder)
    files = sorted(each for each in folder.iterdir() if each.is_file())
    for file in files:
        print(f"{file.stat().st_size / 1000:6.0f} kB  {file.name}")
    print(f"{sum(file.stat().st_size for file in files) / 1000:6.0f} kB  in {folder}")


def _write_png(file: Path, image: Image.Image) -> None:
    image.save(file, optimize=True)


def _write_wav(file: Path, sound: np.ndarray) -> None:
    with wave.open(str(file), "wb") as written:
        written.setparams((1, 2, RATE, 0, "NONE", ""))
        written.writeframes((sound * 32767).astype("<i2").tobytes())


if __name__ == "__main__":
    main()
