"""Connects this process to the cluster."""

import contextlib
import logging
import os
import socket

from errors import ClusterError

os.environ["RAY_USAGE_STATS_ENABLED"] = "0"  # read when Ray is imported

import ray

ANSWER = 5.0  # seconds for the head to answer; Ray itself waits for minutes


def connect(address: str) -> None:
    """Makes this process a driver of the cluster. Raises ClusterError if that is not possible."""
    if address.startswith("ray://"):
        raise ClusterError(
            f"KINORA_RAY is {address}, a Ray Client address, which does not deliver events as they happen.",
            "Run `ray start --address=host:6379 --num-cpus=0` on this machine, and set KINORA_RAY=auto.",
        )
    try:
        if address != "auto":
            host, _, port = address.rpartition(":")
            socket.create_connection((host, int(port)), ANSWER).close()
        with contextlib.redirect_stdout(None):
            ray.init(address=address, namespace="kinora", log_to_driver=False, logging_level=logging.WARNING)
    except (OSError, ValueError, RuntimeError) as error:
        raise ClusterError(
            f"There is no Ray cluster at {address} that can be used: {str(error).strip().splitlines()[0]}",
            "Set KINORA_RAY to auto or to host:port of its head; this machine must be in the cluster as well. "
            "See docs/scaling.md.",
        ) from error


def gpus() -> int:
    """Returns how many GPUs the machines of the cluster have now."""
    return int(ray.cluster_resources().get("GPU", 0))
