"""Rules of the house that a reader would otherwise have to police."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent
ROOMS = (
    *("api", "backend", "cluster", "commands", "demo_models", "jobs", "media", "models", "modes", "ui"),
    *("tools", "comfyui"),
)

# Who may import whom of our own rooms; what is not listed may not.
ARROWS = {
    "app": {"api", "ui", "jobs", "share", "settings", "errors"},
    "api": {"jobs", "modes", "media", "visitors", "limits", "settings", "events", "errors"},
    "ui": {"modes", "jobs", "media", "models", "visitors", "limits", "settings", "events", "errors", "worker"},
    "cli": {"commands", "modes", "doctor", "settings", "errors"},
    "commands": {"modes", "jobs", "settings", "events", "errors"},
    "doctor": {"modes", "models", "worker", "settings"},
    "jobs": {
        *("modes", "media", "models", "cluster", "worker", "zerogpu"),
        *("timings", "limits", "settings", "events", "errors", "workflow"),
    },
    "zerogpu": {"backend", "worker", "settings", "events", "workflow"},
    "cluster": {"models", "worker", "settings", "events", "errors", "workflow"},
    "worker": {"backend", "settings", "events", "errors", "workflow"},
    "backend": {"demo_models", "settings", "events", "workflow"},
    "modes": {"media", "workflow", "settings", "errors"},
    "media": {"settings", "errors"},
    "models": {"demo_models", "settings", "events", "errors", "workflow"},
    "demo_models": set(),
    "timings": {"events"},
    "visitors": {"settings"},
    "limits": {"settings"},
    "share": {"errors"},
    "settings": set(),
    "events": {"errors"},
    "errors": set(),
    "workflow": set(),
}


def sources(*places: str) -> list[Path]:
    found = [PROJECT / f"{place}.py" for place in places] + [
        file for place in places for file in (PROJECT / place).rglob("*.py")
    ]
    return [file for file in found if file.is_file() and "source" not in file.relative_to(PROJECT).parts]


def own_files() -> list[Path]:
    return [*PROJECT.glob("*.py"), *sources(*ROOMS), *sources("tests")]


def imported(file: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.split(".")[0])
    return names


@pytest.mark.parametrize("room", ARROWS)
def test_arrows_between_rooms_point_down_only(room: str) -> None:
    ours = set(ARROWS)
    for file in sources(room):
        assert imported(file) & ours - {room} <= ARROWS[room], f"{file.relative_to(PROJECT)} imports upwards"


def test_every_room_is_in_the_list_of_arrows() -> None:
    rooms = {file.stem for file in PROJECT.glob("*.py")} | {room for room in ROOMS if room not in ("tools", "comfyui")}
    assert rooms == set(ARROWS)


def test_only_the_engines_rooms_import_torch_or_comfyui() -> None:
    comfy = {"torch", "comfy", "nodes", "execution", "folder_paths", "comfy_execution", "comfy_extras"}
    for file in [*PROJECT.glob("*.py"), *sources("models", "modes", "ui")]:
        assert not imported(file) & comfy, file


def test_the_web_process_stays_free_of_torch() -> None:
    code = "import sys, app; bad = {'torch', 'comfy', 'transformers', 'scipy'} & set(sys.modules); print(sorted(bad))"
    result = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_nothing_of_ray_is_imported_without_the_setting_nor_in_the_web_process_with_it() -> None:
    for file in [file for file in own_files() if file.parent.name not in ("cluster", "tests")]:
        assert not imported(file) & {"ray", "obstore"}, file
    code = "import sys, app; print(sorted({'ray', 'obstore'} & set(sys.modules)))"
    result = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_every_public_function_is_typed() -> None:
    untyped = []
    for file in [file for file in own_files() if "tests" not in file.parts]:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or node.name.startswith("_"):
                continue
            arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
            bare = [each.arg for each in arguments if each.annotation is None and each.arg not in ("self", "cls")]
            if bare or node.returns is None:
                untyped.append(f"{file.relative_to(PROJECT)}:{node.lineno} {node.name}")
    assert not untyped


def test_no_file_is_over_500_lines() -> None:
    long = {str(file): len(file.read_text(encoding="utf-8").splitlines()) for file in own_files()}
    assert not {name: lines for name, lines in long.items() if lines > 500}


def test_the_median_file_is_under_150_lines() -> None:
    lengths = sorted(len(file.read_text(encoding="utf-8").splitlines()) for file in own_files())
    assert lengths[len(lengths) // 2] < 150


def test_no_mock_library_in_tests() -> None:
    banned = {"mock", "unittest", "pytest_mock", "responses", "requests_mock", "respx"}
    for file in sources("tests"):
        assert not imported(file) & banned, file


def test_no_error_is_swallowed_in_silence() -> None:
    for file in own_files():
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ExceptHandler):
                everything = node.type is None or (isinstance(node.type, ast.Name) and "Exception" in node.type.id)
                assert not (everything and isinstance(node.body[0], ast.Pass)), f"{file}:{node.lineno}"
