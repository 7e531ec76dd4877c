"""Memory of an engine that upscales videos: it must not grow with their length."""

import threading
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import psutil

from events import Output
from jobs import CallerQueue, JobQueue, Submission
from modes.enhance import video
from settings import Settings
from tools.measure.figures import Figure

SHORT, LONG = 40, 160  # frames
PIECE_BYTES = 100e6  # smaller pieces than usual, so that even the short one comes in several
SIZE = (320, 192)


def measure(settings: Settings) -> Iterator[Figure]:
    """Uses its own home folder and its own engine."""
    own = settings.model_copy(update={"home": settings.home / "pieces"})
    own.home.mkdir()
    usual, video.PIECE_BYTES = video.PIECE_BYTES, PIECE_BYTES
    job_queue = JobQueue(own)
    job_queue.start()
    queue = CallerQueue(job_queue)
    try:
        _enlarge(queue, _clip(own.home, 12))  # until models are loaded
        short, long = (_peak(queue, _clip(own.home, frames)) for frames in (SHORT, LONG))
    finally:
        job_queue.stop()
        video.PIECE_BYTES = usual
    note = f"the engine's peak; {LONG} frames in pieces beside {SHORT}; {long / 1e6:.0f} MB"
    yield Figure("memory, a video four times as long enlarged", long / short, "x", 1.1, note)


def _clip(folder: Path, frames: int) -> Path:
    file = folder / f"{frames}.mp4"
    with av.open(str(file), "w") as container:
        stream = container.add_stream("libx264", rate=24)
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        for number in range(frames):
            picture = np.full((SIZE[1], SIZE[0], 3), number * 2 % 255, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    return file


def _enlarge(queue: CallerQueue, clip: Path) -> None:
    job = queue.submit(Submission(mode="upscale_video", values={"video": str(clip), "scale": "2"}))
    last = list(queue.events(queue.first_task(job.id)))[-1]
    assert isinstance(last, Output), last


def _peak(queue: CallerQueue, clip: Path) -> int:
    """The most bytes that the engine, a child of this process, used meanwhile."""
    ended, seen = threading.Event(), [0]

    def look() -> None:
        while not ended.wait(0.2):
            seen.append(max((child.memory_info().rss for child in psutil.Process().children()), default=0))

    watcher = threading.Thread(target=look)
    watcher.start()
    _enlarge(queue, clip)
    ended.set()
    watcher.join()
    return max(seen)
