"""Ways to read a file that is not to be read: Gradio's routes and events, REST, names, links. None of them does."""

import http.client
import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx2
import pytest
from PIL import Image
from support.app_server import Server

from settings import PROJECT

VALUES = {"prompt": "a red kite", "width": 128, "height": 128, "seconds": 0.3}
FILE_DATA = {"_type": "gradio.FileData"}


@dataclass(frozen=True)
class Secrets:
    """Files that must not be told, each with a part of it, and a picture that must not become an input."""

    server: Server
    files: dict[Path, bytes]
    picture: Path

    @property
    def port(self) -> int:
        return self.server.port


@pytest.fixture(scope="module")
def kept(server: Server) -> Iterator[Secrets]:
    mark = secrets.token_hex(16)
    outside, home = server.home.parent, server.home
    (outside / "secret.txt").write_text(mark)
    (home / "kinora.toml").write_text(f"# {mark}\n")
    Image.new("RGB", (128, 128), (secrets.randbelow(256), 7, 8)).save(outside / "secret.png")
    (home / "link").symlink_to(outside)
    token = json.loads((home / "kinora.json").read_text())["token"]
    files = {
        outside / "secret.txt": mark.encode(),
        outside / "secret.png": (outside / "secret.png").read_bytes(),
        home / "kinora.toml": mark.encode(),
        home / "link" / "secret.txt": mark.encode(),
        home / "kinora.json": token.encode(),
        home / "kinora.db": b"SQLite format 3",
        home / "logs" / "engine.log": (home / "logs" / "engine.log").read_bytes()[:100] or b"INFO",
        home / "app.log": b"Kinora runs at",
        PROJECT / "app.py": b"def serve(",
        PROJECT / "settings.py": b"class Settings",
        Path("/etc/passwd"): b"root:",
        Path("/proc/self/environ"): b"PATH=",
    }
    yield Secrets(server, files, outside / "secret.png")
    (home / "kinora.toml").unlink()
    (home / "link").unlink()
    assert not copies(home, files), "a test had a file copied to where it is served"


def copies(home: Path, files: dict[Path, bytes]) -> list[Path]:
    """The files in folders that are served which contain one of the secrets."""
    contents = {content for content in files.values() if len(content) > 20}
    served = [file for folder in ("cache", "inputs", "outputs", "uploads") for file in (home / folder).rglob("*")]
    return [file for file in served if file.is_file() and any(content in file.read_bytes() for content in contents)]


def ask(port: int, path: str, method: str = "GET", headers: dict[str, str] | None = None) -> bytes:
    """Status, headers and body of an answer to exactly this path: a client would tidy it up."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.putrequest(method, path, skip_accept_encoding=True)
        for name, value in (headers or {}).items():
            connection.putheader(name, value)
        connection.endheaders()
        answer = connection.getresponse()
        return f"{answer.status} {answer.headers}".encode() + answer.read(200_000)
    finally:
        connection.close()


UP = "../" * 12
DOTS = (
    UP,
    "%2e%2e/" * 12,
    "..%2f" * 12,
    "%2e%2e%2f" * 12,
    "%252e%252e%252f" * 12,
    "..%5c" * 12,
    "%c0%ae%c0%ae/" * 12,
    quote("．．/") * 12,
    "....//" * 12,
    "..;/" * 12,
    "..%00/" * 12,
)
AS_PATH = (
    "{t}",
    "{t}/",
    "{t}/.",
    "{t}?download=true",
    "/{t}",
    "./{t}",
    "{encoded}",
    "{double}",
    "{t}%00.png",
    "{t}%0a",
    "file://{t}",
    "file:%2f%2f{t}",
    "http://127.0.0.1:{port}/gradio_api/file={t}",
    "HTTP://127.0.0.1:{port}/gradio_api/file={t}",
    "http://example.com/{t}",
    "/proc/self/root{t}",
    "/proc/self/cwd/{up}{t}",
    "~/{up}{t}",
    "{home}/cache/{up}{t}",
    "{home}/cache/%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e{t}",
    "{home}/outputs/{up}{t}",
    "{home}/outputs/running/{up}{t}",
    "{home}/cache/" + "a/../" * 800 + "{up}{t}",
    "{upper}",
)
ROUTES = {
    "static": "/static/{dots}{t}",
    "assets": "/assets/{dots}{t}",
    "svelte": "/svelte/{dots}{t}",
    "custom": "/gradio_api/custom_component/x/client/component/{dots}{t}",
    "stream": "/gradio_api/stream/x/1/1/{dots}{t}",
    "icon": "/pwa_icon/{dots}{t}",
    "old": "/file/{dots}{t}",
    "file-slash": "/gradio_api/file/{dots}{t}",
    "output": "/api/v1/tasks/1/outputs/{dots}{t}",
    "input": "/api/v1/tasks/1/inputs/{dots}{t}",
    "input-name": "/api/v1/tasks/1/inputs/image?thumbnail={dots}{t}",
    "root": "/{dots}{t}",
}


def told(kept: Secrets, template: str, method: str = "GET", headers: dict[str, str] | None = None) -> list[str]:
    """The files whose content came back."""
    found = []
    for file, content in kept.files.items():
        path = template.format(
            t=file,
            encoded=quote(str(file), safe=""),
            double=quote(quote(str(file), safe=""), safe=""),
            upper=str(file).upper(),
            up=UP,
            home=kept.server.home,
            port=kept.port,
        )
        if content in ask(kept.port, path, method, headers):
            found.append(path)
    return found


@pytest.mark.parametrize("mount", ["", "/functions"])
@pytest.mark.parametrize("route", ["/gradio_api/file=", "/gradio_api/proxy=", "/file="])
def test_gradios_file_routes_give_out_nothing_from_outside(kept: Secrets, route: str, mount: str) -> None:
    assert not [path for way in AS_PATH for path in told(kept, f"{mount}{route}{way}")]


@pytest.mark.parametrize("route", ROUTES)
def test_no_route_climbs_out_of_its_folder(kept: Secrets, route: str) -> None:
    dotted = [mount + ROUTES[route].replace("{dots}", dots) for mount in ("", "/functions") for dots in DOTS]
    assert not [path for template in dotted for path in told(kept, template)]


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("GET", {"Range": "bytes=0-99"}),
        ("GET", {"Range": "bytes=-20"}),
        ("HEAD", {}),
        ("POST", {"Content-Length": "0"}),
        ("GET", {"X-Forwarded-Host": "evil.example", "X-Forwarded-Prefix": "/etc"}),
        ("GET", {"X-Original-URL": "/etc/passwd", "X-Accel-Redirect": "/etc/passwd"}),
    ],
)
def test_no_method_and_no_header_opens_a_file(kept: Secrets, method: str, headers: dict[str, str]) -> None:
    assert not told(kept, "/gradio_api/file={t}", method, headers)
    for file in kept.files:
        answer = ask(kept.port, f"/gradio_api/file={file}", method, headers)
        assert not answer.startswith((b"200", b"206"))


def test_results_and_inputs_are_not_served_by_path(kept: Secrets) -> None:
    """What is made has an owner, who reads it over REST."""
    folder = kept.server.home / "outputs" / "2020-01-01"
    folder.mkdir(parents=True)
    (folder / "clip.png").write_bytes(kept.picture.read_bytes())
    for mount in ("", "/functions"):
        assert ask(kept.port, f"{mount}/gradio_api/file={folder}/clip.png").startswith(b"403")
    (folder / "clip.png").unlink()


def queued(http: httpx2.Client) -> dict[str, int]:
    return http.get("/api/v1/queue").json()["counts"]


@pytest.fixture(scope="module")
def client(kept: Secrets) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=kept.server.url, timeout=60) as opened:
        yield opened


def is_refused(client: httpx2.Client, answer: httpx2.Response, before: dict[str, int]) -> bool:
    """Whether the answer is a refusal that gives nothing away and nothing was queued."""
    quiet = answer.status_code in (403, 422) and "root:" not in answer.text
    return quiet and sum(queued(client).values()) == sum(before.values())


NAMED = (
    "{t}",
    "{home}/outputs/../../{name}",
    "{project}/examples/../../../../../../../../{t}",
    "{home}/link/{name}",
    "/proc/self/root{t}",
    "file://{t}",
    "{home}/outputs/%2e%2e/%2e%2e/{name}",
    "../../../../../../../../../..{t}",
    "{t}\x00.png",
    "../../{name} [output]",
    "~/{t}",
    "/" + "a" * 5000,
)


@pytest.mark.parametrize("where", ["values", "files", "folder", "rows", "grid", "overrides", "mask"])
def test_a_submission_may_not_name_a_file_outside(kept: Secrets, client: httpx2.Client, where: str) -> None:
    accepted = []
    for way in NAMED:
        path = way.format(t=kept.picture, name=kept.picture.name, home=kept.server.home, project=PROJECT)
        before = queued(client)
        for url in ("/api/v1/plan", "/api/v1/jobs"):
            answer = client.post(url, json=submission(path, where))
            if url.endswith("plan") and answer.status_code == 200:  # it says why nothing can be made
                assert answer.json()["tasks"] == 0
            elif not is_refused(client, answer, before):
                accepted.append((url, path, answer.text))
    assert not accepted


def submission(path: str, where: str) -> dict[str, Any]:
    """A job that names the path in one of the places where a job may name files."""
    own = str(PROJECT / "examples" / "landscape.png")
    batch = {
        "files": {"files": [path]},
        "folder": {"folder": str(Path(path).parent)},
        "rows": {"rows": [{"image": path}]},
        "grid": {"grid": {"image": [path]}},
        "overrides": {"files": [own], "into": "image", "overrides": {"landscape.png": {"mask": path}}},
    }.get(where)
    values = {"prompt": "a kite"} | ({"image": own, "mask": path} if where == "mask" else {})
    values |= {"image": path} if where == "values" else {}
    return {"mode": "inpaint", "values": values, "batch": batch, "stage": False}


@pytest.mark.parametrize("kind", ["csv", "jsonl", "sidecar"])
def test_an_uploaded_table_or_sidecar_may_not_name_a_file_outside(
    kept: Secrets, client: httpx2.Client, kind: str
) -> None:
    job = json.dumps({"mode": "flf2v" if kind == "sidecar" else "i2v", "values": VALUES})
    own = ("kite.png", (PROJECT / "examples" / "landscape.png").read_bytes())
    for path in ("{t}", "../../{name}", "../../../secret.png", "{home}/link/{name}", "file://{t}"):
        named = path.format(t=kept.picture, name=kept.picture.name, home=kept.server.home)
        sidecar = ("kite.json", json.dumps({"last_image": named}).encode())
        parts = {
            "csv": [("table", ("t.csv", f"image\n{named}\n".encode()))],
            "jsonl": [("table", ("t.jsonl", json.dumps({"image": named}).encode()))],
            "sidecar": [("files", own), ("files", sidecar)],
        }[kind]
        before = queued(client)
        answer = client.post("/api/v1/jobs/upload", data={"job": job}, files=parts)
        assert is_refused(client, answer, before), (named, answer.text)


def test_an_uploads_name_leads_nowhere(kept: Secrets, client: httpx2.Client) -> None:
    content = (PROJECT / "examples" / "landscape.png").read_bytes()
    job = json.dumps({"mode": "i2v", "values": VALUES})
    paths = ("../../../../stolen.png", "..\\..\\stolen.png", "/etc/stolen.png", "a\x00b.png", ".", "..")
    for name in (*paths, "%2e%2e%2fs.png"):
        for mount in ("", "/functions"):
            answer = client.post(f"{mount}/gradio_api/upload", files={"files": (name, content)})
            for path in answer.json() if answer.status_code == 200 else []:
                assert Path(path).resolve().is_relative_to(kept.server.home / "cache"), name
        answer = client.post("/api/v1/jobs/upload", data={"job": job}, files={"image": (name, content)})
        assert answer.status_code in (201, 422), name
        if answer.status_code == 201:
            client.post("/api/v1/tasks/cancel", json={"jobs": [answer.json()["id"]]})
        assert not list(kept.server.home.parent.glob("*stolen*")), name
        assert not list(Path("/etc").glob("*stolen*")), name


def test_a_lora_is_no_path(client: httpx2.Client) -> None:
    before = queued(client)
    for name in ("../../secret.txt", "/etc/passwd", "../../../x.safetensors", "..\\x.safetensors"):
        values = VALUES | {"loras": [{"file": name, "strength": 1}]}
        answer = client.post("/api/v1/jobs", json={"mode": "t2v", "values": values})
        assert is_refused(client, answer, before), (name, answer.text)


def test_a_prompt_is_no_path(kept: Secrets, client: httpx2.Client) -> None:
    """A result's name is made of the prompt's words."""
    asked = {"mode": "t2v", "values": VALUES | {"prompt": "../../../../stolen"}, "name": "../../stolen"}
    job = client.post("/api/v1/jobs", json=asked).json()["id"]
    (task,) = client.get("/api/v1/tasks", params={"job": job}).json()["tasks"]
    with client.stream("GET", f"/api/v1/tasks/{task['id']}/events") as stream:
        assert any("event: output" in line for line in stream.iter_lines())
    (made,) = client.get(f"/api/v1/tasks/{task['id']}").json()["outputs_list"]
    assert Path(made["path"]).resolve().is_relative_to(kept.server.home / "outputs")
    assert not list(kept.server.home.parent.glob("stolen*"))


PAYLOADS = {
    "upload": lambda path: {"path": path, "meta": FILE_DATA, "orig_name": "x.png"},
    "bare": lambda path: {"path": path},
    "text": lambda path: path,
    "list": lambda path: [{"path": path, "meta": FILE_DATA}],
    "url": lambda path: {"path": path, "url": f"/gradio_api/file={path}", "meta": FILE_DATA},
    "scheme": lambda path: {"path": f"file://{path}", "meta": FILE_DATA},
    "stream": lambda path: {"path": path, "is_stream": True, "meta": FILE_DATA},
    "video": lambda path: {"video": {"path": path, "meta": FILE_DATA}},
    "editor": lambda path: {"background": None, "layers": [{"path": path, "meta": FILE_DATA}], "composite": None},
    "dots": lambda path: {"path": f"{Path(path).parent}/page-home0/cache/../../{Path(path).name}", "meta": FILE_DATA},
    "update": lambda path: {"__type__": "update", "value": {"path": path, "meta": FILE_DATA}},
}
TAKES_FILES = ("image", "audio", "video", "file", "imageeditor", "downloadbutton")


@pytest.mark.parametrize("where", ["form", "batch"])
def test_the_pages_events_take_uploads_only(kept: Secrets, client: httpx2.Client, where: str) -> None:
    """Each handler of the page ends before it is given the file."""
    config = client.get("/config").json()
    components = {each["id"]: each for each in config["components"]}
    before = queued(client)
    for name, payload in PAYLOADS.items():
        evil = payload(str(kept.picture))
        tried = 0
        for each in config["dependencies"]:
            data = [_filled(components[number], where, evil) for number in each["inputs"]]
            if each["backend_fn"] and (evil in data or [evil] in data):
                tried += 1
                said = event(client, each["id"], data)
                assert '"success":false' in said, (name, each["targets"], said)
                assert '"data":[' not in said, (name, each["targets"], said)
        assert tried >= 3
    assert sum(queued(client).values()) == sum(before.values())


def _named(component: dict[str, Any]) -> str:
    return component.get("props", {}).get("elem_id") or ""


def _filled(component: dict[str, Any], where: str, evil: Any) -> Any:
    if component["type"] not in TAKES_FILES:
        return component["props"].get("value")
    if _named(component).startswith("batch") != (where == "batch"):
        return None
    if component["type"] == "imageeditor":
        return {"background": evil, "layers": [evil], "composite": None}
    return [evil] if component["props"].get("file_count") == "multiple" else evil


def event(client: httpx2.Client, number: int, data: list[Any]) -> str:
    """What an event of the page says, up to its end."""
    session = secrets.token_hex(6)
    body = {"data": data, "fn_index": number, "session_hash": session, "event_data": None, "trigger_id": None}
    answer = client.post("/gradio_api/queue/join", json=body)
    if answer.status_code != 200:
        return answer.text
    said = ""
    with client.stream("GET", "/gradio_api/queue/data", params={"session_hash": session}) as stream:
        for line in stream.iter_lines():
            said += line
            if "process_completed" in line or "close_stream" in line:
                break
    return said


def test_the_functions_take_uploads_only(kept: Secrets, client: httpx2.Client) -> None:
    before = queued(client)
    for name, payload in PAYLOADS.items():
        evil = payload(str(kept.picture))
        started = client.post("/functions/gradio_api/call/v2/i2v", json=VALUES | {"image": evil})
        if started.status_code == 200:
            said = client.get(f"/functions/gradio_api/call/i2v/{started.json()['event_id']}").text
            assert "event: error" in said, name
    assert sum(queued(client).values()) == sum(before.values())


def test_a_components_methods_are_not_for_callers(kept: Secrets, client: httpx2.Client) -> None:
    numbers = [each["id"] for each in client.get("/config").json()["components"] if each["type"] in TAKES_FILES]
    for name in ("move_resource_to_block_cache", "serve_static_file", "preprocess", "postprocess", "load"):
        for number in numbers:
            asked = {"session_hash": "x", "component_id": number, "fn_name": name, "data": str(kept.picture)}
            assert client.post("/gradio_api/component_server", json=asked).status_code >= 400, (name, number)
