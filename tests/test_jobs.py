"""The queue: order, places, cancelling, what is kept, and files that are what was announced."""

import json
import threading
from typing import Any

import clips
import numpy as np
import pytest

from errors import InvalidInputError
from events import Cancelled, Output, Preview, Queued, Stage
from jobs import Jobs
from modes import InvalidParamsError


def result(jobs: Jobs, values: dict[str, Any]) -> clips.Clip:
    job = jobs.submit("t2v", values)
    last = list(jobs.events(job.id))[-1]
    assert isinstance(last, Output), last
    return clips.read(last.files[0])


@pytest.mark.parametrize("preset", ["fast", "balanced", "quality"])
def test_the_file_is_what_was_announced(jobs: Jobs, clip: Any, preset: str) -> None:
    values = clip | {"preset": preset, "width": 200, "height": 150, "seconds": 0.6, "fps": 12}
    job = jobs.submit("t2v", values)
    announced = job.announced
    last = list(jobs.events(job.id))[-1]
    assert isinstance(last, Output), last
    file = clips.read(last.files[0])
    assert file.pictures.shape == (announced.frames, announced.height, announced.width, 3)
    assert file.seconds == pytest.approx(announced.seconds, abs=0.05)
    assert file.codecs == ("h264", "aac")


def test_without_sound_there_is_no_audio_stream(jobs: Jobs, clip: Any) -> None:
    assert result(jobs, clip | {"sound": False}).codecs == ("h264",)


def test_the_same_seed_gives_the_same_frames_and_another_seed_others(jobs: Jobs, clip: Any) -> None:
    first, again, other = (result(jobs, clip | {"seed": seed}) for seed in (1, 1, 2))
    assert np.array_equal(first.pictures, again.pictures)
    assert not np.array_equal(first.pictures, other.pictures)


def test_the_prompt_and_where_it_counts_the_negative_prompt_change_the_frames(jobs: Jobs, clip: Any) -> None:
    plain = result(jobs, clip)
    assert not np.array_equal(plain.pictures, result(jobs, clip | {"prompt": "a green hill at night"}).pictures)
    guided = clip | {"cfg": 4}
    assert not np.array_equal(
        result(jobs, guided).pictures, result(jobs, guided | {"negative_prompt": "night"}).pictures
    )


def test_strange_prompts_arrive_as_they_were_typed(jobs: Jobs, clip: Any) -> None:
    prompt = '🪁 "quotes" {a|b} طائرة\nnew line, {"json": [1]}'
    file = result(jobs, clip | {"prompt": prompt})
    assert json.loads(file.metadata["prompt"])["positive_prompt"]["inputs"]["text"] == prompt


def test_a_random_seed_is_drawn_and_told(jobs: Jobs, clip: Any) -> None:
    first, second = (jobs.submit("t2v", clip | {"seed": None}) for _ in range(2))
    assert first.seed != second.seed
    for job in (first, second):
        jobs.cancel(job.id)
        list(jobs.events(job.id))


def test_files_are_named_by_the_prompt_and_never_overwritten(jobs: Jobs, clip: Any) -> None:
    values = clip | {"prompt": "A /strange/ ../name: 🪁"}
    names = []
    for _ in range(2):
        job = jobs.submit("t2v", values)
        list(jobs.events(job.id))
        names.append(job.files[0].name)
        assert job.files[0].parent.parent == jobs.settings.outputs_dir
    assert names == ["a-strange-name_7.mp4", "a-strange-name_7__2.mp4"]


def test_runs_get_their_turns_in_order_and_know_their_place(jobs: Jobs, clip: Any) -> None:
    submitted = [jobs.submit("t2v", clip | {"seed": seed}) for seed in (11, 12, 13)]
    first = next(iter(jobs.events(submitted[2].id)))
    assert isinstance(first, Queued)
    assert first.ahead >= 1
    for job in submitted:
        list(jobs.events(job.id))
    assert [job.status for job in submitted] == ["succeeded"] * 3
    started = [job.started for job in submitted]
    assert started == sorted(started)


def test_a_waiting_run_can_be_cancelled_and_the_others_go_on(jobs: Jobs, clip: Any) -> None:
    first, second, third = (jobs.submit("t2v", clip | {"seed": seed}) for seed in (21, 22, 23))
    jobs.cancel(second.id)
    jobs.cancel(second.id)  # twice does no harm
    assert isinstance(list(jobs.events(second.id))[-1], Cancelled)
    for job in (first, third):
        assert isinstance(list(jobs.events(job.id))[-1], Output)


def test_a_running_run_can_be_cancelled_and_leaves_no_file(jobs: Jobs, clip: Any) -> None:
    job = jobs.submit("t2v", clip | {"steps": 60, "width": 256, "height": 256})
    for event in jobs.events(job.id):
        if isinstance(event, Stage) and event.step:
            jobs.cancel(job.id)
    assert job.status == "cancelled"
    assert not list((jobs.settings.outputs_dir / "running").glob(f"{job.id}*"))


def test_a_late_watcher_sees_the_run_as_it_is(jobs: Jobs, clip: Any) -> None:
    job = jobs.submit("t2v", clip)
    early = list(jobs.events(job.id))
    late = list(jobs.events(job.id))
    assert late[-1] == early[-1]
    assert [event.label for event in late if isinstance(event, Stage)]
    assert len(late) <= 8  # one entry a stage, and the end
    assert not any(isinstance(event, Preview) for event in late)


def test_two_watchers_see_the_same_end(jobs: Jobs, clip: Any) -> None:
    job = jobs.submit("t2v", clip | {"seed": 31})
    ends = []
    threads = [threading.Thread(target=lambda: ends.append(list(jobs.events(job.id))[-1])) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(ends) == 2
    assert ends[0] == ends[1]


def test_time_left_is_known_once_such_a_run_has_ended(jobs: Jobs, clip: Any) -> None:
    list(jobs.events(jobs.submit("t2v", clip).id))
    again = jobs.submit("t2v", clip)
    assert jobs.time_left(again, None, 0.0) > 0  # type: ignore[operator]
    jobs.cancel(again.id)
    list(jobs.events(again.id))


def test_bad_input_is_refused_before_anything_is_queued(jobs: Jobs) -> None:
    with pytest.raises(InvalidParamsError):
        jobs.submit("t2v", {"prompt": ""})
    with pytest.raises(InvalidInputError, match="no mode"):
        jobs.submit("nonsense", {"prompt": "x"})
    with pytest.raises(InvalidInputError, match="not known"):
        jobs.get("0000")
