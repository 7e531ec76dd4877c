"""What ComfyUI itself says about its nodes; it runs in this process."""

import asyncio
import atexit
import re
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from tools.extract.convert import Prompt
from tools.extract.widgets import Definition

_FILE_NAME = re.compile(r"(?![./])[^\n:]{1,150}\.[A-Za-z0-9]{2,11}")  # inside the folder, with an extension


@cache
def load() -> dict[str, Definition]:
    """Starts ComfyUI with a throw-away home and gives `/object_info` of all its nodes, by class name.

    Without model files in reach, lists of files are empty, so no result depends on this machine. Nodes that call
    paid services are known too, so that any template converts; nothing is called. Takes about 10 s.
    """
    from backend.comfy import startup
    from settings import Settings

    folder = tempfile.TemporaryDirectory(prefix="kinora-extract-", ignore_cleanup_errors=True)
    atexit.register(folder.cleanup)
    home = Path(folder.name)
    startup.load(Settings(home=home, device="cpu", demo="never", models_dirs=[], extra_model_paths=None))
    import nodes

    asyncio.run(nodes.init_builtin_api_nodes())
    return {name: _definition(name, node) for name, node in nodes.NODE_CLASS_MAPPINGS.items()}


def _definition(name: str, node: Any) -> Definition:
    """Does what `node_info` in ComfyUI's server.py does, as far as conversion needs it."""
    import nodes

    if hasattr(node, "GET_NODE_INFO_V1"):
        return node.GET_NODE_INFO_V1()
    inputs = node.INPUT_TYPES()
    return {
        "input": inputs,
        "input_order": {section: list(entries) for section, entries in inputs.items()},
        "output": node.RETURN_TYPES,
        "display_name": nodes.NODE_DISPLAY_NAME_MAPPINGS.get(name, name),
        "output_node": bool(getattr(node, "OUTPUT_NODE", False)),
    }


def evaluate(kind: str, inputs: dict[str, Any]) -> list[Any]:
    """Runs a node with literal inputs and returns its outputs. Needs `load()` to have been called."""
    import nodes

    arguments: dict[str, Any] = {}
    for name, value in inputs.items():
        group, _, member = name.partition(".")
        if member:  # "values.a" is member a of the group `values`
            arguments.setdefault(group, {})[member] = value
        else:
            arguments[name] = value
    return list(nodes.NODE_CLASS_MAPPINGS[kind].execute(**arguments).args)


def node_errors(prompt: Prompt) -> dict[str, Any]:
    """What ComfyUI's own validation reports about a prompt; {} if it is valid. Needs `load()`.

    Files that the prompt names are made, empty, wherever ComfyUI might look for them in its throw-away home.
    """
    import execution
    import folder_paths

    roots = [folder_paths.get_input_directory()]
    for name, (paths, _) in folder_paths.folder_names_and_paths.items():
        if name != "custom_nodes":
            roots += paths
    for path in {Path(root) / name for root in roots for name in _file_names(prompt)}:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    valid, error, _, errors = asyncio.run(execution.validate_prompt("check", prompt, None))
    return errors or ({} if valid else {"": error})


def _file_names(prompt: Prompt) -> set[str]:
    values = (value for entry in prompt.values() for value in entry["inputs"].values())
    return {value for value in values if isinstance(value, str) and _FILE_NAME.fullmatch(value)}
