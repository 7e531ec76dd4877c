"""ComfyUI's installer, against a git repository and a package index on this machine."""

import functools
import hashlib
import http.server
import io
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest
from support.fake_project import (
    COMFYUI,
    commit_all,
    environment,
    kill_when,
    make_project,
    write_files,
    write_pin,
    write_sdist,
)
from support.loopback import LoopbackServer

from comfyui import install

pytestmark = pytest.mark.everything


@pytest.fixture
def project(tmp_path):
    return make_project(tmp_path / "project")


@pytest.fixture
def repository(tmp_path):
    return write_files(tmp_path / "repository", COMFYUI)


@pytest.fixture
def index(tmp_path):
    """A package index on loopback: its folder of files, and its address."""
    files = tmp_path / "index" / "tiny-engine"
    files.mkdir(parents=True)
    (files / "index.html").write_text('<a href="tiny_engine-1.0.tar.gz">tiny_engine-1.0.tar.gz</a>')

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:
            """Keeps requests out of pytest's output."""

    handler = functools.partial(Quiet, directory=str(files.parent))
    with LoopbackServer(handler) as server:
        yield files, f"{server.url}/"


def run_installer(project: Path, **changes: object) -> subprocess.CompletedProcess:
    command = [sys.executable, str(project / "comfyui/install.py")]
    return subprocess.run(command, env=environment(**changes), capture_output=True, text=True, timeout=60)


def installed(project: Path) -> dict[str, str]:
    """The files of the checkout, without the stamp."""
    source = project / "comfyui/source"
    files = {p.relative_to(source).as_posix(): p.read_text() for p in source.rglob("*") if p.is_file()}
    files.pop(install.STAMP, None)
    return files


def test_the_pinned_commit_comes_from_git_and_not_a_later_one(project, repository):
    write_pin(project, repository, commit_all(repository))
    write_files(repository, {"nodes.py": "later"})
    commit_all(repository)
    ended = run_installer(project)
    assert ended.returncode == 0, ended.stderr
    assert installed(project) == COMFYUI
    assert not (project / "comfyui/.incoming").exists()


def test_without_git_the_archive_comes_from_the_users_own_index(project, index, tmp_path):
    files, url = index
    write_pin(project, "/nowhere", sha256=write_sdist(files, COMFYUI))
    ended = run_installer(project, PIP_INDEX_URL=url, TINY_ENGINE_RAN=tmp_path / "ran")
    assert ended.returncode == 0, ended.stderr
    assert (tmp_path / "ran").exists(), "the proof that the next test relies on"
    assert installed(project) == COMFYUI


def test_a_commit_that_the_repository_does_not_have_falls_back_to_the_archive(project, repository, index):
    files, url = index
    commit_all(repository)
    write_pin(project, repository, commit="1" * 40, sha256=write_sdist(files, COMFYUI))
    assert run_installer(project, PIP_INDEX_URL=url).returncode == 0
    assert installed(project) == COMFYUI


def test_an_archive_with_another_hash_is_refused_before_its_code_runs(project, index, tmp_path):
    files, url = index
    write_sdist(files, COMFYUI)
    write_pin(project, "/nowhere", sha256="a" * 64)
    ended = run_installer(project, PIP_INDEX_URL=url, TINY_ENGINE_RAN=tmp_path / "ran")
    assert ended.returncode == 1
    assert not (tmp_path / "ran").exists()
    assert "a" * 64 in ended.stderr
    assert "KINORA_COMFYUI_DIR" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not (project / "comfyui/source").exists()
    assert not (project / "comfyui/.incoming").exists()


def test_a_comfyui_of_another_version_is_refused(project, repository):
    write_files(repository, {"comfyui_version.py": '__version__ = "9.8.0"\n'})
    write_pin(project, repository, commit_all(repository))
    ended = run_installer(project, PIP_NO_INDEX=1)
    assert ended.returncode == 1
    assert "the fetched files are ComfyUI 9.8.0, not 9.9.0" in ended.stderr
    assert not (project / "comfyui/source").exists()


def test_a_second_run_touches_nothing(project, repository):
    write_pin(project, repository, commit_all(repository))
    run_installer(project)
    before = (project / "comfyui/source").stat().st_mtime_ns
    assert run_installer(project).returncode == 0
    assert (project / "comfyui/source").stat().st_mtime_ns == before


def test_killed_while_unpacking_the_next_run_repairs(project, index):
    files, url = index
    many = {f"models/configs/{number}.yaml": "x" * 2000 for number in range(1500)}
    write_pin(project, "/nowhere", sha256=write_sdist(files, COMFYUI | many))
    command = [sys.executable, str(project / "comfyui/install.py")]
    env = environment(PIP_INDEX_URL=url)
    kill_when(command, env, (project / "comfyui/.incoming/tree/models").exists)
    assert not (project / "comfyui/source").exists()
    assert run_installer(project, PIP_INDEX_URL=url).returncode == 0
    assert installed(project) == COMFYUI | many
    assert not (project / "comfyui/.incoming").exists()


def test_a_half_made_checkout_is_made_again(project, repository):
    write_pin(project, repository, commit_all(repository))
    write_files(project / "comfyui/source", {"comfyui_version.py": COMFYUI["comfyui_version.py"]})
    assert run_installer(project).returncode == 0
    assert installed(project) == COMFYUI
    (project / "comfyui/source/nodes.py").unlink()
    assert run_installer(project).returncode == 0
    assert installed(project) == COMFYUI


def test_another_pin_replaces_the_checkout(project, repository):
    write_pin(project, repository, commit_all(repository))
    run_installer(project)
    write_files(repository, {"nodes.py": "later"})
    write_pin(project, repository, commit_all(repository))
    assert run_installer(project).returncode == 0
    assert installed(project) == COMFYUI | {"nodes.py": "later"}


def test_when_a_new_pin_cannot_be_fetched_the_old_checkout_stays(project, repository):
    write_pin(project, repository, commit_all(repository))
    run_installer(project)
    write_pin(project, "/nowhere")
    assert run_installer(project, PIP_NO_INDEX=1).returncode == 1
    assert installed(project) == COMFYUI


def test_a_git_hook_that_runs_set_up_keeps_its_own_index(project, repository, tmp_path):
    write_pin(project, repository, commit_all(repository))
    theirs = tmp_path / "index-of-a-commit"
    assert run_installer(project, GIT_INDEX_FILE=theirs, GIT_DIR=tmp_path / "no.git").returncode == 0
    assert not theirs.exists()


def test_an_existing_checkout_is_used_and_never_written_to(project, tmp_path):
    write_pin(project, "/nowhere")
    theirs = write_files(tmp_path / "theirs", COMFYUI)
    before = {path: path.stat().st_mtime_ns for path in (theirs, *theirs.rglob("*"))}
    ended = run_installer(project, KINORA_COMFYUI_DIR=theirs, PIP_NO_INDEX=1)
    assert ended.returncode == 0
    assert str(theirs) in ended.stdout
    assert ended.stderr == ""
    assert {path: path.stat().st_mtime_ns for path in (theirs, *theirs.rglob("*"))} == before
    assert not (project / "comfyui/source").exists()


def test_an_existing_checkout_of_another_version_is_used_with_a_warning(project, tmp_path):
    write_pin(project, "/nowhere")
    theirs = write_files(tmp_path / "theirs", COMFYUI | {"comfyui_version.py": "__version__ = '9.1.0'"})
    ended = run_installer(project, KINORA_COMFYUI_DIR=theirs)
    assert ended.returncode == 0
    assert "is ComfyUI 9.1.0; Kinora is tested with 9.9.0" in ended.stderr


def test_a_folder_that_is_no_comfyui_is_named_and_refused(project, tmp_path):
    write_pin(project, "/nowhere")
    ended = run_installer(project, KINORA_COMFYUI_DIR=tmp_path)
    assert ended.returncode == 1
    assert str(tmp_path) in ended.stderr
    assert "no ComfyUI there" in ended.stderr


def archive_with(tmp_path: Path, *members: tuple[str, bytes]) -> Path:
    archive = tmp_path / "archive.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        for name, kind in members:
            member = tarfile.TarInfo(name)
            member.type, member.size, member.linkname = kind, 4 if kind == tarfile.REGTYPE else 0, "/etc/passwd"
            tar.addfile(member, io.BytesIO(b"evil"))
    return archive


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("top/vendor/ComfyUI/../../../../evil", tarfile.REGTYPE),
        ("top/vendor/ComfyUI//evil", tarfile.REGTYPE),
        ("top/vendor/ComfyUI/..\\evil", tarfile.REGTYPE),
        ("top/vendor/ComfyUI/C:/evil", tarfile.REGTYPE),
        ("top/vendor/ComfyUI/link", tarfile.SYMTYPE),
        ("top/vendor/ComfyUI/link", tarfile.LNKTYPE),
        ("top/vendor/ComfyUI/pipe", tarfile.FIFOTYPE),
    ],
)
def test_a_member_that_leaves_its_folder_or_is_no_file_stops_the_unpacking(tmp_path, name, kind):
    archive = archive_with(tmp_path, (name, kind))
    with pytest.raises(install.SetupError, match="unsafe path"):
        install.extract(archive, "vendor/ComfyUI", tmp_path / "a/b/c/d/target")
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and path != archive]


def test_what_lies_outside_the_wanted_folder_is_left_out(tmp_path):
    inside = "top/vendor/ComfyUI/nodes.py"
    archive = archive_with(tmp_path, *((n, tarfile.REGTYPE) for n in (inside, "/evil", "top/../evil", "top/setup.py")))
    install.extract(archive, "vendor/ComfyUI", tmp_path / "target")
    assert [path.name for path in tmp_path.rglob("*") if path.is_file() and path != archive] == ["nodes.py"]


def test_a_cut_off_archive_is_an_error_in_words(tmp_path, project):
    write_sdist(tmp_path, COMFYUI | {"random": hashlib.sha512().hexdigest() * 9})
    whole = tmp_path / "tiny_engine-1.0.tar.gz"
    whole.write_bytes(whole.read_bytes()[:-200])
    with pytest.raises(install.SetupError, match="could not be unpacked"):
        install.extract(whole, "vendor/ComfyUI", tmp_path / "target")
