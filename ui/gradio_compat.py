"""The page's patches of Gradio: what relies on how Gradio is built rather than on what it documents.

Each is declared in the registry of patches, with the reason for it and the condition under which it can be removed.
`web/public_link.py` and `backend/zerogpu.py` have further patches of Gradio.
"""

import copy
import inspect
import os
import sys
from typing import Any

from patches import expect, patch

IDLE = 0.02
"""Seconds between an idle server's looks for events. Gradio's own millisecond takes 5 % of a core."""


@patch(
    "inspect:getfile",
    package="gradio",
    reason="At each import Gradio parses the source of every component and writes a type stub beside it "
    "(create_or_modify_pyi in gradio/component_meta.py), which takes a second. It skips classes that are in no file.",
    until="Gradio ships its stubs.",
)
def import_gradio() -> None:
    """Imports Gradio without telemetry and without its type stubs. Call it before anything else imports Gradio."""
    if "gradio" in sys.modules:
        return
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    getfile = inspect.getfile

    def without_components(thing: Any) -> str:
        if isinstance(thing, type) and thing.__module__.startswith("gradio."):
            raise OSError("no stub is wanted")  # as getfile does for a class that is in no file
        return getfile(thing)

    inspect.getfile = without_components
    try:
        import gradio  # noqa: F401
    finally:
        inspect.getfile = getfile
    written = hasattr(sys.modules["gradio.component_meta"], "create_or_modify_pyi")
    expect(written, "Gradio writes its stubs elsewhere, or no longer")


import_gradio()

import gradio as gr  # noqa: E402
from gradio.blocks import Block  # noqa: E402


@patch(
    "gradio.blocks:Blocks.postprocess_data",
    package="gradio",
    reason="Gradio constructs each component that a handler's dictionary leaves out again, which takes four fifths of "
    "the server's time when the mode changes, and sends a gr.HTML among them an update that removes its properties.",
    until="Gradio skips what a dictionary leaves out.",
)
def make_blocks(**options: Any) -> gr.Blocks:
    """A gr.Blocks in which components that a handler's dictionary leaves out cost nothing and stay as they are."""
    return _Blocks(**options)


class _Blocks(gr.Blocks):
    async def postprocess_data(self, block_fn: Any, predictions: Any, state: Any) -> list[Any]:
        if not isinstance(predictions, dict) or not all(isinstance(key, Block) for key in predictions):
            return await super().postprocess_data(block_fn, predictions, state)
        outputs = list(block_fn.outputs)
        changed = [output for output in outputs if output in predictions]
        if len(changed) < len(predictions):  # an error, which Gradio reports
            return await super().postprocess_data(block_fn, predictions, state)
        found: dict[Block, Any] = {}
        if changed:
            narrowed = copy.copy(block_fn)
            narrowed.outputs = changed
            values = [predictions[output] for output in changed]
            answers = await super().postprocess_data(narrowed, values[0] if len(values) == 1 else values, state)
            found = dict(zip(changed, answers, strict=True))
        return [found.get(output, None if output.stateful else gr.skip()) for output in outputs]


@patch(
    "gradio.processing_utils:_check_allowed",
    package="gradio",
    reason="Only launch says that an app has launched. Until then, Gradio takes any path that a request names for one "
    "of its uploads and copies that file into its cache.",
    until="Gradio checks uploads in mounted apps as well.",
)
def check_uploads(blocks: gr.Blocks) -> None:
    """Makes Gradio check that files which events name were uploaded, although the app is mounted, not launched."""
    expect(blocks.has_launched is False, "Whether an app has launched is said in another way")
    blocks.has_launched = True


@patch(
    "gradio.queueing:Queue",
    package="gradio",
    reason="The queue of events looks for new ones every millisecond, which takes 5 % of a core in an idle server.",
    until="Gradio's queue waits for events instead of polling.",
)
def poll_less(blocks: gr.Blocks) -> None:
    """Makes Gradio's queue look for events every `IDLE` seconds."""
    for name in ("sleep_when_free", "progress_update_sleep_when_free"):
        expect(isinstance(getattr(blocks._queue, name, None), float), f"Gradio's queue has no {name}")
        setattr(blocks._queue, name, IDLE)
