"""Makes the demo models: python tools/make_demo_models.py [--out DIR]"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from settings import Settings


def main() -> None:
    settings = Settings(device="cpu", demo="always")
    parser = argparse.ArgumentParser(description="Makes the small models that Kinora runs on without a GPU.")
    parser.add_argument("--out", type=Path, default=settings.models_dir, help="models folder (default: %(default)s)")
    folder = parser.parse_args().out.resolve()

    import demo_models
    from backend.comfy.startup import load

    load(settings)
    demo_models.prepare(folder)
    sizes = {name: (folder / name).stat().st_size for name in demo_models.FILES}
    for name, size in sizes.items():
        print(f"{size / 1e6:8.2f} MB  {name}")
    print(f"{sum(sizes.values()) / 1e6:8.2f} MB  in {folder}")


if __name__ == "__main__":
    main()
