"""The gate: clips by the shipped graphs from the shipped parts, and how often they are what was asked for."""

import random
import tempfile
import time
import wave
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
import torch
from PIL import Image

import modes
from backend.comfy.engine import Engine
from demo_models import sound_code
from demo_models.picture_code import COLOURS, PATCH
from events import Output
from media import Preparer
from settings import Settings
from tools.train_demo import captions, names, scenes, sounds
from tools.train_demo.looking import hear, look, loudness

PROMPTS = 16
SEEDS = 3
WAYS = ("left", "right", "up", "down")
_PIXELS = 255
_LARGE = {"width": 256, "height": 256, "seconds": 0.7}


@dataclass(frozen=True)
class Asked:
    colour: str
    shape: str
    move: str
    background: str
    sound: str
    prompt: str


@dataclass(frozen=True)
class Clip:
    pictures: np.ndarray  # [frames, height, width, 3], uint8
    sound: np.ndarray  # [samples]
    rate: int
    seconds: float  # that making it took


class Studio:
    """Makes clips as the page would, one after the other."""

    def __init__(self, home: Path) -> None:
        self._settings = Settings(home=home, device="cpu", demo="always")
        self.inputs = self._settings.inputs_dir
        self._engine = Engine(self._settings)
        self._count = 0

    def make(self, mode_id: str, seed: int, **values: Any) -> Clip:
        """Raises RuntimeError with what the engine says."""
        mode = modes.get(mode_id)
        params = mode.validate(values, self._settings)
        prepared = mode.prepare_inputs(params, Preparer(self._settings))
        self._count += 1
        graph = mode.build(params, seed, prepared, f"gate/{self._count}")
        started = time.perf_counter()
        last = list(self._engine.run(graph, mode.phases_of(graph)))[-1]
        if not isinstance(last, Output):
            raise RuntimeError(f"{mode_id}: {last}")
        return _read(last.files[0], time.perf_counter() - started)


def asked(dice: random.Random, held_out: bool = False) -> list[Asked]:
    """Prompts in which every colour, shape, way and sound is as frequent as the others."""
    pairs = (
        sorted(captions.HELD_OUT)
        if held_out
        else [
            (colour, move)
            for number, colour in enumerate(names.COLOURS)
            for move in (WAYS[number % 4], WAYS[(number + 2) % 4])
            if (colour, move) not in captions.HELD_OUT
        ]
    )
    found = []
    for number in range(PROMPTS):
        colour, move = pairs[number % len(pairs)]
        shape = names.SHAPES[number % len(names.SHAPES)]
        background = [*names.BACKGROUNDS][(number // 2) % len(names.BACKGROUNDS)]
        sound = names.SOUNDS[number % len(names.SOUNDS)]
        prompt = captions.of(colour, shape, move, background, sound, dice)
        found.append(Asked(colour, shape, move, background, sound, prompt))
    return found


def run(studio: Studio, seeds: int = SEEDS) -> Iterator[tuple[str, str]]:
    """Each figure as it is known: what was measured, and what came of it."""
    for label, values in (
        ("128 px, one pass", {"width": 128, "height": 128, "preset": "fast"}),
        ("128 px", {"width": 128, "height": 128}),
        ("256 px", {"width": 256, "height": 256}),
        ("256 px, one pass", {"width": 256, "height": 256, "preset": "fast"}),
        ("448 x 256, 25 frames", {"width": 448, "height": 256, "seconds": 1.0}),
    ):
        yield from _text_to_video(studio, label, values, asked(random.Random(1)), seeds)
    yield from _text_to_video(
        studio, "pairs never seen, 256 px", {"width": 256, "height": 256}, asked(random.Random(2), True), 1
    )
    yield from _first_frame(studio)
    yield from _between(studio)
    yield from _loudness(studio)
    yield from _control(studio)
    yield from _camera(studio)


def _text_to_video(
    studio: Studio, label: str, values: dict[str, Any], wanted: list[Asked], seeds: int
) -> Iterator[tuple[str, str]]:
    right: dict[str, list[bool]] = defaultdict(list)
    seconds = []
    for one in wanted:
        for seed in range(seeds):
            clip = studio.make("t2v", seed + 1, **({"prompt": one.prompt, "seconds": 0.7} | values))
            seen = look(clip.pictures)
            right["colour"].append(seen.colour == one.colour)
            right["way"].append(seen.way == one.move)
            right["shape"].append(seen.shape == one.shape)
            right["sound"].append(hear(clip.sound, clip.rate) == one.sound)
            seconds.append(clip.seconds)
    for name, hits in right.items():
        yield f"{label}: {name}", f"{sum(hits)} of {len(hits)}"
    yield f"{label}: seconds a clip, median", f"{np.median(seconds):.2f}"


def _first_frame(studio: Studio) -> Iterator[tuple[str, str]]:
    """Image to video at 256 px: whether it begins with the picture, and goes on with it as asked."""
    likeness, ways, kept = [], [], []
    for number, (way, picture) in enumerate(zip(WAYS * 2, _pictures(8, 256), strict=True)):
        path = _saved(studio, picture[0], f"first-{number}.png")
        clip = studio.make("i2v", number + 1, prompt=f"it moves {way}", image=path, **_LARGE)
        likeness.append(_likeness(clip.pictures[0], picture[0]))
        ways.append(look(clip.pictures).way == way)
        kept.append(look(clip.pictures).colour == look(picture[:1]).colour)
    yield "image to video, 256 px: first frame, median", f"{np.median(likeness):.1f} dB"
    yield "image to video, 256 px: way", f"{sum(ways)} of {len(ways)}"
    yield "image to video, 256 px: colour kept", f"{sum(kept)} of {len(kept)}"


def _between(studio: Studio) -> Iterator[tuple[str, str]]:
    firsts, lasts = [], []
    for number, picture in enumerate(_pictures(8, 256, moving=True)):
        values = {
            "first_image": _saved(studio, picture[0], f"from-{number}.png"),
            "last_image": _saved(studio, picture[-1], f"to-{number}.png"),
            "first_strength": 1.0,
            "last_strength": 1.0,
        }
        clip = studio.make("flf2v", number + 1, prompt="it moves", **_LARGE, **values)
        firsts.append(_likeness(clip.pictures[0], picture[0]))
        lasts.append(_likeness(clip.pictures[-1], picture[-1]))
    yield "first and last frame, 256 px: first, median", f"{np.median(firsts):.1f} dB"
    yield "first and last frame, 256 px: last, median", f"{np.median(lasts):.1f} dB"


def _loudness(studio: Studio) -> Iterator[tuple[str, str]]:
    """Audio to video: how the thing's height goes with the sound's loudness."""
    found = []
    for number, colour in enumerate([*names.COLOURS]):
        one = scenes.draw(scenes.Size(128, 128, 49), 1, torch.Generator().manual_seed(number))
        one.move[:], one.sound[:], one.travel[:] = names.MOVES.index("dance"), 1 + number % 4, 0
        path = studio.inputs / f"dance-{number}.wav"
        sound = sounds.waveform(one, int(1.96 * sound_code.RATE))[0]
        with wave.open(str(path), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(sound_code.RATE)
            file.writeframes((sound * 32767).short().numpy().tobytes())
        clip = studio.make(
            "a2v", number + 1, prompt=f"a {colour} ball dances to the music", audio=path, width=256, height=256
        )
        seen = look(clip.pictures)
        loud = loudness(sound.numpy()[: int(len(clip.pictures) / 25 * sound_code.RATE)], len(clip.pictures))
        found.append(float(np.corrcoef(-seen.places[:, 1], loud)[0, 1]))
    yield "audio to video: height follows loudness (correlation), median", f"{np.median(found):.2f}"


def _control(studio: Studio) -> Iterator[tuple[str, str]]:
    """Restyle by edges: how far the thing is from where it is in the control video, and whether its colour is new."""
    far, right = [], []
    for number, (colour, pictures) in enumerate(zip(names.COLOURS, _pictures(8, 256, moving=True), strict=True)):
        path = studio.inputs / f"control-{number}.mp4"
        _write(path, pictures)
        clip = studio.make(
            "restyle", number + 1, prompt=f"a {colour} ball", video=path, control="canny", **_LARGE, keep_sound=False
        )
        made, given = look(clip.pictures), look(pictures)
        far.append(float(np.abs(made.places - given.places[: len(made.places)]).mean()))
        right.append(made.colour == colour)
    yield "restyle by edges, 256 px: how far from there, median", f"{np.median(far):.3f} of the side"
    yield "restyle by edges, 256 px: colour", f"{sum(right)} of {len(right)}"


def _camera(studio: Studio) -> Iterator[tuple[str, str]]:
    """A thing that stands still moves against the camera, and grows when it comes nearer."""
    goes = {"dolly left": "right", "dolly right": "left", "jib up": "down", "jib down": "up"}
    for camera in (*goes, "dolly in", "dolly out"):
        hits = []
        for number, colour in enumerate(names.COLOURS):
            prompt = f"a {colour} {names.SHAPES[number % 3]} stands still in the fog"
            seen = look(studio.make("t2v", number + 1, prompt=prompt, camera=camera, **_LARGE).pictures)
            growth = seen.sizes[-3:].mean() / seen.sizes[:3].mean()
            hits.append(
                seen.way == goes[camera] if camera in goes else (growth if camera == "dolly in" else 1 / growth) > 1.3
            )
        yield f"camera, {camera}", f"{sum(hits)} of {len(hits)}"


def _pictures(count: int, side: int, moving: bool = False) -> list[np.ndarray]:
    """Clips as they are drawn, [frames, side, side, 3] of uint8."""
    drawn = scenes.draw(scenes.Size(side, side, 17), count, torch.Generator().manual_seed(9))
    if moving:
        drawn.move[:] = torch.arange(count) % 4
        drawn.travel[:] = 0.4 * torch.tensor([[-1.0, 0], [1, 0], [0, -1], [0, 1]])[drawn.move]
        drawn.start[:] = torch.tensor([0.5, 0.54])
    return [*as_pictures(drawn)]


def as_pictures(drawn: scenes.Scenes) -> np.ndarray:
    """[clips, frames, height, width, 3] of uint8."""
    rgb = torch.einsum("yc,nytij->ntcij", COLOURS, scenes.picture(drawn)).add(1).mul(_PIXELS / 2).clamp(0, _PIXELS)
    large = torch.nn.functional.interpolate(rgb.flatten(0, 1), scale_factor=PATCH, mode="bilinear")
    return large.unflatten(0, rgb.shape[:2]).permute(0, 1, 3, 4, 2).round().clamp(0, _PIXELS).byte().numpy()


def _saved(studio: Studio, picture: np.ndarray, name: str) -> Path:
    path = studio.inputs / name
    Image.fromarray(picture).save(path)
    return path


def _write(path: Path, pictures: np.ndarray) -> None:
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", rate=round(scenes.FRAME_RATE), options={"crf": "10"})
        stream.height, stream.width, stream.pix_fmt = *pictures.shape[1:3], "yuv420p"
        for picture in pictures:
            file.mux(stream.encode(av.VideoFrame.from_ndarray(picture)))
        file.mux(stream.encode())


def _likeness(made: np.ndarray, wanted: np.ndarray) -> float:
    return float(10 * np.log10(_PIXELS**2 / np.mean((made.astype(float) - wanted) ** 2)))


def _read(file: Path, seconds: float) -> Clip:
    with av.open(str(file)) as container:
        pictures = np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])
    with av.open(str(file)) as container:
        stream = container.streams.audio[0]
        parts = [frame.to_ndarray() for frame in container.decode(stream)]
        sound = np.concatenate([part.reshape(part.shape[0], -1).mean(0) for part in parts])
        return Clip(pictures, sound.astype(np.float64), stream.rate, seconds)


def main() -> None:
    with tempfile.TemporaryDirectory() as home:
        for name, value in run(Studio(Path(home))):
            print(f"{name:60} {value}", flush=True)
