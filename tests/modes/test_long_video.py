"""Long videos: segments that continue each other, of both families, in the graph and in the files."""

import itertools
from typing import Any

import numpy as np
import pytest
from support import clips, runs
from support.mode_settings import REAL

import modes
import workflow
from events import Output
from jobs import CallerQueue
from modes import InvalidParamsError, Mode
from modes.segments import MAX_SEGMENTS, InSegments

LONG = [modes.get("wan_long"), modes.get("long")]
SMALL = {"seed": 7, "width": 192, "height": 128, "seconds": 0.7, "steps": 2, "preset": "fast"}
long_videos = pytest.mark.parametrize("mode", LONG, ids=lambda mode: mode.id)


def values(mode: Mode, **changed: Any) -> dict[str, Any]:
    return {"image": mode.examples[0].values["image"], **SMALL, **changed}


def graph(mode: Mode, **changed: Any) -> workflow.Graph:
    return mode.preview_graph(mode.validate(values(mode, **changed), REAL))


def upstream(graph: workflow.Graph, node: str) -> set[str]:
    return set(workflow.prune(graph, [node]))


@long_videos
@pytest.mark.parametrize("count", range(1, MAX_SEGMENTS + 1))
def test_each_prompt_reaches_its_own_segment_and_the_ones_behind_it_through_their_first_frames_alone(
    mode: Mode, count: int
) -> None:
    stages = [{"prompt": f"words of {number}"} for number in range(1, count + 1)]
    built = graph(mode, stages=stages, prompt="in ink")
    for number in range(1, count + 1):
        end = f"_{number}" if number > 1 else ""
        positive = [node for node in upstream(built, f"decode_video{end}") if node.startswith("positive_prompt")]
        assert len(positive) == number
        assert built[f"positive_prompt{end}"]["inputs"]["text"] == f"in ink\nwords of {number}"
        if number > 1:  # without the frames that are carried over, nothing of the earlier segments would be left
            cut = {node: content for node, content in built.items() if not node.startswith("last_frames")}
            cut |= {f"last_frames_{each}": {"class_type": "", "inputs": {}} for each in range(1, count)}
            mine = [node for node in upstream(cut, f"decode_video{end}") if node.startswith("positive_prompt")]
            assert mine == [f"positive_prompt{end}"]
    assert len(workflow.sinks(built)) == (count + 1 if count > 1 else 1)


@long_videos
def test_seeds_and_lengths_belong_to_their_segment(mode: Mode) -> None:
    plain = [{"prompt": "a"}, {"prompt": "b"}, {"prompt": "c"}]
    changed = [plain[0], {"prompt": "b", "seed": 99, "seconds": 1.5}, plain[2]]
    before, after = graph(mode, stages=plain), graph(mode, stages=changed)
    differ = {node for node in before if node in after and before[node] != after[node]}
    assert differ
    assert all(node.endswith("_2") for node in differ), differ


@long_videos
def test_a_long_video_is_its_segments_in_order_and_each_is_a_file_of_its_own(queue: CallerQueue, mode: Mode) -> None:
    stages = [{"prompt": "a red kite"}, {"prompt": "night", "seconds": 1}, {"prompt": "snow"}]
    task = runs.submit(queue, mode.id, values(mode, stages=stages))
    last = runs.last(queue, task)
    assert isinstance(last, Output), last
    told, whole = runs.announced(task), clips.read(last.files[0])
    facts = clips.facts(last.files[0])
    assert (facts.width, facts.height, facts.frames, facts.fps) == (told.width, told.height, told.frames, told.fps)
    assert facts.seconds == pytest.approx(told.seconds, abs=0.05)
    assert [file.stem.rpartition("_")[2] for file in last.files[1:]] == ["1", "2", "3"]
    parts = [clips.read(file).pictures for file in last.files[1:]]
    params = mode.validate(values(mode, stages=stages), REAL)
    assert isinstance(params, InSegments)
    assert [len(part) for part in parts] == params.segment_frames
    joined = np.concatenate([parts[0], *(part[1:] for part in parts[1:])])
    assert len(joined) == told.frames
    assert clips.difference(joined, whole.pictures) < 3  # each was compressed by itself
    for before, after in itertools.pairwise(parts):
        handed_on, otherwise = (clips.difference(frame, after[0]) for frame in (before[-1], before[0]))
        assert handed_on < 20  # as far as the demo models' VAE keeps it
        assert handed_on < otherwise + 1


@pytest.mark.parametrize(
    "mode", [LONG[1], pytest.param(LONG[0], marks=pytest.mark.everything)], ids=lambda mode: mode.id
)
def test_another_last_segment_leaves_those_before_it_as_they_were_and_does_not_make_them_again(
    queue: CallerQueue, mode: Mode
) -> None:
    first = [{"prompt": "a red kite"}, {"prompt": "night"}]
    files, executed = [], []
    for stages in (first, [first[0], {"prompt": "a green sea", "seed": 5}]):
        last = runs.last(queue, runs.submit(queue, mode.id, values(mode, stages=stages)))
        assert isinstance(last, Output), last
        files.append([clips.read(file).pictures for file in last.files])
        executed.append(set(last.executed))
    assert np.array_equal(files[0][1], files[1][1])
    assert not np.array_equal(files[0][2], files[1][2])
    sampled = {node for node in executed[1] if "pass" in node}
    assert sampled
    assert all(node.endswith("_2") for node in sampled)


@pytest.mark.parametrize(
    ("mode", "overlap"),
    [
        (LONG[0], "9"),
        (LONG[1], "1"),
        pytest.param(LONG[0], "1", marks=pytest.mark.everything),
        pytest.param(LONG[1], "9", marks=pytest.mark.everything),
    ],
    ids=lambda each: getattr(each, "id", each),
)
@pytest.mark.everything
def test_frames_carried_over_are_in_the_clip_once(queue: CallerQueue, mode: Mode, overlap: str) -> None:
    task = runs.submit(queue, mode.id, values(mode, stages=["a", "b"], seconds=1.5, overlap=overlap))
    last = runs.last(queue, task)
    assert isinstance(last, Output), last
    whole, first, second = (clips.facts(file).frames for file in last.files)
    assert whole == first + second - int(overlap) == runs.announced(task).frames


@long_videos
@pytest.mark.parametrize(
    ("changed", "field", "words"),
    [
        ({"stages": []}, "stages", "at least 1"),
        ({"stages": ["x"] * 13}, "stages", "at most 12"),
        ({"stages": ["x", "  "]}, "stages", "item 2: prompt is empty"),
        ({"stages": ["x", "50:y"]}, "stages", "item 2: seconds must be at most 40"),
        ({"stages": ["x", "0.2:y"], "overlap": "9"}, "stages", "Segment 2 must be longer"),
        ({"stages": ["x"], "seconds": 20, "fps": 60}, "seconds", "Segment 1 must be at most"),
    ],
)
def test_invalid_segments_get_a_sentence_at_their_field(
    mode: Mode, changed: dict[str, Any], field: str, words: str
) -> None:
    with pytest.raises(InvalidParamsError) as refused:
        mode.validate(values(mode, stages=["x"]) | changed, REAL)
    assert words in refused.value.fields[field]
