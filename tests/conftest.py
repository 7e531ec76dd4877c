"""What all tests share: the project on the path, homes of their own, and one real engine on demo models."""

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
    if name.startswith("KINORA_") and name != "KINORA_COMFYUI_DIR":
        del os.environ[name]

from jobs import JobQueue  # noqa: E402
from settings import Settings  # noqa: E402

# Two engines at a time on two cores: threads that spin while they wait would take each other's.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


LONGEST = (
    "tests/ui/",
    "test_queue_faults",
    "test_ltx",
    "test_demo_obeys",
    "test_wan",
    "test_long_video",
    "test_cluster",
    "test_engine",
    "test_cli",
    "test_demo_models",
    "test_zerogpu",
    "test_database",
    "test_bootstrap",
    "test_graph_security",
    "test_extract",
)
"""Files that take longest. A worker takes a file at a time: with these first, all workers end together."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first."""

    def place(item: pytest.Item) -> int:
        return next((number for number, name in enumerate(LONGEST) if name in item.nodeid), len(LONGEST))

    items.sort(key=place)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home folder, the default one during the test."""
    folder = tmp_path / "home"
    monkeypatch.setenv("KINORA_HOME", str(folder))
    return folder


@pytest.fixture(scope="session")
def demo_settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A home in which demo models are made once for all tests."""
    home = tmp_path_factory.mktemp("demo-home")
    return Settings(home=home, device="cpu", demo="always", cancel_timeout=3)


@pytest.fixture(scope="session")
def jobs(demo_settings: Settings) -> Iterator[JobQueue]:
    """The queue with a real engine in a process of its own."""
    queue = JobQueue(demo_settings)
    queue.start()
    yield queue
    queue.stop()


@pytest.fixture(scope="session")
def other_settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Another home with its own demo models, for programs that tests start: only one Kinora works on a home."""
    return Settings(home=tmp_path_factory.mktemp("other-home"), device="cpu", demo="always", cancel_timeout=3)


@pytest.fixture
def clip() -> dict[str, object]:
    """A text to video run of about a second: 128 x 128 pixels, 9 frames."""
    return {"prompt": "a red kite over the sea", "width": 128, "height": 128, "seconds": 0.3, "seed": 7}


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of a few megabytes."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(folder)], capture_output=True)
    if mounted.returncode:
        pytest.skip("this user may not mount a small file system")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)
