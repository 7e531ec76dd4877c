"""Teaches the transformer and its text side: which way leads from noise to the clip that a caption tells of."""

import random
import time
from dataclasses import dataclass
from pathlib import Path

import sentencepiece
import torch
from torch import Tensor, distributed

from tools.train_demo import captions, sounds
from tools.train_demo.blocks import CHANNELS, USED, encode
from tools.train_demo.names import COLOURS
from tools.train_demo.network import Batch, Learner
from tools.train_demo.scenes import FRAME_RATE, Size, draw, picture

SIZES = {  # and how often they are seen; those of a first pass most
    Size(64, 64, 17): 0.5,
    Size(96, 64, 17): 0.3,
    Size(128, 128, 9): 0.5,
    Size(128, 128, 17): 6.0,
    Size(128, 128, 33): 1.5,
    Size(128, 128, 49): 1.0,
    Size(192, 128, 17): 1.5,
    Size(128, 192, 17): 1.0,
    Size(224, 128, 25): 1.5,
    Size(128, 224, 25): 0.4,
    Size(192, 192, 25): 0.5,
    Size(256, 256, 17): 1.0,
    Size(256, 256, 33): 0.3,
    Size(384, 256, 17): 0.4,
    Size(256, 384, 17): 0.3,
    Size(448, 256, 25): 0.3,
}
_TOKENS = 1536  # of video in a batch, about
_PLAIN = 0.1
_DANCE = 0.4  # what is learned last: the more often it is seen, the sooner
_SMALL, _LARGE = 0.3, 0.9  # share of the course until which most clips are small, and from which most are large
_FRESH = 0.15  # the share of batches for which new clips are drawn
_SIGMAS = (1.0, 0.99375, 0.9875, 0.98125, 0.975, 0.909375, 0.725, 0.421875)  # the distilled model's own
_DECIDING = (0.85, 0.985)
_IMPORTANCE = 0.75
_MUON, _ADAM, _AVERAGE = 0.015, 2e-3, 0.998
_THIN = 8  # rows or columns of what is hardly a matrix
_STEADY, _LEAST = 0.35, 0.03  # share of the course at full speed, and the speed at the end


@dataclass
class Clips:
    """Latents of clips of one size. video: [clips, frames, tokens of a frame, 128]; last: of the last frame alone."""

    size: Size
    video: Tensor
    last: Tensor
    sound: Tensor
    words: Tensor


class Pool:
    """Clips to learn from; most are seen several times, each time with other noise."""

    def __init__(self, code: dict[str, Tensor], tokenizer: sentencepiece.SentencePieceProcessor, seed: int) -> None:
        self._code = code
        self._tokenizer = tokenizer
        self._dice = random.Random(seed)
        self._generator = torch.Generator().manual_seed(seed)
        self._known: dict[Size, list[Clips]] = {size: [] for size in SIZES}

    def next(self, done: float) -> Clips:
        """`done`: share of the course that is over. The smaller clips, of which more can be seen, come first."""
        size = self._dice.choices([*SIZES], [_often(size, done) for size in SIZES])[0]
        known = self._known[size]
        if len(known) < 8 or self._dice.random() < _FRESH:
            known.append(self._draw(size))
        return self._dice.choice(known)

    def _draw(self, size: Size) -> Clips:
        frames, rows, columns = size.tokens
        count = max(4, min(64, _TOKENS // (frames * rows * columns)))
        scenes = draw(size, count, self._generator, _PLAIN, _DANCE)
        again = torch.tensor(captions.held_out(scenes))
        scenes.colour[again] = (scenes.colour[again] + 1) % len(COLOURS)  # the next colour has no such pair
        clips = picture(scenes)
        texts = captions.of_scenes(scenes, self._dice.randrange(2**31))
        return Clips(
            size=size,
            video=encode(self._code, clips).flatten(3).permute(0, 2, 3, 1).contiguous(),
            last=encode(self._code, clips[:, :, -1:]).flatten(3).permute(0, 2, 3, 1).contiguous(),
            sound=sounds.bands(scenes, sound_tokens(size)),
            words=tokens(self._tokenizer, texts, self._dice),
        )


def _often(size: Size, done: float) -> float:
    pixels = size.width * size.height
    if done < _SMALL and pixels > 128**2:
        return 0.1 * SIZES[size]
    return 10 * SIZES[size] if done > _LARGE and pixels >= 192**2 else SIZES[size]


def tokens(
    tokenizer: sentencepiece.SentencePieceProcessor, texts: list[str], dice: random.Random | None = None
) -> Tensor:
    """[texts, longest], 0 behind the end; each begins with the token for a beginning, as in ComfyUI.

    With `dice` some get a few words of no meaning, so that words which are in no caption come to mean nothing.
    """
    rows = [[tokenizer.bos_id(), *tokenizer.encode(text)] for text in texts]
    if dice:
        for row in rows:
            if dice.random() < 0.35:
                row += [dice.randrange(4, tokenizer.get_piece_size()) for _ in range(dice.randint(1, 6))]
    longest = max(map(len, rows))
    return torch.tensor([row + [0] * (longest - len(row)) for row in rows])


def sound_tokens(size: Size) -> int:
    return -(-(size.frames + 1) * 25 // round(FRAME_RATE))


def places(size: Size, *guides: int) -> Tensor:
    """[1, 3, tokens, 2], of a clip's tokens and of guides that are single frames, by the number of the frame."""
    frames, rows, columns = size.tokens
    starts = [max(0, 8 * frame - 7) for frame in range(frames)] + list(guides)
    ends = [8 * frame + 1 for frame in range(frames)] + [guide + 1 for guide in guides]
    grid = torch.zeros(len(starts), rows, columns, 3, 2)
    grid[..., 0, 0] = torch.tensor(starts)[:, None, None]
    grid[..., 0, 1] = torch.tensor(ends)[:, None, None]
    for axis, count in ((1, rows), (2, columns)):
        line = 32 * torch.arange(count).reshape([-1 if axis == 1 else 1, -1 if axis == 2 else 1])
        grid[..., axis, 0], grid[..., axis, 1] = line, line + 32
    return grid.flatten(0, 2).movedim(0, 1)[None]


def noises(count: int) -> Tensor:
    """How much noise: a quarter from the schedule, the others mostly high, as the schedule is.

    A quarter is where a clip's shapes are decided, which is the hardest.
    """
    uniform = torch.rand(count)
    shifted = 4 * uniform / (1 + 3 * uniform)
    scheduled = torch.tensor(_SIGMAS)[torch.randint(len(_SIGMAS), (count,))]
    kind = torch.rand(count)
    deciding = _DECIDING[0] + (_DECIDING[1] - _DECIDING[0]) * uniform
    often = torch.where(kind < 0.5, deciding, torch.where(kind < 0.8, shifted, uniform))
    return torch.where(kind < 0.25, scheduled, often).clamp_min(0.01)


def noisy(clips: Clips, guides: bool = True) -> tuple[Batch, Tensor, Tensor, Tensor, Tensor]:
    """A batch, both velocities to learn, and which frames and which clips' sounds are to be learned.

    With `guides` some batches have clean first and last frames beside them.
    """
    video, sound = clips.video, clips.sound
    count, frames, per_frame, _ = video.shape
    level = noises(count)
    noise = level[:, None].repeat(1, frames)
    shown: tuple[int, ...] = ()
    given = torch.rand(count)
    if guides and random.random() < 0.15:  # between two images
        shown = (0, clips.size.frames - 1)
        video = torch.cat([video, video[:, :1], clips.last], 1)
        kept = torch.where(torch.rand(count, 2) < 0.5, 0.0, 0.5 * torch.rand(count, 2))
        noise = torch.cat([noise, level[:, None] * kept], 1)
    else:  # from one, or from none
        noise[given < 0.22, 0] = 0
        some = (given > 0.22) & (given < 0.3)
        noise[some, 0] *= 0.5 * torch.rand(int(some.sum()))
    other = torch.rand(count)
    sound_noise = torch.where(other < 0.5, 0.0, torch.where(other < 0.6, noises(count), level))
    added, sound_added = torch.randn_like(video), torch.randn(count, sound.shape[1], CHANNELS)
    added[..., USED:] = 0
    whole_sound = torch.nn.functional.pad(sound, (0, CHANNELS - sound.shape[2]))
    batch = Batch(
        video=torch.lerp(video, added, noise[..., None, None]).flatten(1, 2),
        noise=noise,
        places=places(clips.size, *shown),
        sound=torch.lerp(whole_sound, sound_added, sound_noise[:, None, None]),
        sound_noise=sound_noise,
        words=clips.words,
        frames=torch.arange(noise.shape[1]).repeat_interleave(per_frame),
    )
    learned = noise > 0
    learned[:, frames:] = False
    return batch, added - video, sound_added[..., : sound.shape[2]] - sound, learned, sound_noise > 0


def importance(code: dict[str, Tensor]) -> Tensor:
    """How much a channel counts, on average 1: the more, the more of a picture it is."""
    weight = code["scale"].pow(_IMPORTANCE)
    weight[USED:] = 0
    return weight / weight.mean()


def loss(learner: Learner, clips: Clips, weight: Tensor) -> tuple[Tensor, Tensor]:
    """Returns the loss of the video and that of the sound."""
    device = weight.device
    batch, *goals = noisy(clips)
    wanted, sound_wanted, learned, sound_learned = (goal.to(device) for goal in goals)
    video, sound = learner(batch.to(device))
    missed = (video.unflatten(1, wanted.shape[1:3]) - wanted).pow(2) * weight
    sound_missed = (sound[..., : sound_wanted.shape[2]] - sound_wanted).pow(2)
    return (
        missed.mean((2, 3))[learned].mean(),
        sound_missed.mean((1, 2))[sound_learned].mean() if sound_learned.any() else sound.sum() * 0,
    )


class Course:
    """Learning that can be stopped and resumed; speed falls towards the end.

    Several processes that have joined by torch.distributed learn together, each from clips of its own.
    """

    def __init__(self, learner: Learner, folder: Path, length: int) -> None:
        self.learner, self.folder, self.length = learner, folder, length
        self.average = {name: weight.detach().clone() for name, weight in learner.named_parameters()}
        matrices, others = [], []
        for name, weight in learner.named_parameters():
            inside = (
                "transformer_blocks" in name and weight.dim() == 2 and "table" not in name and min(weight.shape) > _THIN
            )
            (matrices if inside else others).append(weight)
        self.optimizers = [
            torch.optim.Muon(matrices, lr=_MUON, momentum=0.95, weight_decay=0.0, ns_steps=4),
            torch.optim.Adam(others, lr=_ADAM, betas=(0.9, 0.99)),
        ]
        self.steps = 0

    def run(self, pool: Pool, weight: Tensor) -> None:
        shown, started = [], time.monotonic()
        while self.steps < self.length:
            clips = pool.next(self.steps / self.length)
            self._pace()
            video, sound = loss(self.learner, clips, weight)
            (video + 0.3 * sound).backward()
            _agree(self.learner)
            torch.nn.utils.clip_grad_norm_(self.learner.parameters(), 1.0)
            for optimizer in self.optimizers:
                optimizer.step()
                optimizer.zero_grad(set_to_none=True)
            self._remember()
            self.steps += 1
            shown.append((video.item(), sound.item()))
            if self.steps % 100 == 0:
                self._report(shown, time.monotonic() - started)
                shown, started = [], time.monotonic()
                self.save()
        self.save()

    def _report(self, losses: list[tuple[float, float]], seconds: float) -> None:
        video, sound = torch.tensor(losses).mean(0).tolist()
        if not distributed.get_rank():
            each = f"{seconds / len(losses):.2f} s each"
            print(f"{self.steps:6d} steps  {each}  video {video:.4f}  sound {sound:.4f}", flush=True)

    def _pace(self) -> None:
        done = self.steps / self.length
        slower = 1 - (1 - _LEAST) * max(0.0, done - _STEADY) / (1 - _STEADY)
        first = min(1.0, (self.steps + 1) / 50)
        for optimizer, speed in zip(self.optimizers, (_MUON, _ADAM), strict=True):
            for group in optimizer.param_groups:
                group["lr"] = speed * slower * first

    def _remember(self) -> None:
        keep = min(_AVERAGE, (self.steps + 1) / (self.steps + 10))
        for name, weight in self.learner.named_parameters():
            self.average[name].lerp_(weight.detach(), 1 - keep)

    def save(self) -> None:
        if distributed.get_rank():
            return
        state = {
            "learner": self.learner.state_dict(),
            "average": self.average,
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
            "steps": self.steps,
        }
        torch.save(state, self.folder / "course.unfinished")
        (self.folder / "course.unfinished").replace(self.folder / "course.pt")

    def resume(self) -> None:
        path = self.folder / "course.pt"
        if path.is_file():
            state = torch.load(path, weights_only=True)
            self.learner.load_state_dict(state["learner"])
            self.average = state["average"]
            for optimizer, was in zip(self.optimizers, state["optimizers"], strict=True):
                optimizer.load_state_dict(was)
            self.steps = state["steps"]


def _agree(learner: Learner) -> None:
    """Gradients become the mean of all processes'."""
    gradients = [weight.grad for weight in learner.parameters() if weight.grad is not None]
    together = torch.cat([gradient.flatten() for gradient in gradients])
    distributed.all_reduce(together)
    together /= distributed.get_world_size()
    for gradient, part in zip(gradients, together.split([each.numel() for each in gradients]), strict=True):
        gradient.copy_(part.view_as(gradient))
