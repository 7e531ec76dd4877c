"""What relies on how Gradio is built: it is checked where it is used, and changes no answer."""

import asyncio
import copy
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import gradio as gr
import pytest
from gradio.blocks import Block

from patches import PatchError
from ui.gradio_compat import IDLE, check_uploads, make_blocks, poll_less

SKIP = gr.skip()


def finished(answers: Coroutine[Any, Any, list[Any]]) -> list[Any]:
    """In a thread of its own: browser tests before it leave an event loop running in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, answers).result()


@pytest.mark.parametrize(
    "changes",
    [
        {0: 1, 1: "words", 2: gr.update(value="typed", label="Typed"), 3: True},
        {2: gr.update(visible=False)},
        {1: "words"},
        {0: 2},
        {},
    ],
)
def test_answers_are_gradios_own(changes: dict[int, Any]) -> None:
    with make_blocks() as page:
        outputs = [gr.State(0), gr.HTML(), gr.Textbox(), gr.Checkbox()]
        gr.Button().click(lambda: None, None, outputs)
    (handler,) = page.fns.values()

    def returned() -> dict[Block, Any]:  # a copy, because Gradio takes the values out
        return {outputs[place]: copy.deepcopy(value) for place, value in changes.items()}

    ours = finished(page.postprocess_data(handler, returned(), None))
    # Gradio itself takes no empty dictionary, and answers for a left out gr.HTML that it has no properties.
    theirs = finished(gr.Blocks.postprocess_data(page, handler, returned() or gr.skip(), None))
    assert ours == [
        their if output in returned() or output.stateful else SKIP
        for output, their in zip(outputs, theirs, strict=True)
    ]
    assert list(handler.outputs) == outputs


def test_what_is_no_output_is_an_error_as_in_gradio() -> None:
    with make_blocks() as page:
        stranger = gr.Textbox()
        gr.Button().click(lambda: None, None, [gr.HTML(), gr.Textbox()])
    (handler,) = page.fns.values()
    with pytest.raises(ValueError, match="not specified as output"):
        finished(page.postprocess_data(handler, {stranger: "words"}, None))


def test_mounted_pages_check_uploads_and_do_not_spin() -> None:
    with gr.Blocks() as page:
        gr.HTML()
    check_uploads(page)
    poll_less(page)
    assert page.has_launched
    assert page._queue.sleep_when_free == page._queue.progress_update_sleep_when_free == IDLE


def test_another_gradio_is_noticed() -> None:
    with gr.Blocks() as page:
        gr.HTML()
    del page.has_launched, page._queue.sleep_when_free
    with pytest.raises(AttributeError, match="has_launched"):
        check_uploads(page)
    with pytest.raises(PatchError, match="sleep_when_free"):
        poll_less(page)
