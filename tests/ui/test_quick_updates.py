"""What the page's handlers skip costs nothing and changes nothing."""

import asyncio
import copy
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import gradio as gr
import pytest

from ui.quick_updates import Blocks

SKIP = gr.skip()


def finished(answers: Coroutine[Any, Any, list[Any]]) -> list[Any]:
    """In a thread of its own: browser tests before it leave an event loop running in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, answers).result()


@pytest.mark.parametrize(
    "values",
    [
        [1, "words", gr.update(value="typed", label="Typed"), True],
        [SKIP, SKIP, gr.update(visible=False), SKIP],
        [SKIP, "words", SKIP, SKIP],
        [2, SKIP, SKIP, SKIP],
        [SKIP, SKIP, SKIP, SKIP],
    ],
)
def test_answers_are_gradios_own(values: list[Any]) -> None:
    with Blocks() as page:
        outputs = [gr.State(0), gr.HTML(), gr.Textbox(), gr.Checkbox()]
        gr.Button().click(lambda: values, None, outputs)
    (handler,) = page.fns.values()
    ours = finished(page.postprocess_data(handler, copy.deepcopy(values), None))
    theirs = finished(gr.Blocks.postprocess_data(page, handler, copy.deepcopy(values), None))
    for output, value, our, their in zip(outputs, values, ours, theirs, strict=True):
        assert our == (SKIP if value == SKIP and not output.stateful else their)
    assert list(handler.outputs) == outputs
