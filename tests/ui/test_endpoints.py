"""The named functions, one a mode, as programs call them: Gradio's own client, and MCP tools."""

import asyncio
import urllib.request
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import httpx2
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client
from support import clips
from support.app_server import Server

import modes
from settings import PROJECT

Result = TypeVar("Result")

SMALL: dict[str, Any] = {"prompt": "a red kite", "width": 128, "height": 128, "seconds": 0.3, "seed": "7"}


@pytest.fixture(scope="module")
def client(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Client:
    return Client(f"{server.url}/functions/", download_files=str(tmp_path_factory.mktemp("downloads")), verbose=False)


def test_every_mode_is_one_named_function_with_its_parameters_and_nothing_else_is_open(client: Client) -> None:
    told = client.view_api(return_format="dict")
    assert isinstance(told, dict)
    assert set(told["named_endpoints"]) == {f"/{mode}" for mode in modes.MODES}
    assert told["unnamed_endpoints"] == {}
    for mode in modes.MODES.values():
        names = {each["parameter_name"] for each in told["named_endpoints"][f"/{mode.id}"]["parameters"]}
        assert names == {parameter.name for parameter in mode.parameters()}


def test_a_gradio_client_gets_the_clip_its_seed_and_its_task(client: Client) -> None:
    file, seed, task = client.predict(**SMALL, api_name="/t2v")
    clip = clips.read(Path(file))
    assert clip.pictures.shape == (9, 128, 128, 3)
    assert (seed, task > 0) == ("7", True)
    image = handle_file(PROJECT / "examples" / "portrait.png")
    other, *_ = client.predict(image=image, **SMALL, api_name="/i2v")
    assert clips.read(Path(other)).pictures.shape == (9, 128, 128, 3)


def test_bad_input_gets_the_same_sentence_as_on_the_page(client: Client) -> None:
    with pytest.raises(AppError, match="at most 40 s"):
        client.predict(**{**SMALL, "seconds": 999}, api_name="/t2v")


@pytest.mark.parametrize("path", ["/etc/passwd", str(PROJECT / "pyproject.toml"), "../../../etc/hostname"])
def test_a_file_of_the_server_cannot_be_named_as_an_input(server: Server, path: str) -> None:
    image = {"path": path, "meta": {"_type": "gradio.FileData"}, "orig_name": "x.png"}
    with httpx2.Client(base_url=server.url, timeout=60) as http:
        before = http.get("/api/v1/queue").json()["counts"]
        event = http.post("/functions/gradio_api/call/v2/i2v", json=SMALL | {"image": image}).json()["event_id"]
        told = http.get(f"/functions/gradio_api/call/i2v/{event}").text
        assert "event: error" in told
        assert http.get("/api/v1/queue").json()["counts"] == before


def apart(call: Coroutine[Any, Any, Result]) -> Result:
    """In a thread: a browser's tests, before these in the same process, leave a loop running in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, call).result()


async def _mcp(url: str) -> tuple[dict[str, Any], Any]:
    async with (
        streamable_http_client(f"{url}/functions/gradio_api/mcp/") as (read, write, *_),
        ClientSession(read, write) as session,
    ):
        await session.initialize()
        tools = {tool.name: tool for tool in (await session.list_tools()).tools}
        name = next(each for each in tools if each.endswith("t2v"))
        return tools, await session.call_tool(name, SMALL)


def test_every_mode_is_an_mcp_tool_that_makes_its_clip(server: Server) -> None:
    tools, result = apart(_mcp(server.url))
    assert {name.removeprefix("kinora_") for name in tools} == set(modes.MODES)
    schema = next(tool for name, tool in tools.items() if name.endswith("t2v")).inputSchema
    assert schema["properties"]["seconds"]["description"]
    assert "prompt" in schema["required"]
    assert not result.isError
    told = " ".join(getattr(each, "text", "") for each in result.content)
    url = next(word.strip("'\",") for word in told.split() if "/gradio_api/file=" in word)
    with urllib.request.urlopen(url, timeout=30) as file:
        assert file.read(12)[4:8] == b"ftyp"
