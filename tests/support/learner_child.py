"""Runs in a process of its own: how far what learns is from ComfyUI's own transformer, with the same weights."""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from backend.comfy.startup import load
from settings import Settings

LEVEL = 0.9  # of noise, the same for all: ComfyUI takes the batch's highest for some of it


def main(home: Path) -> None:
    load(Settings(device="cpu", demo="never", home=home))
    import torch

    from tools.train_demo import learn, network, scenes

    torch.manual_seed(0)
    torch.set_grad_enabled(False)
    learner = network.Learner(1024)
    model = learner.transformer
    for layer in (model.proj_out, model.audio_proj_out):
        layer.weight.normal_(0, 0.1)  # which is 0 at first
    for block in model.transformer_blocks:
        block.audio_to_video_attn.to_out[0].weight.normal_(0, 0.3)
    size = scenes.Size(128, 96, 25)
    frames, rows, columns = size.tokens
    count = frames * rows * columns
    batch = network.Batch(
        video=torch.randn(2, count, 128),
        noise=torch.full((2, frames), LEVEL),
        places=learn.places(size),
        sound=torch.randn(2, learn.sound_tokens(size), 128),
        sound_noise=torch.full((2,), LEVEL),
        words=torch.tensor([[2, 10, 20, 30, 40], [2, 50, 60, 0, 0]]),
        frames=torch.arange(frames).repeat_interleave(rows * columns),
    )
    # Words, and nothing up to as many tokens as ComfyUI's text side gives.
    parts = [part[:, :-1] for part in learner.text(batch.words)[:2]]
    context = torch.cat(parts, -1)
    context = torch.nn.functional.pad(context, (0, 0, 0, network.CONTEXT - context.shape[1]))
    own_video, own_sound = model(
        [
            batch.video.view(2, frames, rows, columns, 128).movedim(-1, 1),
            batch.sound.unflatten(2, (8, 16)).movedim(1, 2),
        ],
        (torch.full((2, 1), LEVEL),) * 2,
        context,
        None,
        frame_rate=scenes.FRAME_RATE,
    )
    network.let_learn()
    video, sound = learner(batch)
    own_video, own_sound = own_video.flatten(2).transpose(1, 2), own_sound.movedim(2, 1).flatten(2)
    print(
        json.dumps({"video": float((video - own_video).abs().max()), "sound": float((sound - own_sound).abs().max())})
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
