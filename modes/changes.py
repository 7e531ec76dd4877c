"""Changes to templates that several families make: prompts, size and length, chains of LoRAs."""

from collections.abc import Iterable, Iterator

from modes.bases import ClipParams, PromptParams
from modes.lists import Lora
from workflow import Change, Insert, Patch


def prompts(params: PromptParams) -> Iterator[Change]:
    """Yields the prompts, for templates whose text encoders have an input `text`."""
    yield Patch("positive_prompt", "text", params.prompt)
    yield Patch("negative_prompt", "text", params.negative_prompt)


def clip_content(params: ClipParams, latent: str = "video_latent", divisor: int = 1) -> Iterator[Change]:
    """Yields prompts, size, length and frame rate.

    `latent` is the node that has the size; width and height are divided by `divisor` there.
    """
    width, height = params.size
    yield from prompts(params)
    yield Patch(latent, "width", width // divisor)
    yield Patch(latent, "height", height // divisor)
    yield Patch(latent, "length", params.frames)
    yield Patch("create_video", "fps", params.frame_rate)


def lora_chain(loras: Iterable[Lora], before: str, after: str) -> Iterator[Change]:
    """Yields the LoRAs that are on, in their order, between the node that loads a model and the node that takes it."""
    model = (before, 0)
    for number, lora in enumerate((lora for lora in loras if lora.on), start=1):
        inputs = {"lora_name": lora.file, "strength_model": lora.strength, "model": model}
        yield Insert(f"lora_{number}", "LoraLoaderModelOnly", inputs)
        model = (f"lora_{number}", 0)
    yield Patch(after, "model", model)
