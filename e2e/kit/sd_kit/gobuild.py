"""Builds programs from Go modules into a cache keyed by version, each once."""

import json
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path

from sd_kit import commands, places
from sd_kit.locks import locked, scratch
from sd_kit.steps import step
from sd_kit.versions import KUBERNETES, TOOLS, Tool

# No symbol tables and no DWARF: a quarter less to compile, link, store and send into the node.
LEAN = ("-trimpath", "-gcflags=all=-dwarf=false")


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


def _ensure_module(module: str, tools: list[Tool]) -> None:
    if not missing(tools):
        return
    with locked("build-" + module.replace("/", "-")):
        absent = missing(tools)  # another process may have built them while this one waited
        if absent:
            with step("building " + ", ".join(f"{tool.name} {tool.version}" for tool in absent)), scratch("build") as made:
                _build(module, absent, made)
                _keep(absent, made)


def _build(module: str, tools: list[Tool], made: Path) -> None:
    purpose = f"build {', '.join(tool.name for tool in tools)}"
    log = "build-" + tools[0].name
    if "@" in module:
        packages = [f"{tool.package}@{tool.version}" for tool in tools]
        commands.run(["go", "install", *_flags(), *packages], log=log, purpose=purpose, env=_environment(GOBIN=str(made)))
        return
    argv = ["go", "build", *_flags(), "-o", f"{made}/", *(tool.package for tool in tools)]
    commands.run(argv, log=log, purpose=purpose, env=_environment(), cwd=places.PACKAGE / module)


def _keep(tools: list[Tool], made: Path) -> None:
    for tool in tools:
        target = binary(tool.name)
        target.parent.mkdir(parents=True, exist_ok=True)
        (made / Path(tool.package).name if tool.name != "etcd" else made / "server").rename(target)


def _flags() -> list[str]:
    major, minor, _ = KUBERNETES.removeprefix("v").split(".")
    version = "k8s.io/component-base/version"
    # Without these, kubeadm takes itself for v0.0.0 and refuses to set up a cluster.
    stamps = f"-X {version}.gitVersion={KUBERNETES} -X {version}.gitMajor={major} -X {version}.gitMinor={minor}"
    return [*LEAN, f"-ldflags=-s -w {stamps}"]


def _environment(**more: str) -> dict[str, str]:
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
    return Path(json.loads(commands.output(argv, purpose=f"download {module}", env=_environment()))["Dir"])
