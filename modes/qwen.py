"""Qwen-Image-Edit 2511: changes an image as an instruction says. Up to two more images can show what to put into it.

The facts come from the official template image_qwen_image_edit_2511.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from media import Preparer
from modes.bases import FromImage, ImageSizedParams, prepare_images
from modes.changes import lora_chain
from modes.fields import (
    Fit,
    fitting,
    guidance,
    image_field,
    loras_field,
    number_of_steps,
    preset_field,
    prompt_field,
    seed_field,
    shift_field,
)
from modes.lists import Lora
from modes.mode import EXAMPLES, Mode, PreparedFiles, Preset, example
from modes.params import OutputSpec
from workflow import Change, Drop, Insert, Patch

LIGHTNING = "Qwen-Image-Edit-2511-Lightning-4steps-V1.0-bf16.safetensors"
FAST_STEPS, STEPS = 4, 40
CFG = 4.0


def _another(which: str, number: int) -> Any:
    return image_field(f"{which} image", f"Image {number} in the instruction. Optional.", required=False)


class EditParams(FromImage, ImageSizedParams):
    prompt: str = prompt_field(
        "What to change. With several images, name them: image 1, image 2, image 3.", label="Instruction"
    )
    image: Path = image_field("Image", "The image to change: image 1 in the instruction.")
    second_image: Path | None = _another("Second", 2)
    third_image: Path | None = _another("Third", 3)
    fit: Fit = fitting("image")
    seed: int | None = seed_field()
    preset: Literal["fast", "quality"] = preset_field("fast")
    steps: int | None = number_of_steps("Empty: 4, or 40 with Quality.")
    cfg: float | None = guidance("Empty: 1, or 4 with Quality. Above 1, a run takes twice as long.")
    shift: float | None = shift_field("the model's own, 3.1")
    loras: tuple[Lora, ...] = loras_field()

    @property
    def quality(self) -> bool:
        return self.preset == "quality"

    @property
    def guidance(self) -> float:
        if self.cfg is not None:
            return self.cfg
        return CFG if self.quality else 1.0

    @property
    def size_step(self) -> int:
        """One latent stands for 8 pixels, and the model takes latents in pairs."""
        return 16

    @property
    def others(self) -> list[str]:
        """The parameters of further images that are given; a third one without a second takes its place."""
        return [name for name in ("second_image", "third_image") if getattr(self, name)]

    def output_spec(self) -> OutputSpec:
        return OutputSpec(*self.size, 1, notes=self.notes)


def prepare_inputs(params: EditParams, preparer: Preparer) -> PreparedFiles:
    """Prepares the image at the size of the result; the others keep theirs, because the encoder scales them."""
    others = {name: preparer.image(getattr(params, name)) for name in params.others}
    return {**prepare_images("image")(params, preparer), **others}


def parameterize(params: EditParams, seed: int, prepared: PreparedFiles) -> Iterator[Change]:
    yield Patch("load_image", "image", prepared["image"])
    slots = ("second", "third")
    for slot, name in zip(slots, params.others, strict=False):
        yield Patch(f"load_{slot}_image", "image", prepared[name])
    for number, _ in list(enumerate(slots, start=2))[len(params.others) :]:
        for node in ("positive_prompt", "negative_prompt"):
            yield Drop(node, f"image{number}")
    yield Patch("positive_prompt", "prompt", params.prompt)
    yield Patch("negative_prompt", "prompt", params.negative_prompt)
    yield Patch("pass", "seed", seed)
    yield Patch("pass", "steps", params.steps or (STEPS if params.quality else FAST_STEPS))
    yield Patch("pass", "cfg", params.guidance)
    if params.shift is not None:
        yield Patch("sampling", "shift", params.shift)
    model = "model"
    if not params.quality:
        model = "lightning"
        inputs = {"lora_name": LIGHTNING, "strength_model": 1.0, "model": ("model", 0)}
        yield Insert(model, "LoraLoaderModelOnly", inputs)
    yield from lora_chain(params.loras, model, "sampling")


EDIT = Mode(
    id="edit",
    label="Edit an image",
    group="Images",
    summary="Change an image with an instruction; optionally use things from up to two more images.",
    template="qwen_edit",
    params=EditParams,
    presets=(
        Preset("fast", "Fast", "4 steps with the lightning LoRA, guidance 1."),
        Preset("quality", "Quality", "40 steps without it, guidance 4. Takes twenty times as long."),
    ),
    phases={
        "Load models": ("model", "lightning", "text_encoder", "vae"),
        "Read the instruction": (
            "load_image",
            "load_second_image",
            "load_third_image",
            "positive_prompt",
            "negative_prompt",
            "encode_image",
        ),
        "Sample": ("pass",),
        "Decode": ("decode_image",),
        "Write the file": ("save_image",),
    },
    parameterize=parameterize,
    prepare_inputs=prepare_inputs,
    examples=(
        example("Evening light", prompt="Make it evening, warm low light", image=EXAMPLES / "landscape.png"),
        example(
            "Two images",
            prompt="Put the person of image 2 into the landscape of image 1",
            image=EXAMPLES / "landscape.png",
            second_image=EXAMPLES / "portrait.png",
        ),
    ),
)
