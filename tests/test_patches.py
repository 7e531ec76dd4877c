"""The registry of patches of other people's code."""

import json
from collections.abc import Iterator
from email.message import Message

import pytest

import patches


@pytest.fixture
def declared() -> Iterator[list[patches.DeclaredPatch]]:
    """What a test declares is forgotten after it."""
    before = list(patches.DECLARED)
    yield patches.DECLARED
    patches.DECLARED[:] = before


def _declare(*targets: str) -> list[str]:
    calls: list[str] = []

    @patches.patch(*targets, package="gradio", reason="It is slow.", until="It can go when it is fast.")
    def install(argument: str) -> str:
        calls.append(argument)
        return argument

    install("first")
    return calls


def test_a_patch_is_listed_and_remembered_once_it_is_applied(declared: list[patches.DeclaredPatch]) -> None:
    assert _declare("json:dumps", "email.message:Message.as_string", "wsgiref") == ["first"]
    assert declared[-1].version == patches.WRITTEN_FOR["gradio"]
    assert declared[-1].module == __name__
    assert json.loads(json.dumps(patches.report()))[-1]["applied"]


@pytest.mark.parametrize("target", ["json:no_such_function", "no_such_module:name", "no_such_module", "json:dumps.a.b"])
def test_a_patch_whose_target_is_gone_says_so_and_changes_nothing(
    declared: list[patches.DeclaredPatch], target: str
) -> None:
    with pytest.raises(patches.PatchError, match=target):
        _declare("json:dumps", target)
    assert not patches.report()[-1]["applied"]


def test_a_target_is_found_by_its_path() -> None:
    assert patches.find("email.message:Message.as_string") is Message.as_string


def test_what_a_patch_expects_of_the_code_is_checked() -> None:
    patches.expect(True, "The sizes have changed")
    with pytest.raises(patches.PatchError, match="The sizes have changed"):
        patches.expect(False, "The sizes have changed")
