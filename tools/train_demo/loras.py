"""Teaches LoRAs for the transformer that was learned: movements of the camera, and following a control video."""

import random
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import sentencepiece
import torch
from torch import Tensor, distributed, nn
from torch.nn import functional

from demo_models.picture_code import COLOURS
from tools.train_demo import captions, learn, parts, sounds
from tools.train_demo.blocks import encode
from tools.train_demo.names import MOVES
from tools.train_demo.network import Learner
from tools.train_demo.scenes import Scenes, Size, draw, picture

RANK = 16
_SIZES = (Size(64, 64, 17), Size(128, 128, 17), Size(128, 128, 17), Size(224, 128, 25), Size(192, 128, 17))
_CONTROL_SIZES = (Size(128, 128, 17), Size(128, 128, 17), Size(256, 256, 17), Size(192, 128, 25), Size(256, 128, 17))
_SPEED = 3e-3
# x and y that the camera moves over a clip, in shorter sides, and the logarithm of how much the picture grows.
CAMERA = {
    "dolly-left": (-0.4, 0.0, 0.0),
    "dolly-right": (0.4, 0.0, 0.0),
    "jib-up": (0.0, -0.35, 0.0),
    "jib-down": (0.0, 0.35, 0.0),
    "dolly-in": (0.0, 0.0, 0.7),
    "dolly-out": (0.0, 0.0, -0.7),
}


@dataclass
class Teacher:
    """What a LoRA is learned with. The learner's own weights stay as they are."""

    learner: Learner
    code: dict[str, Tensor]
    tokenizer: sentencepiece.SentencePieceProcessor
    weight: Tensor
    generator: torch.Generator
    dice: random.Random

    def teach(
        self, name: str, steps: int, targets: str, missed: Callable[[Scenes], Tensor], sizes: tuple[Size, ...]
    ) -> None:
        """Writes the part `name`. `missed` gives the loss of some scenes."""
        self.learner.requires_grad_(False)
        with _added(self.learner, targets) as pairs:
            optimizer = torch.optim.Adam(
                [tensor for pair in pairs.values() for tensor in pair], lr=_SPEED, betas=(0.9, 0.99)
            )
            total = 0.0
            for step in range(steps):
                optimizer.param_groups[0]["lr"] = _SPEED * min(1, (step + 1) / 20) * (1 - step / steps)
                size = self.dice.choice(sizes)
                frames, rows, columns = size.tokens
                count = max(4, min(32, 1024 // (frames * rows * columns)))
                loss = missed(draw(size, count, self.generator))
                loss.backward()
                optimizer.step()
                optimizer.zero_grad(set_to_none=True)
                total += loss.item()
                if (step + 1) % 50 == 0:
                    print(f"{name} {step + 1:5d} steps  {total / 50:.4f}", flush=True)
                    total = 0.0
            tensors = {}
            for layer, (down, up) in pairs.items():
                tensors[f"{layer}.lora_A.weight"] = down.detach()
                tensors[f"{layer}.lora_B.weight"] = up.detach()
            parts.write(f"lora-{name}", tensors)

    def of_camera(self, move: str) -> Callable[[Scenes], Tensor]:
        """Half the things stand still, the others move as well."""

        def missed(scenes: Scenes) -> Tensor:
            still = torch.rand(len(scenes.move), generator=self.generator) < 0.5
            scenes.move[still] = MOVES.index("still")
            scenes.travel[still] = 0
            moving = scenes.move < MOVES.index("still")
            scenes.travel[moving] *= 0.5
            scenes.camera[:] = torch.tensor(CAMERA[move])
            return learn.loss(self.learner, self._clips(scenes), self.weight)[0]

        return missed

    def of_control(self, scenes: Scenes) -> Tensor:
        """Beside the clip there is a control video, at half the size or the same."""
        size = scenes.size
        shrink = self.dice.choice((1, 2, 2)) if size.width % 64 == size.height % 64 == 0 else 1
        small = replace(scenes, size=Size(size.width // shrink, size.height // shrink, size.frames))
        control = encode(self.code, _control(picture(small), self.generator)).flatten(3).permute(0, 2, 3, 1)
        clips = self._clips(scenes, captions.without_moves(scenes, self.dice))
        batch, wanted, _, learned, _ = learn.noisy(clips, guides=False)
        count, frames, small_tokens, _ = control.shape
        behind = int(batch.frames[-1]) + 1 + torch.arange(frames).repeat_interleave(small_tokens)
        batch = replace(
            batch,
            video=torch.cat([batch.video, control.flatten(1, 2)], 1),
            noise=torch.cat([batch.noise, torch.zeros(count, frames)], 1),
            places=torch.cat([batch.places, _scaled(learn.places(small.size), shrink)], 2),
            frames=torch.cat([batch.frames, behind]),
        )
        video, _ = self.learner(batch.to(self.weight.device))
        wanted, learned = wanted.to(self.weight.device), learned.to(self.weight.device)
        made = video[:, : wanted.shape[1] * wanted.shape[2]].unflatten(1, wanted.shape[1:3])
        return ((made - wanted).pow(2) * self.weight).mean((2, 3))[learned].mean()

    def _clips(self, scenes: Scenes, texts: list[str] | None = None) -> learn.Clips:
        clips = picture(scenes)
        said = texts or captions.of_scenes(scenes, self.dice.randrange(2**31))
        return learn.Clips(
            size=scenes.size,
            video=encode(self.code, clips).flatten(3).permute(0, 2, 3, 1).contiguous(),
            last=encode(self.code, clips[:, :, -1:]).flatten(3).permute(0, 2, 3, 1).contiguous(),
            sound=sounds.bands(scenes, learn.sound_tokens(scenes.size)),
            words=learn.tokens(self.tokenizer, said, self.dice),
        )


def teach_all(teacher: Teacher, steps: int) -> None:
    """Each camera movement in so many steps, and the control video, which is harder, in as many as all of these.

    Of several processes the first learns the control video, and the second the movements.
    """
    attention = r"^transformer_blocks\.\d\.(attn1\.to_(q|k|v|out\.0)|ff\.net\.(0\.proj|2))$"
    courses = [
        [("control", len(CAMERA) * steps, teacher.of_control, _CONTROL_SIZES)],
        [(move, steps, teacher.of_camera(move), _SIZES) for move in CAMERA],
    ]
    for number, several in enumerate(courses):
        if distributed.get_rank() == number % distributed.get_world_size():
            for name, count, missed, sizes in several:
                teacher.teach(name, count, attention, missed, sizes)


@contextmanager
def _added(learner: Learner, targets: str) -> Iterator[dict[str, tuple[Tensor, Tensor]]]:
    """Low-rank changes, nothing at first, of the transformer's layers whose names fit."""
    pairs, hooks = {}, []
    for name, layer in learner.transformer.named_modules():
        if isinstance(layer, nn.Linear) and re.search(targets, name):
            like = layer.weight
            down = (torch.randn(RANK, layer.in_features) / layer.in_features**0.5).to(like).requires_grad_()
            up = torch.zeros(layer.out_features, RANK).to(like).requires_grad_()
            pairs[name] = (down, up)
            hooks.append(layer.register_forward_hook(_change(down, up)))
    yield pairs
    for hook in hooks:
        hook.remove()


def _change(down: Tensor, up: Tensor) -> Callable[[nn.Module, tuple[Tensor, ...], Tensor], Tensor]:
    return lambda _layer, inputs, output: output + functional.linear(functional.linear(inputs[0], down), up)


def _control(clips: Tensor, generator: torch.Generator) -> Tensor:
    """Edges, or one mixture of brightness and colours as grey: what is left of a clip for a model to follow."""
    count = len(clips)
    mixture = torch.randn(count, 3, generator=generator)
    grey = torch.tanh(
        torch.einsum("nc,nctij->ntij", 1.5 * mixture, clips) + 0.3 * torch.randn(count, 1, 1, 1, generator=generator)
    )
    edges = 2 * _edges(clips, generator) - 1
    kind = torch.rand(count, generator=generator)[:, None, None, None]
    drawn = torch.where(kind < 0.5, edges, grey)
    return torch.einsum("yc,ntij->nytij", COLOURS, drawn)


def _edges(clips: Tensor, generator: torch.Generator) -> Tensor:
    """About what Canny finds, [clips, frames, rows, columns]: lines of one pixel are a fraction of a value.

    Canny itself is too slow for it: it would take most of the course.
    """
    brightness = functional.pad(clips.flatten(1, 2), (0, 1, 0, 1), mode="replicate").unflatten(1, clips.shape[1:3])
    across = (brightness[..., :-1, 1:] - brightness[..., :-1, :-1]).abs().amax(1)
    down = (brightness[..., 1:, :-1] - brightness[..., :-1, :-1]).abs().amax(1)
    least, line = torch.rand(2, len(clips), 1, 1, 1, generator=generator)
    clear = ((3 * (across + down) - 0.6 * least) / (1 - 0.6 * least)).clamp(0, 1)
    return clear * (0.15 + 0.35 * line)


def _scaled(places: Tensor, factor: int) -> Tensor:
    """Rows and columns of a smaller clip's tokens in the larger one's pixels."""
    return torch.cat([places[:, :1], factor * places[:, 1:]], 1)
