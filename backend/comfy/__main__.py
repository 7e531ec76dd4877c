"""The program of an engine's process on this machine: python -m backend.comfy"""

from backend.comfy.engine import Engine
from backend.graph_server import serve

if __name__ == "__main__":
    serve(Engine)
