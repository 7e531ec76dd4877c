"""Folders as containers: runs the steps of a Dockerfile, and programs inside, with Linux namespaces and chroot.

This needs root. A program has its own mounts and process ids and is process 1, as in a container; everything that it
mounts and starts ends with it.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tools import dockerfile

START_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(slots=True)
class Host:
    """What builds use of this machine: a folder for caches, variables, and files or folders by their path inside."""

    caches: Path
    env: dict[str, str]
    binds: dict[str, Path]


@dataclass(slots=True)
class Root:
    """A folder that contains a system, and how to start programs in it."""

    folder: Path
    env: dict[str, str] = field(default_factory=lambda: {"PATH": START_PATH})
    workdir: str = "/"
    user: str = "0"
    command: list[str] = field(default_factory=list)
    health: list[str] = field(default_factory=list)

    def inside(self, path: str, workdir: str = "/") -> Path:
        """The path on this machine of a path in the system."""
        return self.folder / os.path.normpath(os.path.join(workdir, path)).lstrip("/")

    def entering(self, command: list[str], env: Mapping[str, str] | None = None) -> list[str]:
        """The command line that runs a program as the root's user in its working directory, inside a mounted root."""
        _, gid, home = self._account()
        variables = [f"{name}={value}" for name, value in {"HOME": home, **self.env, **(env or {})}.items()]
        within = ["sh", "-c", 'cd "$0" && exec "$@"', self.workdir, *command]
        return ["chroot", f"--userspec={self.user}:{gid}", str(self.folder), "env", "-i", *variables, *within]

    def starting(
        self, command: list[str], env: Mapping[str, str], binds: Mapping[str, Path], network: bool
    ) -> list[str]:
        """The command line that runs a program as process 1; without `network` it has its own loopback only."""
        mounts = ["mount -t proc proc {root}/proc", "mount --rbind /dev {root}/dev"]
        for place, source in binds.items():
            target = self.inside(place)
            _make_place(source, target)
            mounts.append(f"mount --bind {shlex.quote(str(source))} {shlex.quote(str(target))}")
        if not network:
            mounts.append("ip link set lo up")
        script = " && ".join([each.format(root=shlex.quote(str(self.folder))) for each in mounts] + ['exec "$@"'])
        namespaces = ["unshare", "--mount", "--pid", "--fork", "--kill-child", *([] if network else ["--net"])]
        return [*namespaces, "sh", "-c", script, "sh", *self.entering(command, env)]

    def _account(self) -> tuple[str, str, str]:
        for line in self.inside("/etc/passwd").read_text(encoding="utf-8").splitlines():
            name, _, uid, gid, _, home, _ = line.split(":")
            if self.user in (name, uid):
                return name, gid, home
        raise ValueError(f"There is no user {self.user} in {self.folder}.")


def build(project: Path, base: Path, work: Path, host: Host) -> Root:
    """Builds the project's Dockerfile and returns its last stage. `base` takes the place of every image.

    Stages share files by hard links, as nothing here changes a file in place. Raises CalledProcessError where a step
    fails.
    """
    made: dict[str, Root] = {}
    root = Root(base)
    for number, stage in enumerate(dockerfile.read(project / "Dockerfile")):
        root = _copy(made.get(stage.base, Root(base)), work / f"stage-{number}")
        for step in stage.steps:
            print(f"[{stage.name or 'last'}] {step.keyword} {step.text}", flush=True)
            _do(step, root, made, project, host)
        made[stage.name] = root
    return root


def _copy(root: Root, folder: Path) -> Root:
    subprocess.run(["cp", "--archive", "--link", str(root.folder), str(folder)], check=True)
    return Root(folder, dict(root.env), root.workdir, root.user, root.command, root.health)


def _do(step: dockerfile.Step, root: Root, made: Mapping[str, Root], project: Path, host: Host) -> None:
    match step.keyword:
        case "RUN":
            _run(step, root, host)
        case "COPY":
            *sources, target = step.words
            stage = dict(step.flags).get("from")
            if stage:
                _copy_between(made[stage].inside(sources[0]), root.inside(target, root.workdir))
            else:
                _copy_context(project, sources, root.inside(target, root.workdir))
        case "ENV":
            for word in step.words:
                name, _, value = word.partition("=")
                root.env[name] = re.sub(r"\$(\w+)", lambda found: root.env.get(found[1], ""), value)
        case "WORKDIR":
            root.workdir = step.text
            root.inside(step.text).mkdir(parents=True, exist_ok=True)
        case "USER":
            root.user = step.text
        case "VOLUME":
            for place in step.words:
                root.inside(place).mkdir(parents=True, exist_ok=True)
        case "HEALTHCHECK":
            root.health = json.loads(step.text.removeprefix("CMD "))
        case "CMD":
            root.command = step.words


def _run(step: dockerfile.Step, root: Root, host: Host) -> None:
    binds = dict(host.binds)
    for _, mount in step.flags:
        target = dict(part.split("=") for part in mount.split(","))["target"]
        binds[target] = host.caches / target.strip("/").replace("/", "-")
        binds[target].mkdir(parents=True, exist_ok=True)
    command = root.starting(
        ["/bin/sh", "-c", step.text], {"DEBIAN_FRONTEND": "noninteractive", **host.env}, binds, True
    )
    subprocess.run(command, check=True)


def _copy_between(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["cp", "--archive", "--link", str(source), str(target)], check=True)


def _copy_context(project: Path, sources: list[str], target: Path) -> None:
    """Docker's rules for what Kinora's Dockerfile does: files into a folder, and the contents of a folder."""
    for path in dockerfile.context(project):
        for source in sources:
            if path.is_relative_to(source):
                place = target / (path.relative_to(source) if (project / source).is_dir() else path.name)
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(project / path, place)


def _make_place(source: Path, target: Path) -> None:
    if source.is_dir():
        target.mkdir(parents=True, exist_ok=True)
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch()
