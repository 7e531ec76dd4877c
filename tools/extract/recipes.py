"""Which template becomes which workflow: what is set before folding, and the words its nodes are known by."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tools.extract.convert import Prompt, convert
from tools.extract.fold import Evaluate, fold, rename
from tools.extract.graph import BYPASS, TemplateError
from tools.extract.widgets import Definition


@dataclass(frozen=True)
class Recipe:
    """One workflow. Nodes are named by the template's ids, `outer:inner` inside subgraphs.

    `modes` overrides modes before conversion; `inputs` sets inputs after it, to a literal or to a link
    [node id, output]; `names` has the word id of each node that is left after folding.
    """

    template: str
    names: Mapping[str, str]
    modes: Mapping[str, int] = field(default_factory=dict)
    inputs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def build(self, template: dict[str, Any], definitions: Mapping[str, Definition], evaluate: Evaluate) -> Prompt:
        """The workflow from its template. Raises TemplateError where recipe and template do not fit."""
        prompt = convert(template, definitions, self.modes)
        for node, inputs in self.inputs.items():
            if node not in prompt:
                raise TemplateError(f"no node {node} to set {', '.join(inputs)} of")
            prompt[node]["inputs"].update(inputs)
        folded = fold(prompt, evaluate, lambda kind: is_sink(kind, definitions))
        return rename(folded, self.names)


def is_sink(kind: str, definitions: Mapping[str, Definition]) -> bool:
    """Whether a class writes a file that people asked for; previews only show."""
    return bool(definitions[kind].get("output_node")) and kind.startswith("Save")


def _inside(subgraph: str, names: Mapping[str, str]) -> dict[str, str]:
    return {f"{subgraph}:{node}": word for node, word in names.items()}


RECIPES: dict[str, Recipe] = {
    "t2v": Recipe(
        template="video_ltx2_3_t2v",
        # The latent passes the two places where an image would enter; the prompt goes to the encoder as it is.
        modes={"267:249": BYPASS, "267:230": BYPASS},
        inputs={"267:330": {"value": False}},
        names={
            "75": "save_video",
            **_inside(
                "267",
                {
                    "236": "checkpoint",
                    "243": "text_encoder",
                    "221": "audio_vae",
                    "233": "upscale_model",
                    "232": "distilled_lora",
                    "240": "positive_prompt",
                    "247": "negative_prompt",
                    "239": "conditioning",
                    "228": "video_latent",
                    "214": "audio_latent",
                    "222": "av_latent",
                    "237": "first_noise",
                    "209": "first_sampler",
                    "252": "first_sigmas",
                    "231": "first_guider",
                    "215": "first_pass",
                    "217": "first_separate",
                    "212": "crop_guides",
                    "253": "upsample",
                    "229": "second_av_latent",
                    "216": "second_noise",
                    "246": "second_sampler",
                    "211": "second_sigmas",
                    "213": "second_guider",
                    "219": "second_pass",
                    "218": "second_separate",
                    "251": "decode_video",
                    "220": "decode_audio",
                    "242": "create_video",
                },
            ),
        },
    ),
}
