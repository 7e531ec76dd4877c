"""Imports Gradio with its telemetry off, in half the time: without the type stubs that it writes for editors.

At each import Gradio 6.31 parses every component's source and renders a stub beside it (create_or_modify_pyi in
gradio/component_meta.py), a second in all. It skips components that are in no file. This can go when Gradio writes its
stubs when it is built.
"""

import inspect
import os
import sys
from typing import Any


def import_gradio() -> None:
    """To be called before anything else imports Gradio; afterwards it does nothing."""
    if "gradio" in sys.modules:
        return
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    getfile = inspect.getfile

    def without_components(thing: Any) -> str:
        if isinstance(thing, type) and thing.__module__.startswith("gradio."):
            raise OSError("no stub is wanted")  # what getfile says of a class that is in no file
        return getfile(thing)

    inspect.getfile = without_components
    try:
        import gradio
    finally:
        inspect.getfile = getfile
    assert hasattr(sys.modules["gradio.component_meta"], "create_or_modify_pyi"), f"not as in {gradio.__version__}"
