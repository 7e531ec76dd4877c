"""What ZeroGPU costs: clips in a fork of the platform's own client, alternating with the same clips in the process.

This file is also the program of the process that ComfyUI starts in.
"""

import json
import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(PROJECT), str(PROJECT / "tests")]  # the scheduler on loopback is the tests' own

import modes  # noqa: E402
from events import Output  # noqa: E402
from settings import Settings  # noqa: E402
from tools.measure.figures import Figure  # noqa: E402

PAIRS = 12
WARM_UPS = 2
VALUES = {"prompt": "a red kite over the sea", "resolution": "256p", "aspect": "16:9", "seconds": 1}


def measure(settings: Settings) -> Iterator[Figure]:
    """Raises CalledProcessError if a run fails."""
    from support.zerogpu_server import Scheduler

    group = settings.home / "cgroup"
    group.write_text("0::/bench\n")
    with Scheduler() as scheduler:
        environment = os.environ | {
            "SPACES_ZERO_GPU": "true",
            "SPACES_ZERO_DEVICE_API_URL": scheduler.url,
            "ZEROGPU_PROC_SELF_CGROUP_PATH": str(group),
        }
        ran = subprocess.run([sys.executable, __file__], env=environment, capture_output=True, check=True, text=True)
    pairs = json.loads(ran.stdout.strip().splitlines()[-1])[WARM_UPS:]
    ratio = statistics.median(lent / own for lent, own in pairs)
    lent, own = (statistics.median(seconds) for seconds in zip(*pairs, strict=True))
    note = f"schedule, a fork that is kept, events through its pipe; {PAIRS} pairs; {lent:.3f} s and {own:.3f} s"
    yield Figure("ZeroGPU's way / none, warm clip", ratio, "x", 1.05, note)


def _pairs() -> list[tuple[float, float]]:
    from backend import zerogpu

    settings = Settings(zerogpu=True)
    info = zerogpu.start(settings)
    mode, lent = modes.get("t2v"), zerogpu.ZeroGpu(info, 60)
    pairs = []
    for number in range(WARM_UPS + PAIRS):
        taken = []
        for way in ("lent", "own"):
            params = mode.validate(VALUES | {"seed": number}, settings)
            graph = mode.build(params, number, {}, f"{way}/{number}")
            phases = mode.phases_of(graph)
            time.sleep(0.4)  # threads of the run before come to rest
            started = time.perf_counter()
            run = lent.run(graph, phases, threading.Event()) if way == "lent" else zerogpu.engine().run(graph, phases)
            *_, last = run
            taken.append(time.perf_counter() - started)
            if not isinstance(last, Output):
                raise RuntimeError(f"a run failed: {last}")
        pairs.append((taken[0], taken[1]))
    return pairs


if __name__ == "__main__":
    # There is no CUDA here, and without torch `spaces` does not stand in for it; None makes a module unimportable.
    sys.modules["torch"] = None  # pyright: ignore[reportArgumentType]
    import spaces.zero  # noqa: F401

    del sys.modules["torch"]
    print(json.dumps(_pairs()))
