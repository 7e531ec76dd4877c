"""A small sentencepiece model in place of UMT5's. It knows common words of video prompts, and bytes for others."""

import io

import sentencepiece
import torch
from torch import Tensor

VOCABULARY = 512
_CORPUS = """\
a slow dolly shot of a red kite over the sea at sunset, waves and clouds moving gently in the wind
close-up portrait of a young woman with long dark hair smiling at the camera in soft natural light
an old man walks through a crowded city street at night, neon signs reflected in the rain
a small white dog runs across a green field of grass and yellow flowers under a blue sky
cinematic wide shot, the camera pans left over snowy mountains and a calm lake in the morning fog
a black cat sits by the window and looks outside while music plays in the background
fire and smoke rise from the dark forest, sparks glowing orange, dramatic lighting, highly detailed
a robot builds a machine in a futuristic workshop, the camera zooms in on its metallic hands
two people talk in a warm kitchen, she says hello and he laughs, steam rising from a cup of coffee
underwater scene with colourful fish, purple coral and rays of light from above, slow motion
a wooden ship sails through a storm, thunder and lightning, heavy rain falling on the deck
a child dances in a bright room, pink and brown toys on the floor, happy piano music
blurry, out of focus, overexposed, low contrast, washed out colors, noise, grainy texture, ugly, cartoon
"""


def make() -> Tensor:
    """Returns the serialised model as uint8 values (bytes,). They are identical in every run."""
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(_CORPUS.splitlines()),
        model_writer=model,
        vocab_size=VOCABULARY,
        hard_vocab_limit=False,  # fewer are allowed, because the corpus is small
        byte_fallback=True,
        # As in Gemma's tokenizer, prompts reach the model unchanged. The ids are fixed in ComfyUI.
        normalization_rule_name="identity",
        remove_extra_whitespaces=False,
        add_dummy_prefix=False,
        pad_id=0,
        eos_id=1,
        bos_id=2,
        unk_id=3,
        num_threads=1,  # more would make the result depend on their timing
        minloglevel=2,
    )
    return torch.frombuffer(bytearray(model.getvalue()), dtype=torch.uint8)
