"""Checks the cluster and the exchange once, in a process of its own: python -m backend.ray.probe"""

import json
import sys

from backend.ray.connection import connect, gpus
from backend.ray.exchange import Exchange
from errors import KinoraError


def main() -> None:
    """Reads the addresses from standard input and prints the number of GPUs, or what is wrong, as a line of JSON."""
    asked = json.loads(sys.stdin.read())
    try:
        connect(asked["ray"])
        if asked["exchange"]:
            Exchange(asked["exchange"]).check()
        print(json.dumps({"gpus": gpus()}))
    except KinoraError as error:
        print(json.dumps({"message": error.message, "hint": error.hint, "detail": error.detail}))


if __name__ == "__main__":
    main()
