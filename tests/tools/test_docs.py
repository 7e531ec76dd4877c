"""The documentation agrees with the code."""

import ast
import io
import re
import tokenize
from pathlib import Path

import pytest
from test_guards import FLOOR, own_files

import modes
from tools import make_docs

PROJECT = Path(__file__).resolve().parents[2]
PAGES = [*PROJECT.glob("*.md"), PROJECT / "comfyui" / "README.md", *sorted((PROJECT / "docs").glob("*.md"))]


def test_the_page_of_modes_is_what_the_modes_declare():
    assert make_docs.PAGE.read_text(encoding="utf-8") == make_docs.page(), "run: python tools/make_docs.py"


def test_every_mode_has_a_small_screenshot():
    for mode in modes.MODES:
        assert (PROJECT / "docs" / "images" / f"{mode}.png").stat().st_size < 350_000, mode


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_links_lead_somewhere(page):
    text = page.read_text(encoding="utf-8")
    anchors = {
        re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in re.findall(r"^#+ (.+)$", text, re.M)
    }
    for target in re.findall(r"\]\(([^)]+)\)", text):
        if target.startswith("#"):
            assert target[1:] in anchors
        elif not target.startswith("http"):
            assert (page.parent / target.split("#")[0]).exists(), target


@pytest.mark.parametrize("mode", modes.MODES)
def test_the_readme_names_every_mode(mode):
    assert f"`{mode}`" in (PROJECT / "README.md").read_text(encoding="utf-8")


ARCHITECTURE = (PROJECT / "docs" / "architecture.md").read_text(encoding="utf-8")
GLOSSARY = (PROJECT / "docs" / "glossary.md").read_text(encoding="utf-8")
FILE = re.compile(r"[\w.-]+(/[\w.*-]+)*\.(py|js|css|tsv)")
FOLDER = re.compile(r"[\w-]+(/[\w-]+)*/")
NAME = re.compile(r"[A-Za-z_]\w*(\.[a-z_]\w*)*")


PATH = re.compile(
    r"(?<![\w./-])(?:api|backend|commands|demo_models|docs|jobs|media|models|modes|tests|tools|typings|ui|web)"
    r"/[\w./*-]+\.(?:py|js|css|tsv|md)\b"
)
SOURCES = [*own_files(), *(PROJECT / "ui" / "static").rglob("*.js"), *(PROJECT / "ui").glob("*.css")]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_pages_name_files_that_exist(page: Path) -> None:
    named = [each for each in quoted(page.read_text(encoding="utf-8")) if PATH.fullmatch(each)]
    assert [each for each in named if not any(PROJECT.glob(each))] == []


def test_comments_and_docstrings_name_files_that_exist() -> None:
    missing = {}
    for file in SOURCES:
        text = file.read_text(encoding="utf-8")
        said = python_prose(text) if file.suffix == ".py" else "\n".join(re.findall(r"//.*|/\*.*?\*/", text, re.S))
        if wrong := [each for each in PATH.findall(said) if not any(PROJECT.glob(each))]:
            missing[str(file.relative_to(PROJECT))] = wrong
    assert missing == {}


@pytest.mark.parametrize("text", [ARCHITECTURE, GLOSSARY], ids=["architecture", "glossary"])
def test_files_and_folders_that_the_documentation_names_exist(text: str) -> None:
    named = [each for each in quoted(text) if FILE.fullmatch(each) or FOLDER.fullmatch(each)]
    assert len(named) > 10
    assert [each for each in named if not any(PROJECT.glob(each.rstrip("/")))] == []


def test_each_room_has_its_floor_in_the_architecture() -> None:
    rows = re.findall(r"^\| (\d) \| (.+?) \|", ARCHITECTURE, re.M)
    floors = {room.rstrip("/").removesuffix(".py"): int(floor) for floor, rooms in rows for room in quoted(rooms)}
    assert {room: floors.get(room) for room in FLOOR} == FLOOR


@pytest.mark.parametrize("room", ["jobs", "backend", "ui", "web"])
def test_the_architecture_names_every_file_and_folder_of_a_large_room(room: str) -> None:
    files = {f"{room}/{file.name}" for file in (PROJECT / room).glob("*.py") if file.name != "__init__.py"}
    folders = {f"{room}/{file.parent.name}/" for file in (PROJECT / room).glob("*/__init__.py")}
    assert files | folders <= set(quoted(ARCHITECTURE))


def test_the_walk_names_functions_and_classes_that_are_in_their_files() -> None:
    walk = ARCHITECTURE.partition("## Find any behaviour in two hops")[2].partition("\n## ")[0]
    hops = [cell for row in re.findall(r"^\|.*\|$", walk, re.M)[2:] for cell in row.split("|")[2:4]]
    assert len(hops) > 40
    missing = []
    for file, *names in map(quoted, hops):
        if FILE.fullmatch(file) and names and NAME.fullmatch(names[0]):
            missing += [f"{file}: {names[0]}"] if names[0] not in defined(PROJECT / file) else []
    assert missing == []


def test_the_glossarys_names_are_in_the_code() -> None:
    code = "\n".join(file.read_text(encoding="utf-8") for file in own_files() if "tests" not in file.parts)
    words = set(re.findall(r"\w+", code))
    rows = [row.split("|") for row in re.findall(r"^\|.*\|$", GLOSSARY, re.M)]
    names = [name for row in rows for name in quoted(row[3]) if NAME.fullmatch(name)]
    assert len(names) > 50
    assert [name for name in names if not set(name.split(".")) <= words] == []


def quoted(text: str) -> list[str]:
    """What stands between single backticks; a block of code between three is left out."""
    return re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S))


def python_prose(text: str) -> str:
    """The comments and docstrings of a Python file, and the strings below a constant or a field that describe it."""
    comments = [
        each.string for each in tokenize.generate_tokens(io.StringIO(text).readline) if each.type == tokenize.COMMENT
    ]
    docstrings = [
        node.value.value
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    ]
    return "\n".join(comments + docstrings)


def defined(file: Path) -> set[str]:
    """The names that a Python file defines: functions, classes, "Class.method", constants."""
    names: set[str] = set()
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        match node:
            case ast.ClassDef():
                names |= {node.name, *(f"{node.name}.{each.name}" for each in node.body if isinstance(each, FUNCTION))}
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                names.add(node.name)
            case ast.Assign():
                names |= {each.id for each in node.targets if isinstance(each, ast.Name)}
            case ast.AnnAssign(target=ast.Name(id=name)):
                names.add(name)
    return names


FUNCTION = ast.FunctionDef | ast.AsyncFunctionDef
