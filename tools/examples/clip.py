"""Three seconds of a ball that bounces across a room, with a note each time it touches the floor."""

from fractions import Fraction
from functools import cache
from pathlib import Path

import av
import numpy as np
from PIL import Image

from constants import X264_REPEATABLE
from tools.examples.landscape import gradient
from tools.examples.portrait import SCALE, Pen
from tools.examples.sounds import RATE, beep, hertz

SIZE = (448, 256)
FPS = 24
FRAMES = 73

FLOOR = 206
RADIUS = 24
BOUNCES = ((0.45, 1.0), (1.35, 0.78), (2.05, 0.55), (2.6, 0.38))
"""When the ball touches the floor, in seconds, and how strongly."""


def write_clip(file: Path) -> None:
    """MP4: H.264 and AAC, the same bytes each time."""
    options = {"movflags": "+faststart", "fflags": "+bitexact"}
    x264 = {"crf": "23", "preset": "slow", "threads": "1", "x264-params": X264_REPEATABLE}
    with av.open(str(file), "w", format="mp4", options=options) as container:
        pictures = container.add_stream("libx264", rate=FPS, options=x264)
        pictures.width, pictures.height, pictures.pix_fmt = *SIZE, "yuv420p"
        sound = container.add_stream("aac", rate=RATE, layout="mono", options={"b": "48k", "flags": "+bitexact"})
        for number in range(FRAMES):
            frame = av.VideoFrame.from_image(picture(number / FPS))
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            container.mux(pictures.encode(frame))
        container.mux(pictures.encode(None))
        samples = (notes() * 32767).astype(np.int16)[None]
        frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = RATE, 0, Fraction(1, RATE)
        container.mux(sound.encode(frame))
        container.mux(sound.encode(None))


def notes() -> np.ndarray:
    """The sound of the whole clip, as float from -1 to 1."""
    sound = np.zeros(round(FRAMES / FPS * RATE))
    for number, (moment, strength) in enumerate(BOUNCES):
        start = round(moment * RATE)
        tone = beep(hertz(72 + (0, 4, 7, 12)[number]), 0.35)[: len(sound) - start]
        sound[start : start + len(tone)] += 0.6 * strength * tone
    return sound


def picture(seconds: float) -> Image.Image:
    """One frame, as RGB of `SIZE`."""
    image = _room().copy()
    pen = Pen(image)
    x = -10 + 160 * seconds
    height, squash = _flight(seconds)
    pen.oval(x, FLOOR + 10, RADIUS * (1.1 - 0.4 * height / 120), 6 - 2.5 * height / 120, (84, 64, 96))
    y = FLOOR + 8 - RADIUS * (1 - squash) - height
    wide, tall = RADIUS * (1 + squash), RADIUS * (1 - squash)
    pen.oval(x, y, wide, tall, (226, 84, 74))
    turn = seconds * 5
    for angle in (turn, turn + np.pi):
        pen.oval(x + np.cos(angle) * wide * 0.55, y + np.sin(angle) * tall * 0.55, 5, 5, (250, 220, 190))
    pen.oval(x - wide * 0.3, y - tall * 0.45, 6, 4, (255, 190, 178))
    return image.resize(SIZE, Image.Resampling.LANCZOS)


@cache
def _room() -> Image.Image:
    image = gradient((SIZE[0] * SCALE, SIZE[1] * SCALE), ((250, 226, 200), (240, 190, 170)), round(FLOOR * SCALE * 0.9))
    pen = Pen(image)
    pen.box(-20, FLOOR - 22, SIZE[0] + 20, SIZE[1] + 20, 0, (122, 98, 128))
    pen.box(-20, FLOOR - 22, SIZE[0] + 20, FLOOR - 18, 0, (148, 122, 150))
    pen.box(36, 36, 136, 128, 6, (252, 244, 232))
    pen.box(44, 44, 128, 120, 4, (120, 176, 206))
    pen.oval(104, 66, 12, 12, (255, 236, 176))
    pen.box(84, 44, 88, 120, 0, (252, 244, 232))
    pen.box(44, 80, 128, 84, 0, (252, 244, 232))
    return image


def _flight(seconds: float) -> tuple[float, float]:
    """How high above the floor the ball is, in pixels, and how flat: 0 is round."""
    moments = [-0.55, *(moment for moment, _ in BOUNCES), 3.05]
    index = int(np.searchsorted(moments, seconds, side="right")) - 1
    begins, ends = moments[index], moments[index + 1]
    share = (seconds - begins) / (ends - begins)
    height = 4 * share * (1 - share) * 150 * (ends - begins) ** 2
    nearest = min(abs(seconds - moment) for moment, _ in BOUNCES)
    return height, max(0.0, 0.28 * (1 - nearest / 0.06))
