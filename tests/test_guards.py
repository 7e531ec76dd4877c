"""Rules of the house that a reader would otherwise have to police."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent
FLOORS = {
    9: ("app", "cli"),
    8: ("api",),
    7: ("ui",),
    6: ("commands",),
    5: ("jobs",),
    4: ("backend", "web"),
    3: ("modes", "models"),
    2: ("media", "events"),
    1: ("workflow", "demo_models", "settings", "errors", "constants", "safe_names", "whole_files"),
    0: ("patches", "host"),
}
"""Every room, with the floor it is on: docs/architecture.md. A room imports from the floors below its own only."""

JOBS_ORDER = ("types", "queue_api", "store", "files", "submit", "work", "presenter", "queue", "caller")
"""The parts of jobs/, from what all use to what the other rooms call."""

FLOOR = {room: floor for floor, rooms in FLOORS.items() for room in rooms}
FOLDERS = tuple(room for room in FLOOR if (PROJECT / room).is_dir())


def sources(*places: str) -> list[Path]:
    found = [PROJECT / f"{place}.py" for place in places] + [
        file for place in places for file in (PROJECT / place).rglob("*.py")
    ]
    return [file for file in found if file.is_file() and "source" not in file.relative_to(PROJECT).parts]


def own_files() -> list[Path]:
    return [*PROJECT.glob("*.py"), *sources(*FOLDERS, "tools", "comfyui", "tests")]


def imported(file: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.split(".")[0])
    return names


def module_names() -> list[str]:
    paths = [file.relative_to(PROJECT).with_suffix("") for file in [*PROJECT.glob("*.py"), *sources(*FOLDERS)]]
    return [".".join(path.parts).removesuffix(".__init__") for path in paths if path.name != "__main__"]


def after_importing(names: list[str]) -> list[str]:
    """All modules that a fresh process has loaded once it has imported these."""
    code = "import importlib, sys; [importlib.import_module(name) for name in sys.argv[1:]]; print(*sys.modules)"
    command = [sys.executable, "-c", code, *names]
    return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True).stdout.split()


@pytest.mark.parametrize("room", FLOOR)
def test_a_room_imports_from_the_floors_below_only(room: str) -> None:
    for file in sources(room):
        upwards = {other for other in imported(file) & FLOOR.keys() - {room} if FLOOR[other] >= FLOOR[room]}
        assert not upwards, file.relative_to(PROJECT)


def test_in_jobs_each_part_imports_only_from_those_before_it() -> None:
    parts = {file.stem for file in (PROJECT / "jobs").iterdir() if not file.name.startswith("__")}
    assert parts == set(JOBS_ORDER)
    for place, part in enumerate(JOBS_ORDER):
        for file in sources(f"jobs/{part}"):
            later = {
                name for name in JOBS_ORDER[place + 1 :] if f"from jobs.{name}" in file.read_text(encoding="utf-8")
            }
            assert not later, file.relative_to(PROJECT)


def test_every_room_has_a_floor() -> None:
    packages = {file.parent.name for file in PROJECT.glob("*/__init__.py")} - {"comfyui", "tests"}
    assert packages | {file.stem for file in PROJECT.glob("*.py")} == FLOOR.keys()


def test_only_backend_comfy_and_the_demo_models_import_torch_or_comfyui() -> None:
    comfy = {"torch", "comfy", "comfy_api", "comfy_execution", "comfy_extras", "execution", "folder_paths", "nodes"}
    for file in [*PROJECT.glob("*.py"), *sources(*FOLDERS)]:
        place = file.relative_to(PROJECT).parts
        if place[:2] != ("backend", "comfy") and place[0] != "demo_models":
            assert not imported(file) & comfy, file


def test_tests_stand_in_folders_named_after_the_rooms() -> None:
    folders = {file.parent.name for file in (PROJECT / "tests").glob("*/test_*.py")}
    assert folders <= {*FOLDERS, "tools", "comfyui"}


def test_no_module_of_the_pages_process_brings_in_torch_or_ray() -> None:
    """Each module is imported, so one that cannot be imported at all is found here as well."""
    elsewhere = ("backend.comfy", "backend.ray.", "demo_models.", "jobs.store.migrations.")
    found = set(after_importing([name for name in module_names() if not name.startswith(elsewhere)]))
    assert not found & {"torch", "comfy", "transformers", "scipy", "ray", "obstore"}


def test_every_module_of_the_cluster_can_be_imported() -> None:
    after_importing([name for name in module_names() if name.startswith("backend.ray.")])


def test_only_backend_ray_names_ray() -> None:
    for file in [file for file in own_files() if "ray" not in file.parts and "tests" not in file.parts]:
        assert not imported(file) & {"ray", "obstore"}, file


def test_no_file_is_over_500_lines() -> None:
    long = {str(file): len(file.read_text(encoding="utf-8").splitlines()) for file in own_files()}
    assert not {name: lines for name, lines in long.items() if lines > 500}


def test_no_mock_library_in_tests() -> None:
    banned = {"mock", "unittest", "pytest_mock", "responses", "requests_mock", "respx"}
    for file in sources("tests"):
        assert not imported(file) & banned, file


def test_tests_are_skipped_only_on_other_systems() -> None:
    """Set-up installs the programs that tests need, so a missing one is an error and no reason to skip."""
    for file in sources("tests"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                called = ast.unparse(node.func)
                assert called not in ("pytest.skip", "pytest.importorskip"), f"{file}:{node.lineno}"
                if called == "pytest.mark.skipif":
                    system = ("sys.platform", "os.name", "hasattr(os,")
                    assert any(word in ast.unparse(node.args[0]) for word in system), f"{file}:{node.lineno}"


def test_no_error_is_swallowed_in_silence() -> None:
    for file in own_files():
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ExceptHandler):
                everything = node.type is None or (isinstance(node.type, ast.Name) and "Exception" in node.type.id)
                assert not (everything and isinstance(node.body[0], ast.Pass)), f"{file}:{node.lineno}"


SCRIPTS = sorted((PROJECT / "ui" / "static").rglob("*.js"))
BANNED_IN_SCRIPTS = {
    r"\b(innerHTML|outerHTML|insertAdjacentHTML|document\.write)\b": "text must not become markup",
    r"window\.kinora": "modules import what they need",
    r"\beval\(|new Function\(": "nothing is made from text",
    r"(import|from) *\(?[\"'](?!\.{1,2}/)": "an import leads to a script of the same version",
    r"\bvar ": "use const or let",
    r"[^=!]==[^=]|!=[^=]": "use === or !==",
}


@pytest.mark.parametrize("file", SCRIPTS, ids=lambda file: file.name)
def test_scripts_are_short_and_do_nothing_that_is_banned(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    lines = text.splitlines()
    assert len(lines) < 300
    assert not [number for number, line in enumerate(lines, 1) if len(line) > 120], "lines over 120 characters"
    for pattern, reason in BANNED_IN_SCRIPTS.items():
        found = re.search(pattern, text)
        assert not found, f"{found and found[0]}: {reason}"


def test_a_type_error_that_is_let_pass_names_its_rule() -> None:
    mypys, no_rule = re.compile(r"#\s*type:\s*ignore"), re.compile(r"#\s*pyright:\s*(basic|ignore(?!\[))")
    for file in own_files():
        text = file.read_text(encoding="utf-8")
        assert not mypys.search(text), file.relative_to(PROJECT)
        assert not no_rule.search(text), file.relative_to(PROJECT)
