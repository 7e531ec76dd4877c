"""The program of an engine's process on this machine: python -m backend.comfy"""

from backend.child import serve
from backend.comfy.engine import Engine

if __name__ == "__main__":
    serve(Engine)
