"""Engines on the machines of a Ray cluster.

`backend.process.EngineProcess` runs `backend.ray.bridge` instead of an engine: a small process that keeps one actor on
a machine of the cluster and passes graphs and events on. The actor (`node.py`) keeps a whole `EngineProcess` there.
So Ray is never in the page's process. If the cluster's head is lost, Ray ends its own process. That is the bridge,
which is then restarted as any engine process is.
"""

import importlib.util
import json
import subprocess
import sys

from errors import ClusterError
from settings import PROJECT, Settings

PROGRAM = "backend.ray.bridge"
PROBE_TIMEOUT = 60.0  # seconds


def gpus(settings: Settings) -> int:
    """Returns how many GPUs the cluster has. It takes some seconds.

    Raises ClusterError if the cluster or the exchange cannot be reached, or a package for them is not installed.
    """
    for setting, package in (("KINORA_RAY", "ray"), ("KINORA_EXCHANGE", "obstore")):
        if importlib.util.find_spec(package) is None:
            raise ClusterError(
                f"{setting} needs the package {package}, which is not installed.",
                "Install it: .venv/bin/python -m pip install -r requirements-cluster.txt",
            )
    boot = json.dumps({"ray": settings.ray, "exchange": settings.exchange})
    command = [sys.executable, "-m", "backend.ray.probe"]
    try:
        probed = subprocess.run(
            command, cwd=PROJECT, input=boot, capture_output=True, text=True, check=False, timeout=PROBE_TIMEOUT
        )
    except subprocess.TimeoutExpired:
        raise ClusterError(f"The Ray cluster at {settings.ray} is not responding.", "Run `ray status` on it.") from None
    if probed.returncode:
        raise ClusterError("Kinora could not query the Ray cluster.", "See the details.", probed.stderr[-4000:])
    found = json.loads(probed.stdout.splitlines()[-1])
    if "message" in found:
        raise ClusterError(**found)
    return found["gpus"]
