"""Builds programs from Go modules into a cache keyed by version, each once."""

import json
import re
import shutil
from collections.abc import Iterable, Mapping
from itertools import groupby
from pathlib import Path

from sd_kit import commands, places
from sd_kit.locks import locked, scratch
from sd_kit.steps import step
from sd_kit.versions import KUBERNETES, TOOLS, Tool

# Nobody debugs these programs: no symbols and no DWARF to compile, link, store and carry into the node.
LEAN = ("-trimpath", "-gcflags=all=-dwarf=false")
STRIPPED = "-s -w"


def binary(name: str) -> Path:
    """Where the cache keeps one program."""
    tool = TOOLS[name]
    return places.cache() / "bin" / tool.name / tool.version / tool.name


def ensure(names: Iterable[str]) -> None:
    """Build those of the named programs that the cache lacks; all from one module in one go."""
    wanted = sorted((TOOLS[name] for name in names), key=lambda tool: tool.module)
    for module, tools in groupby(wanted, key=lambda tool: tool.module):
        _ensure_module(module, list(tools))


def missing(tools: Iterable[Tool]) -> list[Tool]:
    """Those of `tools` that the cache lacks."""
    return [tool for tool in tools if not binary(tool.name).exists()]


def built_name(tool: Tool) -> str:
    """The file name that go gives a program: its package's last part that is no version."""
    path = Path(tool.package)
    return path.parent.name if re.fullmatch(r"v\d+", path.name) else path.name


def _ensure_module(module: str, tools: list[Tool]) -> None:
    if not missing(tools):
        return
    with locked("build-" + module.replace("/", "-")):
        absent = missing(tools)  # another process may have built them while this one waited
        if absent:
            _build_and_keep(module, absent)


def _build_and_keep(module: str, tools: list[Tool]) -> None:
    names = ", ".join(f"{tool.name} {tool.version}" for tool in tools)
    with step(f"building {names}"), scratch("build") as made:
        _build(module, tools, made)
        for tool in tools:
            target = binary(tool.name)
            target.parent.mkdir(parents=True, exist_ok=True)
            (made / built_name(tool)).rename(target)


def _build(module: str, tools: list[Tool], made: Path) -> None:
    if "@" not in module:
        _build_in(places.PACKAGE / module, tools, made)
    elif tools[0].over:
        with scratch("source") as source:
            for folder in (module_source(module), places.PACKAGE / tools[0].over):
                shutil.copytree(folder, source, dirs_exist_ok=True)
            _build_in(source, tools, made)
    else:
        packages = [f"{tool.package}@{tool.version}" for tool in tools]
        _go("install", *packages, tools=tools, ldflags=STRIPPED, env=environment(GOBIN=str(made)))


def _build_in(source: Path, tools: list[Tool], made: Path) -> None:
    packages = [tool.package for tool in tools]
    ldflags = f"{STRIPPED} {_kubernetes_stamps()}"
    _go("build", "-o", f"{made}/", *packages, tools=tools, ldflags=ldflags, env=environment(), cwd=source)


def _go(
    verb: str, *words: str, tools: list[Tool], ldflags: str, env: Mapping[str, str], cwd: Path | None = None
) -> None:
    names = [tool.name for tool in tools]
    argv = ["go", verb, *LEAN, f"-ldflags={ldflags}", *words]
    commands.run(argv, log=f"build-{names[0]}", purpose=f"build {', '.join(names)}", env=env, cwd=cwd)


def _kubernetes_stamps() -> str:
    # Without these, kubeadm takes itself for v0.0.0 and refuses to set up a cluster.
    major, minor, _ = KUBERNETES.removeprefix("v").split(".")
    values = {"gitVersion": KUBERNETES, "gitMajor": major, "gitMinor": minor}
    return " ".join(f"-X k8s.io/component-base/version.{name}={value}" for name, value in values.items())


def environment(**more: str) -> dict[str, str]:
    """What go is told on every call: static programs, and caches of the kit's own."""
    return {
        "CGO_ENABLED": "0",
        "GOFLAGS": "-modcacherw -buildvcs=false",  # a module cache that `rm -r` can remove
        "GOMODCACHE": str(places.folder("go", "mod")),
        "GOCACHE": str(places.folder("go", "build")),
        **more,
    }


def module_source(module: str) -> Path:
    """The unpacked source of PATH@VERSION in the module cache."""
    argv = ["go", "mod", "download", "-json", module]
    return Path(json.loads(commands.output(argv, purpose=f"download {module}", env=environment()))["Dir"])
