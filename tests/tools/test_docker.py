"""The container image is linted and contains what runs and nothing else. tools/clean_root.py builds and runs it."""

import re
import subprocess
import sys
from pathlib import Path, PurePosixPath

import pytest
import yaml

from settings import PROJECT, Settings
from tools import dockerfile
from web.guard import OPEN

pytestmark = pytest.mark.everything


@pytest.fixture(scope="module")
def last():
    """The last stage's steps by their keyword; a later one hides an earlier one."""
    return {step.keyword: step for step in dockerfile.read(PROJECT / "Dockerfile")[-1].steps}


def environment_of(step):
    return dict(word.split("=", 1) for word in step.words)


@pytest.mark.skipif(sys.platform != "linux", reason="hadolint is installed on Linux only")
def test_hadolint_finds_nothing():
    command = [Path(sys.executable).with_name("hadolint"), "--no-color", "Dockerfile"]
    ended = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True)
    assert (ended.returncode, ended.stdout) == (0, "")


def test_every_base_image_has_an_exact_tag():
    stages = dockerfile.read(PROJECT / "Dockerfile")
    names = {stage.name for stage in stages}
    for stage in stages:
        assert stage.base in names or re.fullmatch(r"[\w/]+:\d+\.\d+\.\d+-[\w.-]+", stage.base)


def test_the_image_has_all_that_runs_and_nothing_for_those_who_develop():
    taken = set(dockerfile.context(PROJECT))
    tracked = subprocess.run(["git", "ls-files", "*.py", "*.js", "*.css", "*.json"], cwd=PROJECT, capture_output=True)
    for path in map(PurePosixPath, tracked.stdout.decode().split()):
        assert (path in taken) != (path.parts[0] in ("tests", "tools", "docs")), path
    tops = {path.parts[0] for path in taken}
    assert not tops & {".git", ".venv", ".env", ".github", "tests", "docs", "requirements-dev.txt"}
    assert not any(path.is_relative_to("comfyui/source") or "__pycache__" in path.parts for path in taken)


def test_what_the_image_sets_is_a_setting_and_is_valid(last, monkeypatch, tmp_path):
    environment = environment_of(last["ENV"])
    for name, value in environment.items():
        if name.startswith("KINORA_"):
            assert name.removeprefix("KINORA_").lower() in Settings.model_fields
            monkeypatch.setenv(name, value)
    monkeypatch.setenv("KINORA_HOME", str(tmp_path))
    assert Settings().models_dirs == [Path("/models")]
    assert environment["KINORA_HOME"] in last["VOLUME"].words
    assert {"/data/models", "/cache"} <= set(last["VOLUME"].words)


def test_the_image_runs_without_rights_as_process_1(last):
    assert int(last["USER"].text) > 1000
    assert last["CMD"].words == ["python", "app.py"]  # a list: no shell in between that would keep the signals


def test_the_health_check_asks_where_no_password_is_needed(last):
    port = Settings.model_fields["port"].default
    assert f"http://127.0.0.1:{port}{OPEN}" in last["HEALTHCHECK"].text
    assert last["EXPOSE"].text == str(port)


@pytest.mark.parametrize("name", ["compose.yaml", "compose.gpu.yaml"])
def test_a_compose_file_is_what_its_schema_says(name):
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", name]
    ended = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout


def test_compose_hands_on_only_settings_and_asks_for_a_password(last, monkeypatch, home):
    kinora = yaml.safe_load((PROJECT / "compose.yaml").read_text(encoding="utf-8"))["services"]["kinora"]
    handed = kinora["environment"]
    for name, value in handed.items():
        assert name == "HF_TOKEN" or name.removeprefix("KINORA_").lower() in Settings.model_fields
        assert value.startswith(f"${{{name}:")
        monkeypatch.setenv(name, "someone" if ":?" in value else "")  # as where .env has only what it must have
    assert ":?" in handed["KINORA_USER"]
    assert ":?" in handed["KINORA_PASSWORD"]
    assert Settings().database_url == f"sqlite:///{home / 'kinora.db'}"


def test_compose_keeps_all_that_the_image_writes_and_listens_on_this_machine_only(last):
    compose = yaml.safe_load((PROJECT / "compose.yaml").read_text(encoding="utf-8"))
    kinora = compose["services"]["kinora"]
    volumes = dict(each.split(":") for each in kinora["volumes"])
    assert sorted(volumes.values()) == sorted(last["VOLUME"].words)
    assert set(volumes) < set(compose["volumes"])
    assert kinora["ports"] == [f"127.0.0.1:{last['EXPOSE'].text}:{last['EXPOSE'].text}"]


def test_a_dockerfile_is_read_with_its_flags_comments_and_long_lines(tmp_path):
    (tmp_path / "Dockerfile").write_text(
        "FROM a:1 AS one\nRUN --mount=type=cache,target=/c \\\n    # why\n    first \\\n    && second\n"
        'FROM one\nCOPY --from=one /x /y\nCMD ["run", "it"]\n'
    )
    one, last = dockerfile.read(tmp_path / "Dockerfile")
    assert (one.name, one.base, last.name, last.base) == ("one", "a:1", "", "one")
    assert one.steps == [dockerfile.Step("RUN", (("mount", "type=cache,target=/c"),), "first && second")]
    assert [step.words for step in last.steps] == [["/x", "/y"], ["run", "it"]]
    (tmp_path / "Dockerfile").write_text("FROM a:1\nONBUILD RUN it\n")
    with pytest.raises(ValueError, match="ONBUILD"):
        dockerfile.read(tmp_path / "Dockerfile")
