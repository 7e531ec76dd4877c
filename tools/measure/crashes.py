"""Whether anything is lost when the app and its engine are killed repeatedly while they generate a hundred clips."""

import os
import random
import time
from collections.abc import Iterator

import av
from av.error import FFmpegError

from jobs import CallerQueue, JobQueue, Submission
from settings import Settings
from tools.measure.figures import Figure
from tools.measure.servers import Server

TASKS = 100
APP_KILLS = 50
ENGINE_KILLS = 20
STARTING = 6.0  # seconds, about, until an engine of a new app is ready
WORKING = 1.5  # seconds, at most, that an app works before it is killed: most lives make no clip, or one
SHORT = {"prompt": "a kite", "width": 128, "height": 128, "seconds": 0.2, "steps": 1, "preset": "fast", "sound": False}


def measure(settings: Settings) -> Iterator[Figure]:
    """Uses its own home folder, and takes about six minutes.

    One task can be hit several times by chance, so more attempts are allowed than by default.
    """
    own = settings.model_copy(update={"home": settings.home / "crashes"})
    own.home.mkdir(parents=True)
    queue = CallerQueue(JobQueue(own))
    queue.submit(Submission(mode="t2v", values=SHORT, tries=TASKS))
    os.environ |= {"KINORA_HOME": str(own.home), "KINORA_MAX_ATTEMPTS": "8"}
    chance = random.Random(1)
    for _ in range(APP_KILLS):
        with Server(["app.py"], own.home / "app.log") as server:
            server.seconds_to_serve()
            time.sleep(chance.uniform(0, STARTING + WORKING))
            server.kill()
    left = _left(queue)
    note = f"SIGKILL at random moments of starting and working; {TASKS - left} of {TASKS} clips were made meanwhile"
    yield Figure("times the app was killed", APP_KILLS, "", note=note)
    kills = unanswered = 0
    with Server(["app.py"], own.home / "app.log") as server:
        server.seconds_to_serve()
        while _left(queue) or kills < ENGINE_KILLS:
            if not _left(queue):  # the work ended before the kills did
                queue.submit(Submission(mode="t2v", values=SHORT, tries=5))
            time.sleep(chance.uniform(0.2, STARTING))
            engine = server.engine() if kills < ENGINE_KILLS else None
            if engine:
                engine.kill()
                kills += 1
            unanswered += not server.answers()
    yield Figure("times the engine was killed", kills, "", note="in the same run")
    yield Figure("times the page did not answer", unanswered, "", 0, "asked after each kill, within 5 s")
    yield from _result(queue, own)


def _left(queue: CallerQueue) -> int:
    counts = queue.state().counts
    return counts.queued + counts.running


def _result(queue: CallerQueue, settings: Settings) -> Iterator[Figure]:
    counts = queue.state().counts
    total = sum(counts.model_dump().values())
    recorded = []
    for job in queue.jobs().jobs:
        for task in queue.tasks(job=job.id, limit=500).tasks:
            recorded += [output.path for output in queue.task(task.id).outputs_list]
    files = [str(file) for file in settings.outputs_dir.rglob("*.mp4")]
    broken = [file for file in files if not _decodes(file)]
    note = f"{total} tasks, {len(files)} files"
    yield Figure("clips that did not succeed", total - counts.succeeded, "", 0, note)
    yield Figure("files missing", len(set(recorded) - set(files)) + total - len(recorded), "", 0)
    yield Figure("files made twice, or without a task", len(files) - len(set(recorded)), "", 0)
    yield Figure("files that do not decode", len(broken), "", 0)


def _decodes(file: str) -> bool:
    try:
        with av.open(file) as container:
            return sum(1 for _ in container.decode(video=0)) > 0
    except FFmpegError:
        return False
