"""Batches become rows: combined in order, with what is near winning, and every fault named instead of raised."""

import json
import os
import shutil
import time
from pathlib import Path
from typing import Any

import pytest
from support.mode_settings import REAL

import modes
from errors import Problem
from jobs.submit.batch import BatchEntry, expand
from jobs.types import Batch, Submission
from modes.mode import EXAMPLES


def run(mode: str, values: dict[str, Any] | None = None, **batch: Any) -> tuple[list[BatchEntry], list[Problem]]:
    return expand(modes.get(mode), Submission(mode=mode, values=values or {}, batch=Batch(**batch)))


def good(mode: str, values: dict[str, Any] | None = None, **batch: Any) -> list[BatchEntry]:
    rows, problems = run(mode, values, **batch)
    assert problems == []
    return rows


def named(problems: list[Problem]) -> list[tuple[str, str]]:
    return [(each.where, each.field) for each in problems]


def labels(rows: list[BatchEntry]) -> list[str]:
    return [row.label for row in rows]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three pictures and what lies about in folders."""
    inside = tmp_path / "pictures"
    inside.mkdir()
    for name in ("kite10.png", "kite2.PNG", "Apple.png"):
        shutil.copy(EXAMPLES / "portrait.png", inside / name)
    for name in (".hidden.png", "Thumbs.db", "notes.md", "lonely.txt"):
        (inside / name).write_text("nothing")
    (inside / "folder.png").mkdir()
    return inside


def table(folder: Path, name: str, text: str | bytes) -> Path:
    file = folder / name
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


def test_without_a_batch_there_is_one_row_with_the_values_themselves() -> None:
    submission = Submission(mode="t2v", values={"prompt": "a kite"})
    assert expand(modes.get("t2v"), submission) == ([BatchEntry("", {"prompt": "a kite"})], [])


# Files


def test_a_folder_is_read_in_natural_order_without_what_is_hidden_or_unknown(folder: Path) -> None:
    rows = good("i2v", {"prompt": "a kite"}, folder=folder)
    assert labels(rows) == ["Apple.png", "kite2.PNG", "kite10.png"]
    assert rows[1].values == {"prompt": "a kite", "image": str(folder / "kite2.PNG")}


def test_rows_of_real_files_are_what_the_mode_takes(folder: Path) -> None:
    mode = modes.get("i2v")
    for row in good("i2v", {"prompt": "a kite"}, folder=folder, grid={"seed": ["1", 2]}):
        assert mode.validate(row.values, REAL).output_spec().frames


def test_files_keep_the_order_in_which_they_are_given() -> None:
    files = [EXAMPLES / name for name in ("second.png", "landscape.png", "portrait.png")]
    assert labels(good("i2v", files=files)) == ["second.png", "landscape.png", "portrait.png"]


def test_files_and_grid_are_combined_with_the_last_parameter_fastest(folder: Path) -> None:
    rows = good("i2v", folder=folder, grid={"seed": [3, 4], "cfg": [1.5, 2]})
    assert labels(rows)[:5] == [
        "Apple.png, seed 3, cfg 1.5",
        "Apple.png, seed 3, cfg 2",
        "Apple.png, seed 4, cfg 1.5",
        "Apple.png, seed 4, cfg 2",
        "kite2.PNG, seed 3, cfg 1.5",
    ]
    assert len(rows) == 12


def test_files_table_rows_and_grid_are_all_combined(folder: Path, tmp_path: Path) -> None:
    file = table(tmp_path, "clips.csv", "prompt\na\nb\n")
    rows = good("i2v", folder=folder, table=file, rows=[{"prompt": "c"}], grid={"seed": [1, 2]})
    assert labels(rows)[0] == "Apple.png, clips.csv line 2, seed 1"
    assert labels(rows)[-1] == "kite10.png, row 1, seed 2"
    assert len(rows) == 3 * 3 * 2


def test_what_is_later_in_the_list_wins(folder: Path) -> None:
    (folder / "Apple.json").write_text('{"seed": 2, "cfg": 2, "fps": 12, "steps": 12}')
    batch = {
        "files": [folder / "Apple.png"],
        "overrides": {"Apple.png": {"cfg": 3, "fps": 13, "steps": 13}},
        "rows": [{"fps": 14, "steps": 14}],
        "grid": {"steps": [15]},
    }
    values = {"seconds": 1, "seed": 1, "cfg": 1, "fps": 11, "steps": 11, "image": "other.png"}
    assert good("i2v", values, **batch)[0].values == {
        "seconds": 1,
        "seed": 2,
        "cfg": 3,
        "fps": 14,
        "steps": 15,
        "image": str(folder / "Apple.png"),
    }


@pytest.mark.parametrize(
    ("mode", "name", "parameter"),
    [
        ("i2v", "portrait.png", "image"),
        ("flf2v", "portrait.png", "first_image"),
        ("a2v", "music.wav", "audio"),
        ("lipsync", "speech.wav", "audio"),
        ("restyle", "clip.mp4", "video"),
        ("restyle", "portrait.png", "image"),
    ],
)
def test_a_file_goes_where_its_kind_fits_first(mode: str, name: str, parameter: str) -> None:
    assert good(mode, files=[EXAMPLES / name])[0].values == {parameter: str(EXAMPLES / name)}


def test_a_gif_is_a_picture_and_a_video_only_if_it_is_asked_for(tmp_path: Path) -> None:
    file = tmp_path / "kite.gif"
    file.touch()
    assert "image" in good("restyle", files=[file])[0].values
    assert "video" in good("restyle", files=[file], into="video")[0].values


def test_into_names_the_parameter_by_name_or_label() -> None:
    for into in ("last_image", "Last image"):
        assert list(good("flf2v", files=[EXAMPLES / "portrait.png"], into=into)[0].values) == ["last_image"]


@pytest.mark.parametrize("into", ["prompt", "no_such"])
def test_into_must_be_a_parameter_that_takes_files(folder: Path, into: str) -> None:
    rows, problems = run("i2v", folder=folder, into=into)
    assert rows == []
    assert [each.where for each in problems] == ["into"]


def test_a_file_of_another_kind_than_into_is_named(folder: Path) -> None:
    rows, problems = run("lipsync", files=[EXAMPLES / "speech.wav", folder / "Apple.png"], into="image")
    assert labels(rows) == ["Apple.png"]
    assert problems == [Problem(where="speech.wav", field="image", message="Portrait takes an image; this is a sound.")]


def test_a_file_that_the_mode_cannot_take_is_named_and_the_rest_stays(folder: Path) -> None:
    rows, problems = run("i2v", files=[EXAMPLES / "music.wav", folder / "notes.md", folder / "Apple.png"])
    assert labels(rows) == ["Apple.png"]
    assert {each.where for each in problems} == {"music.wav", "notes.md"}
    assert any(each.message == "Image to video takes an image; this is a sound." for each in problems)


def test_a_mode_without_media_refuses_files_in_one_sentence(folder: Path) -> None:
    rows, problems = run("t2v", folder=folder)
    assert rows == []
    assert [each.message for each in problems] == ["Text to video takes no files."]


def test_a_folder_without_media_is_a_problem(tmp_path: Path) -> None:
    rows, problems = run("i2v", folder=tmp_path)
    assert rows == []
    assert problems[0].where == tmp_path.name
    assert problems[0].message == "The folder contains no image, sound or video."


@pytest.mark.parametrize("name", ["missing", "portrait.png", "zero\0byte"])
def test_a_folder_that_is_none_is_a_problem(name: str) -> None:
    rows, problems = run("i2v", folder=EXAMPLES / name)
    assert rows == []
    assert len(problems) == 1


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")
def test_a_name_that_is_no_text_is_a_problem(folder: Path) -> None:
    (folder / "a\udcff.png").touch()
    rows, problems = run("i2v", folder=folder)
    assert len(rows) == 3
    assert [(each.where, each.message) for each in problems] == [
        ("a?.png", "The file's path is not valid UTF-8. Rename it.")
    ]


# Sidecars and overrides


def test_sidecars_in_a_folder_give_prompt_and_values(folder: Path) -> None:
    (folder / "Apple.txt").write_bytes("\ufeffan äpple\n".encode())
    (folder / "kite2.json").write_text('{"Prompt": "from JSON", "seed": 5}')
    (folder / "kite10.json").write_text('{"prompt": "from JSON", "seed": 6}')
    (folder / "kite10.TXT").write_text("from text")
    apple, two, ten = good("i2v", {"prompt": "of the job", "seed": 1}, folder=folder)
    assert (apple.values["prompt"], apple.values["seed"]) == ("an äpple", 1)
    assert (two.values["prompt"], two.values["seed"]) == ("from JSON", 5)
    assert (ten.values["prompt"], ten.values["seed"]) == ("from text", 6)


def test_sidecars_of_files_lie_beside_them_or_among_them(folder: Path, tmp_path: Path) -> None:
    (folder / "Apple.txt").write_text("beside")
    given = table(tmp_path, "kite2.txt", "among")
    apple, two = good("i2v", files=[folder / "Apple.png", folder / "kite2.PNG", given])
    assert (apple.values["prompt"], two.values["prompt"]) == ("beside", "among")


def test_of_two_sidecars_among_the_files_the_neighbour_counts(tmp_path: Path) -> None:
    files = []
    for place in ("a", "b"):
        (tmp_path / place).mkdir()
        shutil.copy(EXAMPLES / "portrait.png", tmp_path / place / "kite.png")
        files += [tmp_path / place / "kite.png", table(tmp_path / place, "kite.txt", place)]
    assert [row.values["prompt"] for row in good("i2v", files=files)] == ["a", "b"]


def test_an_empty_prompt_file_leaves_the_jobs_prompt(folder: Path) -> None:
    (folder / "Apple.txt").write_text("\n")
    assert good("i2v", {"prompt": "a kite"}, folder=folder)[0].values["prompt"] == "a kite"


def test_media_in_a_sidecar_are_relative_to_it(folder: Path) -> None:
    (folder / "Apple.json").write_text('{"last_image": "kite2.PNG", "first_image": "no.png"}')
    values = good("flf2v", folder=folder)[0].values
    assert values == {"first_image": str(folder / "Apple.png"), "last_image": str(folder / "kite2.PNG")}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("Apple.txt", b"\xff\xfe\x00"),
        ("Apple.txt", b"a" * 1_000_001),
        ("Apple.json", b'{"seed": }'),
        ("Apple.json", b"[1, 2]"),
        ("Apple.json", b"\xff{}"),
        ("Apple.json", b"[" * 100_000),
        ("Apple.json", b'{"seed": ' + b"1" * 5000 + b"}"),
        ("Apple.json", b'{"sede": 1}'),
        ("Apple.json", b'{"\\ud800": 1}'),
    ],
)
def test_a_broken_sidecar_is_named_and_its_file_left_out(folder: Path, name: str, content: bytes) -> None:
    (folder / name).write_bytes(content)
    rows, problems = run("i2v", folder=folder)
    assert labels(rows) == ["kite2.PNG", "kite10.png"]
    assert [each.where for each in problems] == [name]
    assert problems[0].message.endswith((".", "?"))


def test_every_unknown_name_in_a_sidecar_is_reported_with_a_suggestion(folder: Path) -> None:
    (folder / "Apple.json").write_text('{"sede": 1, "xyzzy": 2}')
    problems = run("i2v", folder=folder)[1]
    assert named(problems) == [("Apple.json", "sede"), ("Apple.json", "xyzzy")]
    assert problems[0].message == "Image to video has no parameter “sede”. Did you mean “seed”?"


def test_a_dropped_sidecar_without_its_file_is_a_problem(folder: Path) -> None:
    rows, problems = run("i2v", files=[folder / "Apple.png", folder / "lonely.txt"])
    assert labels(rows) == ["Apple.png"]
    assert [each.where for each in problems] == ["lonely.txt"]


def test_overrides_are_by_name_with_or_without_suffix(folder: Path) -> None:
    rows = good("i2v", folder=folder, overrides={"Apple.png": {"seed": 1}, "kite10": {"Guidance (CFG)": 2}})
    assert [(row.values.get("seed"), row.values.get("cfg")) for row in rows] == [(1, None), (None, None), (None, 2)]


def test_overrides_of_no_file_and_of_no_parameter_are_problems(folder: Path) -> None:
    rows, problems = run("i2v", folder=folder, overrides={"pear.png": {"seed": 1}, "Apple": {"sede": 1}})
    assert labels(rows) == ["kite2.PNG", "kite10.png"]
    assert set(named(problems)) == {("pear.png", "overrides"), ("Apple.png", "sede")}


def test_overrides_without_files_are_problems() -> None:
    assert named(run("i2v", overrides={"pear.png": {"seed": 1}})[1]) == [("pear.png", "overrides")]


# Tables


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_csv_rows_are_named_by_the_line_on_which_they_begin(tmp_path: Path, delimiter: str, newline: str) -> None:
    lines = ["Prompt;SEED;Frame-rate", '"two', '""quoted"" lines; and, more";1;', "", ";;", "b;;12", ""]
    text = newline.join(lines).replace(";", delimiter)
    rows = good("t2v", {"seed": 9}, table=table(tmp_path, "clips.csv", b"\xef\xbb\xbf" + text.encode()))
    assert labels(rows) == ["clips.csv line 2", "clips.csv line 6"]
    quoted = f'two\n"quoted" lines{delimiter} and, more'
    assert [row.values for row in rows] == [{"prompt": quoted, "seed": "1"}, {"prompt": "b", "seed": 9, "fps": "12"}]


def test_an_unknown_column_is_one_problem_and_the_rows_stay(tmp_path: Path) -> None:
    rows, problems = run("t2v", table=table(tmp_path, "clips.csv", "prompt,mood\na,x\nb,y\n"))
    assert [row.values for row in rows] == [{"prompt": "a"}, {"prompt": "b"}]
    assert named(problems) == [("clips.csv", "mood")]
    text = '{"prompt": "a", "mood": 1}\n{"prompt": "b", "mood": 2}\n'
    rows, problems = run("t2v", table=table(tmp_path, "clips.jsonl", text))
    assert [row.values for row in rows] == [{"prompt": "a"}, {"prompt": "b"}]
    assert named(problems) == [("clips.jsonl", "mood")]


@pytest.mark.parametrize("header", ["seed,seed", "seed,Seed", "seed,"])
def test_a_column_that_is_there_twice_or_has_no_name_is_one_problem(tmp_path: Path, header: str) -> None:
    rows, problems = run("t2v", table=table(tmp_path, "clips.csv", f"{header},prompt\n1,2,a\n3,4,b\n"))
    assert [row.values for row in rows] == [{"seed": "1", "prompt": "a"}, {"seed": "3", "prompt": "b"}]
    assert [each.where for each in problems] == ["clips.csv"]


def test_labels_are_columns_too_and_a_name_wins_over_a_label(tmp_path: Path) -> None:
    rows = good("a2v", table=table(tmp_path, "clips.csv", "Guidance (cfg),Sound\n2,off\n"))
    assert rows[0].values == {"cfg": "2", "sound": "off"}


def test_a_row_with_too_many_cells_is_named_and_the_rest_stays(tmp_path: Path) -> None:
    rows, problems = run("t2v", table=table(tmp_path, "clips.csv", "prompt,seed\na,1\nb, c,2\nd,3,,\ne\n"))
    assert [row.values for row in rows] == [
        {"prompt": "a", "seed": "1"},
        {"prompt": "d", "seed": "3"},
        {"prompt": "e"},
    ]
    assert [each.where for each in problems] == ["clips.csv line 3"]


def test_a_broken_quote_is_named_and_only_what_is_unsure_is_lost(tmp_path: Path) -> None:
    rows, problems = run("t2v", table=table(tmp_path, "clips.csv", 'prompt,seed\na,1\n"b" c,2\nd,3\n"e,4\nf,5\n'))
    assert labels(rows) == ["clips.csv line 2", "clips.csv line 4"]
    assert [each.where for each in problems] == ["clips.csv line 3", "clips.csv line 5"]


def test_a_quote_that_swallows_the_rest_of_a_long_table_makes_no_rows_of_it(tmp_path: Path) -> None:
    text = 'prompt\na\n"b\n' + "a line of words\n" * 20_000
    rows, problems = run("t2v", table=table(tmp_path, "clips.csv", text))
    assert labels(rows) == ["clips.csv line 2"]
    assert [each.where for each in problems] == ["clips.csv line 3"]


def test_json_lines_name_the_broken_ones(tmp_path: Path) -> None:
    text = '{"prompt": "a", "seed": 1}\r\n\r\n{"prompt": \r\n[1]\r\n"text"\r\n{"prompt": "b", "seed": null}'
    for name in ("clips.jsonl", "clips.ndjson", "clips.json"):
        rows, problems = run("t2v", {"seed": 9}, table=table(tmp_path, name, text))
        assert labels(rows) == [f"{name} line 1", f"{name} line 6"]
        assert rows[1].values == {"prompt": "b", "seed": 9}
        assert [each.where for each in problems] == [f"{name} line {number}" for number in (3, 4, 5)]


def test_a_json_array_of_objects_is_a_table(tmp_path: Path) -> None:
    text = json.dumps([{"prompt": "a"}, 5, {"prompt": "c"}], indent=2)
    rows, problems = run("t2v", table=table(tmp_path, "clips.json", text))
    assert labels(rows) == ["clips.json row 1", "clips.json row 3"]
    assert [each.where for each in problems] == ["clips.json row 2"]
    rows, problems = run("t2v", table=table(tmp_path, "clips.json", text[:-1]))
    assert (rows, len(problems)) == ([], 1)


def test_media_in_a_table_are_relative_to_its_folder(folder: Path) -> None:
    text = f"image,prompt\nApple.png,a\n{EXAMPLES / 'portrait.png'},b\n"
    rows = good("i2v", table=table(folder, "clips.csv", text))
    assert [row.values["image"] for row in rows] == [str(folder / "Apple.png"), str(EXAMPLES / "portrait.png")]


def test_loras_in_a_table_are_files_with_strengths_or_json(tmp_path: Path) -> None:
    text = (
        'prompt,loras\na,"x.safetensors:0.8; y.safetensors:1"\nb,"[{""file"": ""z.safetensors"", ""strength"": -1}]"\n'
    )
    first, second = good("t2v", table=table(tmp_path, "clips.csv", text))
    found, other = (modes.get("t2v").validate(row.values, REAL).model_dump()["loras"] for row in (first, second))
    assert [(lora["file"], lora["strength"]) for lora in found] == [("x.safetensors", 0.8), ("y.safetensors", 1)]
    assert [lora["strength"] for lora in other] == [-1]
    problems = run("t2v", table=table(tmp_path, "clips.csv", 'prompt,loras\na,"[{]"\n'))[1]
    assert named(problems) == [("clips.csv line 2", "loras")]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("clips.xlsx", b"PK"),
        ("clips.csv", b""),
        ("clips.csv", b"\n\n"),
        ("clips.csv", b"prompt,seed\n"),
        ("clips.csv", "prompt\na\n".encode("utf-16")),
        ("clips.jsonl", b"\n"),
        ("clips.json", b"[]"),
        ("clips.json", b"[" * 100_000),
    ],
)
def test_a_table_that_is_none_is_one_problem(tmp_path: Path, name: str, content: bytes) -> None:
    rows, problems = run("t2v", table=table(tmp_path, name, content), grid={"seed": [1]})
    assert rows == []
    assert [each.where for each in problems] == [name]


@pytest.mark.parametrize("name", ["missing.csv", "folder.csv", "zero\0byte.csv"])
def test_a_table_that_cannot_be_read_is_one_problem(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder.csv").mkdir()
    rows, problems = run("t2v", table=tmp_path / name)
    assert (rows, len(problems)) == ([], 1)


def test_rows_are_named_by_number_and_left_out_with_unknown_names() -> None:
    rows, problems = run("t2v", rows=[{"Prompt": "a"}, {"promt": "b"}, {"prompt": "c", "Prompt": "d"}, {"seed": 1}])
    assert labels(rows) == ["row 1", "row 4"]
    assert named(problems) == [("row 2", "promt"), ("row 3", "prompt")]


def test_what_the_files_go_into_cannot_come_from_elsewhere_too(folder: Path) -> None:
    file = table(folder, "clips.csv", "prompt,image\na,kite2.PNG\n")
    rows, problems = run("i2v", files=[folder / "Apple.png"], table=file)
    assert [row.values for row in rows] == [{"prompt": "a", "image": str(folder / "Apple.png")}]
    assert named(problems) == [("clips.csv", "image")]
    rows, problems = run("i2v", folder=folder, grid={"image": ["kite2.PNG"]})
    assert (rows, named(problems)) == ([], [("grid", "image")])


# Grids and sizes


def test_a_grid_takes_names_and_labels_and_names_its_rows() -> None:
    rows = good("t2v", grid={"Guidance (cfg)": [2], "sound": [True], "prompt": ["a\nb " + "c" * 50]})
    assert labels(rows) == [f"cfg 2, sound true, prompt a b {'c' * 35}…"]
    assert rows[0].values["prompt"] == "a\nb " + "c" * 50


def test_a_grid_of_media_is_labelled_by_their_names() -> None:
    assert labels(good("i2v", grid={"image": [str(EXAMPLES / "portrait.png")]})) == ["image portrait.png"]


@pytest.mark.parametrize("grid", [{"no_such": [1]}, {"seed": []}, {"seed": [1], "Seed": [2]}, {"loras": ["[{"]}])
def test_a_grid_that_cannot_be_used_makes_nothing(grid: dict[str, list[Any]]) -> None:
    rows, problems = run("t2v", grid=grid | {"steps": [8, 9]})
    assert rows == []
    assert [each.where for each in problems] == ["grid"]


def test_a_huge_grid_is_refused_at_once() -> None:
    start = time.perf_counter()
    axis = list(range(1000))
    rows, problems = run("t2v", grid={"seed": axis, "steps": axis, "cfg": axis})
    assert time.perf_counter() - start < 1
    assert rows == []
    assert len(problems) == 1
    assert "1,000,000,000 tasks" in problems[0].message
    assert "at most 10,000" in problems[0].message


def test_as_many_as_allowed_are_made_and_one_more_is_not(tmp_path: Path) -> None:
    file = table(tmp_path, "clips.csv", "prompt\na\nb\nc\nd\n")
    submission = Submission(mode="t2v", batch=Batch(table=file, grid={"seed": [1, 2]}))
    assert len(expand(modes.get("t2v"), submission, 8)[0]) == 8
    for most in (7, 3):
        rows, problems = expand(modes.get("t2v"), submission, most)
        assert rows == []
        assert [each.message.split(";")[0] for each in problems] == ["This batch would make 8 tasks"]


def test_reading_ends_where_too_much_is_wrong(tmp_path: Path) -> None:
    rows, problems = run("t2v", table=table(tmp_path, "clips.jsonl", "x\n" * 11_000))
    assert (rows, len(problems)) == ([], 10_001)
    assert problems[-1].message == "There are too many problems; the rest was not read."


def test_every_problem_can_be_written_as_json(folder: Path) -> None:
    table(folder, "clips.jsonl", '{"\\ud800": 1}\n{\n')
    for problem in run("i2v", folder=folder / "no\udcff", table=folder / "clips.jsonl", overrides={"\udcff": {}})[1]:
        assert problem.model_dump_json()
