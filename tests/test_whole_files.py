"""A file appears whole or not at all."""

from pathlib import Path

import pytest

from whole_files import written_whole


def test_a_file_gets_its_name_only_once_it_is_whole(tmp_path: Path) -> None:
    target = tmp_path / "new" / "kite.txt"
    with written_whole(target) as part:
        part.write_text("a kite")
        assert not target.exists()
    assert target.read_text() == "a kite"
    assert list(target.parent.iterdir()) == [target]


def test_where_writing_fails_the_old_file_stays_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    target = tmp_path / "kite.txt"
    target.write_text("the old one")

    def fail() -> None:
        with written_whole(target) as part:
            part.write_text("half of a new one")
            raise OSError("no space left")

    with pytest.raises(OSError, match="no space left"):
        fail()
    assert target.read_text() == "the old one"
    assert list(tmp_path.iterdir()) == [target]
