"""Qwen-Image-Edit 2511: an image changed as an instruction says, with up to two more images to take things from.

Facts from the official template image_qwen_image_edit_2511.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from constants import MAX_PROMPT
from media import Preparer
from modes.base import Mode, OutputSpec, PreparedFiles, Preset, param
from modes.common import (
    EXAMPLES,
    Fit,
    InputAspect,
    PictureParams,
    a_seed,
    aspect_of_input,
    example,
    fitting,
    guidance,
    lora_chain,
    lora_rows,
    number_of_steps,
    prepare_image,
    sized_image,
    strength,
)
from modes.lists import Lora
from workflow import Change, Drop, Insert, Patch

LIGHTNING = "Qwen-Image-Edit-2511-Lightning-4steps-V1.0-bf16.safetensors"
FAST_STEPS, STEPS = 4, 40
CFG = 4.0


def _another(which: str, number: int) -> Any:
    help = f"Called image {number} in the instruction. Or none."
    return param(None, label=f"{which} image", help=help, widget="image")


class EditParams(PictureParams):
    prompt: str = param(
        "",
        label="Instruction",
        help="What to change. With several images say which: image 1, image 2, image 3.",
        widget="prompt",
        min_length=1,
        max_length=MAX_PROMPT,
    )
    image: Path = param(..., label="Image", help="What is changed; image 1 in the instruction.", widget="image")
    second_image: Path | None = _another("Second", 2)
    third_image: Path | None = _another("Third", 3)
    aspect: InputAspect = aspect_of_input()
    fit: Fit = fitting("image")
    seed: int | None = a_seed()
    preset: Literal["fast", "quality"] = param("fast", label="Preset", help="Speed against quality.", widget="presets")
    steps: int | None = number_of_steps("Empty: 4, with Quality 40.")
    cfg: float | None = guidance("Empty: 1, with Quality 4. Above 1: twice the time.")
    shift: float | None = strength(None, "Shift", "More steps for what is large. Empty: the model's own, 3.1.", most=20)
    loras: tuple[Lora, ...] = lora_rows()

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
        """8 pixels are one latent, and the model takes them in pairs."""
        return 16

    @property
    def input_size(self) -> tuple[int, int] | None:
        return sized_image(self.image, self.settings)

    @property
    def others(self) -> list[str]:
        """The parameters of further images that are given; a third one without a second is the second."""
        return [name for name in ("second_image", "third_image") if getattr(self, name)]

    def announce(self) -> OutputSpec:
        return OutputSpec(*self.size, 1, notes=self.notes)


def prepare_inputs(params: EditParams, preparer: Preparer) -> PreparedFiles:
    """The image at the size of the result; the others as they are, the encoder scales them itself."""
    others = {name: preparer.image(getattr(params, name)) for name in params.others}
    return {**prepare_image(params, preparer, "image"), **others}


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
    summary="An image changed as you say, with things from up to two more.",
    workflow=lambda _: "qwen_edit",
    params=EditParams,
    presets=(
        Preset("fast", "Fast", "4 steps with the lightning LoRA, guidance 1."),
        Preset("quality", "Quality", "40 steps without it, guidance 4. Twenty times the time."),
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
