"""Images on demo models, read from the files written: as announced, and obeying what they are given."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from support import clips, runs
from support.mode_settings import REAL

import modes
from events import Output
from jobs import CallerQueue, TaskDetail
from modes import InvalidParamsError, Mode
from modes.mode import EXAMPLES

MODES = [modes.get(name) for name in ("t2i", "i2i", "inpaint", "edit")]
SMALL = {"seed": 7, "resolution": "256"}
every_mode = pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.id)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example landscape, its portrait and its mask at 150 x 101 px: no multiple of anything."""
    folder = tmp_path_factory.mktemp("small")
    for name in ("landscape", "portrait", "second", "mask"):
        with Image.open(EXAMPLES / f"{name}.png") as image:
            image.resize((150, 101)).save(folder / f"{name}.png")
    return folder


def values(mode: Mode, small: Path, **changed: Any) -> dict[str, Any]:
    given = {**mode.examples[0].values, **SMALL}
    if mode.id == "inpaint":
        given.pop("resolution")
        given |= {"image": small / "landscape.png", "mask": small / "mask.png"}
    return given | changed


def run(queue: CallerQueue, mode: Mode, small: Path, **changed: Any) -> tuple[TaskDetail, list[np.ndarray]]:
    task = runs.submit(queue, mode.id, values(mode, small, **changed))
    last = runs.last(queue, task)
    assert isinstance(last, Output), last
    return task, [clips.picture(file) for file in last.files]


@pytest.mark.parametrize(
    "changed", [{}, {"width": 200, "height": 131}, {"aspect": "9:16", "preset": "quality", "steps": 2}], ids=str
)
@every_mode
def test_the_files_are_what_was_announced(queue: CallerQueue, mode: Mode, small: Path, changed: dict[str, Any]) -> None:
    known = {name: value for name, value in changed.items() if name in mode.params.model_fields}
    task, pictures = run(queue, mode, small, **known)
    told = runs.announced(task)
    assert len(pictures) == told.frames
    assert {each.shape[1::-1] for each in pictures} == {(told.width, told.height)}
    assert told.fps is None
    assert 12 < pictures[0].std() < 110


@pytest.mark.parametrize("mode", MODES[:3], ids=lambda mode: mode.id)
def test_as_many_images_as_asked_for_each_another_one(queue: CallerQueue, mode: Mode, small: Path) -> None:
    task, pictures = run(queue, mode, small, count=3)
    assert runs.announced(task).frames == len(pictures) == 3
    assert all(clips.difference(pictures[first], pictures[second]) > 0.1 for first, second in ((0, 1), (0, 2), (1, 2)))


@every_mode
def test_prompt_seed_and_preset_change_the_image(queue: CallerQueue, mode: Mode, small: Path) -> None:
    _, plain = run(queue, mode, small)
    for changed in ({"prompt": "a purple night in winter"}, {"seed": 8}, {"preset": "quality", "steps": 4}):
        assert clips.difference(plain[0], run(queue, mode, small, **changed)[1][0]) > 0.1, changed


def test_an_image_is_changed_the_more_the_stronger(queue: CallerQueue, small: Path) -> None:
    mode = modes.get("i2i")
    with Image.open(small / "landscape.png") as image:
        wanted = np.asarray(image.convert("RGB").resize((320, 208)))
    near, far = (
        run(queue, mode, small, image=small / "landscape.png", width=320, height=208, denoise=denoise)[1][0]
        for denoise in (0.2, 0.95)
    )
    assert clips.psnr(near, wanted) > 15
    assert clips.psnr(near, wanted) > clips.psnr(far, wanted) + 1


@pytest.mark.parametrize("feather", [0, 8])
@pytest.mark.parametrize("invert", [False, True])
def test_outside_the_mask_not_a_pixel_changes(queue: CallerQueue, small: Path, feather: int, invert: bool) -> None:
    _, pictures = run(queue, modes.get("inpaint"), small, feather=feather, invert=invert)
    before = clips.picture(small / "landscape.png")
    with Image.open(small / "mask.png") as image:
        grey = np.asarray(image.convert("L"))
    inside = grey < 255 if invert else grey > 0
    away = distance_to(inside) > 1.5 * feather + 1
    assert away.any()
    assert np.array_equal(pictures[0][away], before[away])
    assert clips.difference(pictures[0][inside], before[inside]) > 2


def distance_to(inside: np.ndarray) -> np.ndarray:
    """The distance of each pixel to the nearest one inside: the larger of rows and columns, at most 40."""
    away, grown = np.full(inside.shape, 40), inside.copy()
    for distance in range(40):
        away[grown & (away == 40)] = distance
        padded = np.pad(grown, 1)
        rows, columns = inside.shape
        grown = np.any([padded[y : y + rows, x : x + columns] for y in range(3) for x in range(3)], axis=0)
    return away


def test_what_is_transparent_in_an_image_is_its_mask(queue: CallerQueue, small: Path, tmp_path: Path) -> None:
    with Image.open(small / "landscape.png") as image, Image.open(small / "mask.png") as mask:
        both = image.convert("RGB")
        both.putalpha(mask.convert("L").point(lambda value: 255 - value))
        both.save(tmp_path / "both.png")
    mode = modes.get("inpaint")
    _, alone = run(queue, mode, small, image=tmp_path / "both.png", mask=None)
    _, apart = run(queue, mode, small)
    assert np.array_equal(alone[0], apart[0])


@pytest.mark.everything
def test_an_edit_follows_its_first_image_and_sees_the_others(queue: CallerQueue, small: Path) -> None:
    mode = modes.get("edit")
    one = {"image": small / "landscape.png", "width": 192, "height": 128, "steps": 1, "second_image": None}
    _, with_one = run(queue, mode, small, **one)
    task_two, with_two = run(queue, mode, small, **one | {"second_image": small / "portrait.png"})
    task_three, with_three = run(
        queue, mode, small, **one | {"second_image": small / "portrait.png", "third_image": small / "second.png"}
    )
    task_third, with_third = run(queue, mode, small, **one, third_image=small / "portrait.png")
    assert "load_second_image" in task_two.graph
    assert "load_third_image" not in task_two.graph
    assert "load_third_image" in task_three.graph
    assert "load_third_image" not in task_third.graph  # it is the second of two images
    assert np.array_equal(with_third[0], with_two[0])
    assert clips.difference(with_one[0], with_two[0]) > 0.5
    assert clips.difference(with_two[0], with_three[0]) > 0.5
    with Image.open(small / "landscape.png") as image:
        wanted = np.asarray(image.convert("RGB").resize((192, 128)))
    assert clips.psnr(with_one[0], wanted) > 13


@pytest.mark.parametrize(
    ("changed", "field", "words"),
    [
        ({"mask": None}, "mask", "empty"),
        ({"mask": "empty"}, "mask", "empty"),
        ({"mask": "white", "invert": True}, "mask", "empty"),
        ({"mask": "square"}, "mask", "100 × 100 px and the image 150 × 101 px"),
        ({"image": "huge"}, "image", "6.2 megapixels; at most 4.2 are possible here"),
        ({"feather": -1}, "feather", "at least 0"),
        ({"denoise": 0}, "denoise", "at least 0.05"),
        ({"count": 17}, "count", "at most 16"),
    ],
)
def test_an_invalid_image_or_mask_gets_a_sentence_at_its_field(
    small: Path, tmp_path: Path, changed: dict[str, Any], field: str, words: str
) -> None:
    drawn = {
        "empty": Image.new("L", (150, 101)),
        "white": Image.new("L", (150, 101), 255),
        "square": Image.new("L", (100, 100), 255),
        "huge": Image.new("RGB", (2500, 2490)),
    }
    for name, value in changed.items():
        if value in drawn:
            drawn[value].save(tmp_path / f"{value}.png")
            changed = changed | {name: tmp_path / f"{value}.png"}
    mode = modes.get("inpaint")
    with pytest.raises(InvalidParamsError) as refused:
        mode.validate(values(mode, small, **changed), REAL)
    assert words in refused.value.fields[field]


def test_a_mask_of_the_whole_image_gets_a_note(small: Path, tmp_path: Path) -> None:
    Image.new("L", (150, 101), 255).save(tmp_path / "white.png")
    mode = modes.get("inpaint")
    told = mode.validate(values(mode, small, mask=tmp_path / "white.png"), REAL).output_spec()
    assert "whole image" in told.notes["mask"]


def test_an_image_where_a_mode_takes_none_is_refused(small: Path) -> None:
    with pytest.raises(InvalidParamsError, match="no parameter named image"):
        modes.get("t2i").validate({"prompt": "x", "image": small / "landscape.png"}, REAL)
