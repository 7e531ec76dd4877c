"""Text to image."""

from collections.abc import Iterator

from modes.bases import ImageSizedParams
from modes.fields import Aspect, aspect_field
from modes.mode import Mode, PreparedFiles, example
from modes.zimage.common import GROUP, PHASES, PRESETS, STEP, SampledParams, sampled
from workflow import Change, Patch


class TextParams(SampledParams, ImageSizedParams):
    aspect: Aspect = aspect_field("1:1")

    @property
    def size_step(self) -> int:
        return STEP


def parameterize(params: TextParams, seed: int, _: PreparedFiles) -> Iterator[Change]:
    width, height = params.size
    yield Patch("image_latent", "width", width)
    yield Patch("image_latent", "height", height)
    yield Patch("image_latent", "batch_size", params.count)
    yield from sampled(params, seed)


TEXT_TO_IMAGE = Mode(
    id="t2i",
    label="Text to image",
    group=GROUP,
    summary="Images from a description.",
    template="z_image",
    params=TextParams,
    presets=PRESETS,
    phases=PHASES,
    parameterize=parameterize,
    examples=(
        example("Lighthouse", prompt="A lighthouse on a cliff in a storm, oil painting, thick brush strokes"),
        example("Tea house", prompt="A small tea house in a bamboo forest after rain, photograph", aspect="3:4"),
    ),
)
