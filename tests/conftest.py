"""What all tests share: the project on the path, homes of their own, a queue with either engine, and the two rings."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))
os.environ["PYTHONPATH"] = os.pathsep.join([str(PROJECT), str(PROJECT / "tests")])  # for programs that tests start

os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
for name in list(os.environ):  # no setting of the person who runs the tests reaches them
    if name.startswith("KINORA_") and name not in ("KINORA_COMFYUI_DIR", "KINORA_CHROMIUM"):
        del os.environ[name]

from support.scripted_engine import PROGRAM as SCRIPTED  # noqa: E402

from jobs import CallerQueue, JobQueue  # noqa: E402
from settings import Settings  # noqa: E402

# Several engines at a time on two cores: with two threads each they would starve each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--everything", action="store_true", help="also run the tests marked `everything`")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves out the second ring, unless it is asked for."""
    if config.getoption("--everything"):
        return
    left_out = [item for item in items if item.get_closest_marker("everything")]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if not item.get_closest_marker("everything")]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home folder, the default one during the test."""
    folder = tmp_path / "home"
    monkeypatch.setenv("KINORA_HOME", str(folder))
    return folder


@pytest.fixture(scope="session")
def job_queue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JobQueue]:
    """The queue with the scripted engine; tests of what ComfyUI computes have `comfy_job_queue` in its place."""
    settings = Settings(home=tmp_path_factory.mktemp("home"), device="cpu", demo="always", cancel_timeout=3)
    queue = JobQueue(settings, engine_program=SCRIPTED)
    queue.start()
    yield queue
    queue.stop()


@pytest.fixture(scope="session")
def queue(job_queue: JobQueue) -> CallerQueue:
    """The same, as the person at the machine sees it."""
    return CallerQueue(job_queue)


@pytest.fixture(scope="session")
def demo_settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A home in which ComfyUI's engine makes the demo models, once for all tests."""
    home = tmp_path_factory.mktemp("demo-home")
    return Settings(home=home, device="cpu", demo="always", cancel_timeout=3, repeatable_video=True)


@pytest.fixture(scope="session")
def comfy_job_queue(demo_settings: Settings) -> Iterator[JobQueue]:
    """The queue with ComfyUI in a process of its own."""
    queue = JobQueue(demo_settings)
    queue.start()
    yield queue
    queue.stop()


@pytest.fixture
def clip() -> dict[str, object]:
    """A text to video run of about a second: 128 x 128 pixels, 9 frames."""
    return {"prompt": "a red kite over the sea", "width": 128, "height": 128, "seconds": 0.3, "seed": 7}


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of a few megabytes."""
    folder = tmp_path / "small"
    folder.mkdir()
    as_root = [] if os.geteuid() == 0 else ["sudo", "--non-interactive"]
    command = [*as_root, "mount", "-t", "tmpfs", "-o", "size=3m,mode=777", "tmpfs", str(folder)]
    mounted = subprocess.run(command, capture_output=True)
    assert not mounted.returncode, "This test mounts a small file system: run it as root, or where sudo asks nothing."
    yield folder
    subprocess.run([*as_root, "umount", "--lazy", str(folder)], check=True)
