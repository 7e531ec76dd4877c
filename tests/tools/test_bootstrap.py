"""Set-up as a person runs it: `bash setup.sh …` on a tiny project with real environments, pip and git."""

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.fake_project import (
    COMFYUI,
    commit_all,
    environment,
    kill_when,
    make_project,
    write_files,
    write_pin,
    write_wheel,
)

pytestmark = pytest.mark.everything

APP = """
import sys

import tiny

print(["app", tiny.VERSION, *sys.argv[1:]])
sys.exit(7 if "fail" in sys.argv else 0)
"""
PYTEST = """
import os, sys

print(["pytest", os.getcwd(), *sys.argv[1:]])
sys.exit(5)
"""


@pytest.fixture(scope="session")
def place(tmp_path_factory):
    """A project before its first set-up, and the packages that it can get."""
    place = tmp_path_factory.mktemp("bootstrap")
    write_wheel(place / "wheels", "tiny", "1.0", {"tiny/__init__.py": "VERSION = 1"})
    write_wheel(place / "wheels", "tiny", "2.0", {"tiny/__init__.py": "VERSION = 2"})
    write_wheel(place / "wheels", "pytest", "1.0", {"pytest/__main__.py": PYTEST})
    many = {f"vast/{number}.txt": "x" * 500 for number in range(2000)}
    write_wheel(place / "wheels", "vast", "1.0", {"vast/__init__.py": "", **many})
    requirements = {
        "requirements.txt": "tiny\n",
        "requirements-dev.txt": "-r requirements.txt\npytest\n",
        "requirements.lock": "tiny==1.0\npytest==1.0\n",
        "app.py": APP,
    }
    project = write_files(make_project(place / "bare"), requirements)
    repository = write_files(place / "repository", COMFYUI)
    write_pin(project, repository, commit_all(repository))
    return place


@pytest.fixture
def bare(place, tmp_path):
    """A project of the test's own, not set up."""
    return Path(shutil.copytree(place / "bare", tmp_path / "project"))


@pytest.fixture(scope="session")
def finished(place):
    """What the first set-up of a project makes of it, and what it said. A link lay where `.venv` goes."""
    project = Path(shutil.copytree(place / "bare", place / "finished"))
    (project / ".venv").symlink_to(write_files(place / "linked", {"kept.txt": "kept"}))
    return project, set_up(project)


@pytest.fixture
def ready(finished, tmp_path):
    """A project of the test's own that is set up."""
    return Path(shutil.copytree(finished[0], tmp_path / "project", symlinks=True))


def env_of(project: Path, **changes: object) -> dict[str, str]:
    """Packages come from the folder of wheels, which the session's fixture made."""
    return environment(PIP_NO_INDEX=1, PIP_FIND_LINKS=wheels_of(project), **changes)


def wheels_of(project: Path) -> Path:
    pin = (project / "comfyui/pin.toml").read_text()
    return Path(pin.split('repository = "')[1].split('"')[0]).parent / "wheels"


def set_up(project: Path, *arguments: str, **changes: object) -> subprocess.CompletedProcess:
    return subprocess.run(
        ["bash", str(project / "setup.sh"), *arguments],
        env=env_of(project, **changes),
        cwd=project.parent,
        capture_output=True,
        text=True,
        timeout=60,
    )


def site_of(project: Path) -> Path:
    return next(project.glob(".venv/lib/python*/site-packages"))


def made_at(project: Path) -> int:
    """When `.venv` was made; it changes only when it is made again."""
    return (project / ".venv/pyvenv.cfg").stat().st_mtime_ns


def test_the_first_set_up_says_what_it_does_and_what_comes_next(finished):
    project, ended = finished
    assert ended.returncode == 0, ended.stderr
    for words in ("Making .venv", "GB to download", "Fetching ComfyUI 9.9.0", "Next: bash setup.sh run"):
        assert words in ended.stdout
    assert ended.stderr == ""
    assert (project / "comfyui/source/nodes.py").exists()


def test_run_passes_options_and_exit_code_on(ready):
    ended = set_up(ready, "run", "--port", "1 2", "")
    assert (ended.returncode, ended.stdout.strip()) == (0, str(["app", 1, "--port", "1 2", ""]))
    assert set_up(ready, "run", "fail").returncode == 7


def test_test_runs_pytest_in_the_project_and_passes_its_exit_code_on(ready):
    ended = set_up(ready, "test", "-k", "a or b")
    assert (ended.returncode, ended.stdout.strip()) == (5, str(["pytest", str(ready), "-k", "a or b"]))


def test_a_run_with_nothing_to_do_is_quick_and_changes_nothing(ready):
    before = {path: path.stat().st_mtime_ns for path in ready.rglob("*") if "__pycache__" not in path.parts}
    started = time.monotonic()
    ended = set_up(ready)
    took = time.monotonic() - started
    assert "Installing" not in ended.stdout
    assert took < 3
    assert {p: p.stat().st_mtime_ns for p in ready.rglob("*") if "__pycache__" not in p.parts} == before


def test_a_changed_lock_installs_into_the_same_environment(ready):
    before = made_at(ready)
    write_files(ready, {"requirements.lock": "tiny==2.0\npytest==1.0\n"})
    assert set_up(ready, "run").stdout.endswith(str(["app", 2]) + "\n")
    assert made_at(ready) == before


def test_a_changed_pin_fetches_comfyui_again(ready, tmp_path):
    other = write_files(tmp_path / "other", COMFYUI | {"nodes.py": "other"})
    env = {"PIP_FIND_LINKS": wheels_of(ready)}
    write_pin(ready, other, commit_all(other))
    command = ["bash", str(ready / "setup.sh")]
    subprocess.run(command, env=environment(PIP_NO_INDEX=1, **env), check=True, capture_output=True)
    assert (ready / "comfyui/source/nodes.py").read_text() == "other"


def test_a_failing_pip_is_explained_and_leaves_an_environment_that_can_be_completed(ready):
    before = made_at(ready)
    write_files(ready, {"requirements.txt": "tiny\nnot-there\n"})
    ended = set_up(ready, "run")
    assert ended.returncode == 1
    assert "No matching distribution found for not-there" in ended.stderr
    assert "run the same command again" in ended.stderr
    assert "Traceback" not in ended.stderr
    write_files(ready, {"requirements.txt": "tiny\n"})
    assert set_up(ready, "run").returncode == 0
    assert made_at(ready) == before


def test_killed_while_making_the_environment_two_runs_at_once_repair_it(bare):
    command = ["bash", str(bare / "setup.sh"), "run"]
    kill_when(command, env_of(bare), (bare / ".venv/pyvenv.cfg").exists)
    both = [subprocess.Popen(command, env=env_of(bare), stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = [process.communicate(timeout=60)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert [text.splitlines()[-1] for text in said] == [str(["app", 1])] * 2
    assert sum("Making .venv" in text for text in said) == 1
    assert sum("Another set-up is running here" in text for text in said) == 1


def test_killed_while_pip_unpacks_the_next_run_repairs(ready):
    write_files(ready, {"requirements.txt": "tiny\nvast\n"})
    unpacked = lambda: any(ready.glob(".venv/lib/python*/site-packages/vast"))  # noqa: E731
    kill_when(["bash", str(ready / "setup.sh")], env_of(ready), unpacked)
    site = site_of(ready)
    assert not (site / "vast-1.0.dist-info/RECORD").exists()
    assert verdict(ready) == "remake"
    assert set_up(ready, "run").returncode == 0
    assert len(list((site / "vast").glob("*.txt"))) == 2000


def test_when_only_set_up_itself_is_killed_the_next_one_waits_for_what_it_started(bare):
    """A pip that goes on alone must not meet a second one."""
    first = "with install.exclusive(): print('inside', flush=True); install.run(['sleep', '1'], install.FOLDER)"
    second = "with install.exclusive(): pass"
    start = [sys.executable, "-c", "import sys; from comfyui import install; exec(sys.argv[1])"]
    killed = subprocess.Popen([*start, first], cwd=bare, stdout=subprocess.PIPE, text=True)
    assert killed.stdout
    assert killed.stdout.readline() == "inside\n"
    time.sleep(0.2)  # now its `sleep` has started
    killed.kill()
    began = time.monotonic()
    ended = subprocess.run([*start, second], cwd=bare, capture_output=True, text=True)
    assert "Another set-up is running here" in ended.stdout
    assert time.monotonic() - began > 0.4


def verdict(project: Path, **changes: object) -> str:
    """What set-up would do about `.venv`."""
    code = (
        "import bootstrap as b; print('keep' if b.is_ready() else 'remake' if b.is_broken(b.read_stamp()) else 'pip')"
    )
    command = [sys.executable, "-c", code]
    env = env_of(project, **changes)
    return subprocess.check_output(command, cwd=project / "tools", env=env, text=True).strip()


def test_a_whole_environment_is_kept(ready):
    assert verdict(ready) == "keep"


def test_a_deleted_package_means_a_new_environment(ready):
    shutil.rmtree(site_of(ready) / "tiny")
    assert verdict(ready) == "remake"


def test_a_package_in_another_version_is_left_to_pip(ready):
    (site_of(ready) / "tiny-1.0.dist-info").rename(site_of(ready) / "tiny-1.1.dist-info")
    assert verdict(ready) == "pip"


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt", "requirements.lock"])
def test_a_change_of_any_of_the_pins_is_left_to_pip(ready, name):
    (ready / name).write_text((ready / name).read_text() + "# another reason\n")
    assert verdict(ready) == "pip"


def test_an_environment_whose_python_is_gone_is_made_again(ready):
    (ready / ".venv/bin/python").unlink()
    (ready / ".venv/bin/python").symlink_to("/nowhere/python")
    assert verdict(ready) == "remake"


def test_an_environment_without_or_with_a_broken_stamp_is_made_again(ready):
    write_files(ready, {".venv/kinora.json": '{"state": "wh'})
    assert verdict(ready) == "remake"
    (ready / ".venv/kinora.json").unlink()
    assert verdict(ready) == "remake"


def test_an_environment_of_another_python_stays_unless_one_is_asked_for(ready):
    stamp = ready / ".venv/kinora.json"
    stamp.write_text(json.dumps(json.loads(stamp.read_text()) | {"python": "3.99"}))
    assert verdict(ready, KINORA_PYTHON="") == "keep"
    assert verdict(ready, KINORA_PYTHON=sys.executable) == "remake"


def test_what_a_linked_environment_points_to_is_left_alone(finished):
    project, _ = finished
    assert not (project / ".venv").is_symlink()
    assert [path.name for path in (project.parent / "linked").rglob("*")] == ["kept.txt"]


def test_a_python_that_cannot_make_environments_is_explained(bare, tmp_path):
    write_files(tmp_path / "no-venv", {"venv.py": "raise SystemExit('ensurepip is not available')"})
    ended = set_up(bare, PYTHONPATH=tmp_path / "no-venv")
    assert ended.returncode == 1
    assert "ensurepip is not available" in ended.stderr
    assert "apt install python3" in ended.stderr


def test_a_wrong_comfyui_folder_is_reported_before_anything_is_installed(bare, tmp_path):
    ended = set_up(bare, "run", KINORA_COMFYUI_DIR=tmp_path)
    assert ended.returncode == 1
    assert "no ComfyUI there" in ended.stderr
    assert not (bare / ".venv").exists()


def test_an_unknown_command_is_refused_with_the_known_ones(bare):
    ended = set_up(bare, "start")
    assert ended.returncode == 2
    assert "Unknown command: start" in ended.stderr
    assert "setup.sh run" in ended.stderr
    assert set_up(bare, "help").returncode == 0


def fake_python(folder: Path, name: str, script: str) -> None:
    write_files(folder, {name: f"#!/bin/sh\n{script}\n"})
    (folder / name).chmod(0o755)


def with_path(project: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess:
    """Runs set-up where `folder` has the only programs that there are."""
    for tool in ("dirname", "bash"):
        (folder / tool).symlink_to(shutil.which(tool) or tool)
    env = environment(PATH=folder)
    del env["KINORA_PYTHON"]
    command = ["bash", str(project / "setup.sh"), *arguments]
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=60)


def test_an_old_python_is_named_and_what_is_needed_said(bare, tmp_path):
    fake_python(tmp_path / "bin", "python3", "echo 3.9.1; exit 1")
    ended = with_path(bare, tmp_path / "bin")
    assert ended.returncode == 1
    assert "needs Python 3.11 or newer. python3 is 3.9.1." in ended.stderr
    assert "KINORA_PYTHON" in ended.stderr


def test_without_any_python_the_message_says_so(bare, tmp_path):
    (tmp_path / "bin").mkdir()
    ended = with_path(bare, tmp_path / "bin")
    assert ended.returncode == 1
    assert "No Python was found" in ended.stderr


def test_a_newer_python_is_found_behind_an_old_one_and_behind_shims_that_fail(bare, tmp_path):
    fake_python(tmp_path / "bin", "python3.13", "echo 'pyenv: python3.13: command not found' >&2; exit 127")
    fake_python(tmp_path / "bin", "python3", "echo 3.9.1; exit 1")
    fake_python(tmp_path / "bin", "python", f'exec "{sys.executable}" "$@"')
    assert with_path(bare, tmp_path / "bin", "help").returncode == 0


def test_kinora_python_is_used_and_an_old_one_refused(bare, tmp_path):
    fake_python(tmp_path / "a folder", "my python", 'echo "$@" >> "$0.calls"; exec ' + f'"{sys.executable}" "$@"')
    chosen = tmp_path / "a folder/my python"
    assert set_up(bare, "help", KINORA_PYTHON=chosen).returncode == 0
    assert "bootstrap.py help" in Path(f"{chosen}.calls").read_text()
    fake_python(tmp_path, "old", "echo 3.8.0; exit 1")
    assert f"{tmp_path / 'old'} is 3.8.0" in set_up(bare, "help", KINORA_PYTHON=tmp_path / "old").stderr


# Programs that the tests need: as if this machine had no browser and no git. Its PostgreSQL is found outside of PATH.

BROWSER = "chromium fonts-liberation fonts-noto-color-emoji"


def bare_machine(folder: Path, **scripts: str) -> dict[str, object]:
    """The environment of a machine whose programs are these scripts and what set-up itself uses."""
    for name, script in scripts.items():
        fake_python(folder, name, script)
    for tool in ("dirname", "bash", "env", "true", "touch", "chmod"):
        (folder / tool).symlink_to(shutil.which(tool) or tool)
    return {"PATH": folder, "KINORA_CHROMIUM": ""}


def installing(folder: Path) -> dict[str, str]:
    """An apt-get that writes down what it is asked for and installs a browser and git, and a sudo that asks nothing."""
    programs = f'touch "{folder}/chromium" "{folder}/git"; chmod +x "{folder}/chromium" "{folder}/git"'
    return {"apt-get": f'echo "$@" >> "$0.calls"; [ "$1" = update ] || {{ {programs}; }}', "sudo": 'shift; exec "$@"'}


def test_the_tests_get_the_programs_that_they_need(ready, tmp_path):
    folder = tmp_path / "bin"
    machine = bare_machine(folder, **installing(folder))
    ended = set_up(ready, "test", "-k", "a", **machine)
    assert (ended.returncode, ended.stderr) == (5, "")  # pytest's own
    updated, installed = (folder / "apt-get.calls").read_text().splitlines()
    assert updated.startswith("update ")
    assert installed.endswith(f"--yes --no-install-recommends git {BROWSER}")
    assert set_up(ready, "test", **machine).returncode == 5
    assert len((folder / "apt-get.calls").read_text().splitlines()) == 2  # all is there now


def test_the_app_needs_none_of_the_programs_of_the_tests(ready, tmp_path):
    machine = bare_machine(tmp_path / "bin", **{"apt-get": "exit 1"})
    assert set_up(ready, "run", **machine).returncode == 0


@pytest.mark.parametrize(
    ("scripts", "advice"),
    [
        ({}, "install it"),
        ({"brew": ""}, "run `brew install git chromium`"),
        ({"dnf": ""}, "run `sudo dnf install git chromium`"),
        ({"apt-get": "echo 'E: Unable to locate package' >&2; exit 100"}, f"run `sudo apt install git {BROWSER}`"),
        ({"apt-get": ""}, f"run `sudo apt install git {BROWSER}`"),  # as where a package is only a name
    ],
)
def test_what_apt_cannot_install_is_named_in_one_sentence_before_anything_is_made(bare, tmp_path, scripts, advice):
    ended = set_up(bare, "test", **bare_machine(tmp_path / "bin", sudo='shift; exec "$@"', **scripts))
    assert ended.returncode == 1
    sentence = f"The tests need git and a Chromium browser: {advice}, or set KINORA_CHROMIUM to your browser, then run"
    assert sentence in ended.stderr
    assert ("Unable to locate package" in ended.stderr) == ("exit 100" in scripts.get("apt-get", ""))
    assert not (bare / ".venv").exists()


def test_a_browser_of_ones_own_is_used_and_a_wrong_one_named(ready, tmp_path):
    machine = bare_machine(tmp_path / "bin", git="") | {"KINORA_CHROMIUM": tmp_path / "bin/git"}
    assert set_up(ready, "test", **machine).returncode == 5
    ended = set_up(ready, "test", **machine | {"KINORA_CHROMIUM": tmp_path / "nowhere"})
    assert ended.stderr.strip() == f"KINORA_CHROMIUM is set to {tmp_path / 'nowhere'}, but there is no such file."
