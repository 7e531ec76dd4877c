"""Files are checked against the limits of the app's settings, not against those of the process's environment."""

from pathlib import Path
from typing import Any

import pytest

import modes
from modes import InvalidParamsError
from modes.mode import EXAMPLES
from settings import Settings

VALUES: dict[str, Any] = {"prompt": "a kite", "image": EXAMPLES / "landscape.png"}
I2V = modes.get("i2v")


def test_limits_given_in_code_are_obeyed(tmp_path: Path) -> None:
    strict = Settings(home=tmp_path, device="cpu", max_upload_bytes=1000)
    with pytest.raises(InvalidParamsError, match="the limit is 0 MB"):
        I2V.validate(VALUES, strict)
    fewer = Settings(home=tmp_path, device="cpu", max_image_pixels=1000)
    with pytest.raises(InvalidParamsError, match=r"the limit is 0\.001 megapixels"):
        I2V.validate(VALUES, fewer)
    assert I2V.validate(VALUES, Settings(home=tmp_path, device="cpu"))  # the same file with other limits


def test_the_environment_changes_nothing_once_there_are_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(home=tmp_path, device="cpu", max_upload_bytes=10_000_001)
    monkeypatch.setenv("KINORA_HOME", str(tmp_path))
    monkeypatch.setenv("KINORA_MAX_UPLOAD_BYTES", "1")
    (tmp_path / "kinora.toml").write_text("this is no TOML", encoding="utf-8")  # a second read would raise
    params = I2V.validate(VALUES, settings)
    assert params.output_spec().width
    with pytest.raises(InvalidParamsError, match="no such file"):
        I2V.validate(VALUES | {"image": tmp_path / "gone.png"}, settings)
