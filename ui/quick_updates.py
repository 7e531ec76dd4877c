"""Gradio's answers without the work for what stays as it is."""

import copy
from typing import Any

import gradio as gr

UNCHANGED = gr.skip()


class Blocks(gr.Blocks):
    """As Gradio's own, which makes a component anew for each of an event's outputs, also for those that are skipped.

    Another mode in the form has 160 outputs, of which a few change: that took four fifths of the server's time.
    """

    async def postprocess_data(self, block_fn: Any, predictions: Any, state: Any) -> list[Any]:
        outputs = list(block_fn.outputs)
        if not isinstance(predictions, list) or len(predictions) != len(outputs) or len(outputs) < 2:
            return await super().postprocess_data(block_fn, predictions, state)
        changed = [
            place
            for place, (output, value) in enumerate(zip(outputs, predictions, strict=True))
            if value != UNCHANGED or output.stateful
        ]
        narrowed, values = copy.copy(block_fn), [predictions[place] for place in changed]
        narrowed.outputs = [outputs[place] for place in changed]
        answers = await super().postprocess_data(narrowed, values[0] if len(values) == 1 else values, state)
        found = dict(zip(changed, answers, strict=True))
        return [found.get(place, UNCHANGED) for place in range(len(outputs))]
