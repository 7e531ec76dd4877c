"""What all tests share: the project on the path, and a home folder of their own."""

import os
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home folder; no setting of the person who runs the tests reaches them."""
    for name in list(os.environ):
        if name.startswith("KINORA_") and name != "KINORA_COMFYUI_DIR":
            monkeypatch.delenv(name)
    folder = tmp_path / "home"
    monkeypatch.setenv("KINORA_HOME", str(folder))
    return folder
