"""The workflows of .github/workflows: valid, with the least of rights, and saying what README says."""

import re
import subprocess
import sys

import pytest
import yaml

from settings import PROJECT, VERSION
from tools.make_space import make
from tools.release_notes import notes

pytestmark = pytest.mark.everything

FILES = sorted((PROJECT / ".github/workflows").glob("*.yml"))
every_workflow = pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)


def read(file):
    return yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)  # "on" stays a word


@every_workflow
def test_a_workflow_is_what_its_schema_says(file):
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows", str(file)]
    ended = subprocess.run(command, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout


@every_workflow
def test_every_action_is_pinned_by_commit_with_its_version_beside(file):
    for line in re.findall(r"uses: (.*)", file.read_text(encoding="utf-8")):
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+|\./\.github/workflows/\w+\.yml", line), line


@every_workflow
def test_a_workflow_may_only_read_and_single_jobs_a_little_more(file):
    workflow = read(file)
    assert workflow["permissions"] == {"contents": "read"}
    written = {
        right
        for job in workflow["jobs"].values()
        for right, level in job.get("permissions", {}).items()
        if level == "write"
    }
    allowed = {"ci": {"packages"}, "image": {"packages"}, "release": {"contents"}}  # ci only hands its right to image
    assert written == allowed.get(file.stem, set())


@every_workflow
def test_runs_of_a_workflow_do_not_meet_and_end_in_time(file):
    workflow = read(file)
    assert workflow["concurrency"]["group"].startswith(file.stem)
    assert all("timeout-minutes" in job or "uses" in job for job in workflow["jobs"].values())


@every_workflow
def test_no_step_puts_an_expression_into_a_shell(file):
    """What someone else can name, as a branch, must not become a command; it goes through the environment."""
    for job in read(file)["jobs"].values():
        for step in job.get("steps", []):
            assert "${{" not in step.get("run", ""), step


def test_the_tests_run_on_the_pythons_that_readme_names():
    python = read(PROJECT / ".github/workflows/ci.yml")["jobs"]["tests"]["strategy"]["matrix"]["python"]
    assert f"Python {', '.join(python[:-1])} or {python[-1]}" in (PROJECT / "README.md").read_text(encoding="utf-8")


def test_the_notes_of_a_release_are_its_section_of_the_changelog():
    changelog = "# Changelog\n\n## 2.0.0 (2026-01-02)\nNew.\n\n- This.\n\n## 1.0.0 (2025-01-02)\nOld.\n"
    assert notes(changelog, "2.0.0") == "New.\n\n- This."
    assert notes(changelog, "1.0.0") == "Old."


@pytest.mark.parametrize(
    "changelog", ["# Changelog\n", "## 2.0.0 (not released)\nNew.\n", "## 2.0.0\n\n## 1.0.0\nOld\n"]
)
def test_a_version_without_notes_or_not_released_is_refused(changelog):
    with pytest.raises(ValueError, match=r"2\.0\.0"):
        notes(changelog, "2.0.0")


def test_a_tag_that_is_not_this_version_is_refused():
    command = [sys.executable, "tools/release_notes.py", "v99.0.0"]
    ended = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True)
    assert ended.returncode == 1
    assert VERSION in ended.stderr


def test_a_space_has_the_app_its_pins_and_the_settings_that_the_hub_reads(tmp_path):
    make(tmp_path)
    assert (tmp_path / "app.py").exists()
    assert not (tmp_path / "tests").exists()
    card = next(yaml.safe_load_all((tmp_path / "README.md").read_text(encoding="utf-8")))
    assert f"gradio=={card['sdk_version']}" in (tmp_path / "requirements.txt").read_text(encoding="utf-8").split()
    assert (card["sdk"], card["app_file"], card["python_version"]) == ("gradio", "app.py", "3.12")
    assert (tmp_path / "comfyui" / "install.py").exists()  # the app fetches ComfyUI when it starts
