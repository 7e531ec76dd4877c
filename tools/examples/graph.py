"""A graph in ComfyUI's API format, as a person would bring it: nodes with numbers for ids."""

import json

import workflow
from workflow import Patch

CHANGES = (
    Patch("positive_prompt", "text", "A lighthouse on a cliff at dawn, oil painting"),
    Patch("image_latent", "width", 256),
    Patch("image_latent", "height", 256),
    Patch("pass", "seed", 42),
)


def graph() -> str:
    """Text to image, small enough to be made in seconds, as JSON."""
    built = workflow.build(workflow.load("z_image"), CHANGES)
    workflow.save_to(built, "ComfyUI")
    numbers = {node: str(number) for number, node in enumerate(built, start=1)}
    for content in built.values():
        for name, source, output in list(workflow.links(content)):
            content["inputs"][name] = [numbers[source], output]
    return json.dumps({numbers[node]: content for node, content in built.items()}, indent=2) + "\n"
