"""Builds of Go programs into a cache keyed by version."""

import json
import re
import shutil
from collections.abc import Iterable, Mapping
from itertools import groupby
from pathlib import Path

from sd_kit import paths, subprocesses
from sd_kit.locks import locked, temporary_folder
from sd_kit.offline.go_programs import KUBERNETES, PROGRAMS, GoProgram
from sd_kit.progress import step

# Nobody debugs these programs: without symbols and DWARF they compile, link, store and load faster.
GO_FLAGS = ("-trimpath", "-gcflags=all=-dwarf=false")
LINKER_FLAGS = "-s -w"


def binary(name: str) -> Path:
    """Return the path of a program in the cache, built or not."""
    program = PROGRAMS[name]
    return paths.cache() / "bin" / program.name / program.version / program.name


def ensure(names: Iterable[str]) -> None:
    """Build the named programs that the cache lacks, all programs of one module in one build."""
    requested = sorted((PROGRAMS[name] for name in names), key=lambda program: program.module)
    for module, programs in groupby(requested, key=lambda program: program.module):
        _ensure_module(module, list(programs))


def missing(programs: Iterable[GoProgram]) -> list[GoProgram]:
    """Return the programs that the cache lacks."""
    return [program for program in programs if not binary(program.name).exists()]


def built_name(program: GoProgram) -> str:
    """Return the file name that `go build` gives a program: its package's last part that is no version."""
    path = Path(program.package)
    return path.parent.name if re.fullmatch(r"v\d+", path.name) else path.name


def _ensure_module(module: str, programs: list[GoProgram]) -> None:
    if not missing(programs):
        return
    with locked("build-" + module.replace("/", "-")):
        still_missing = missing(programs)  # another process may have built them in the meantime
        if still_missing:
            _build_into_cache(module, still_missing)


def _build_into_cache(module: str, programs: list[GoProgram]) -> None:
    names = ", ".join(f"{program.name} {program.version}" for program in programs)
    with step(f"building {names}"), temporary_folder("build") as output:
        _build(module, programs, output)
        for program in programs:
            target = binary(program.name)
            target.parent.mkdir(parents=True, exist_ok=True)
            (output / built_name(program)).rename(target)


def _build(module: str, programs: list[GoProgram], output: Path) -> None:
    if "@" not in module:
        _build_in(paths.OFFLINE / module, programs, output)
    elif programs[0].overlay:
        with temporary_folder("source") as source:
            for folder in (module_source(module), paths.OFFLINE / programs[0].overlay):
                shutil.copytree(folder, source, dirs_exist_ok=True)
            _build_in(source, programs, output)
    else:
        packages = [f"{program.package}@{program.version}" for program in programs]
        _go("install", *packages, programs=programs, ldflags=LINKER_FLAGS, env=environment(GOBIN=str(output)))


def _build_in(source: Path, programs: list[GoProgram], output: Path) -> None:
    packages = [program.package for program in programs]
    ldflags = f"{LINKER_FLAGS} {_kubernetes_version_flags()}"
    _go("build", "-o", f"{output}/", *packages, programs=programs, ldflags=ldflags, env=environment(), cwd=source)


def _go(
    command: str,
    *arguments: str,
    programs: list[GoProgram],
    ldflags: str,
    env: Mapping[str, str],
    cwd: Path | None = None,
) -> None:
    names = [program.name for program in programs]
    argv = ["go", command, *GO_FLAGS, f"-ldflags={ldflags}", *arguments]
    subprocesses.run(argv, log=f"build-{names[0]}", purpose=f"build {', '.join(names)}", env=env, cwd=cwd)


def _kubernetes_version_flags() -> str:
    # Without these, kubeadm reports version v0.0.0 and refuses to create a cluster.
    major, minor, _ = KUBERNETES.removeprefix("v").split(".")
    values = {"gitVersion": KUBERNETES, "gitMajor": major, "gitMinor": minor}
    return " ".join(f"-X k8s.io/component-base/version.{name}={value}" for name, value in values.items())


def environment(**variables: str) -> dict[str, str]:
    """Return the environment of every go command: static programs, and the kit's own caches."""
    return {
        "CGO_ENABLED": "0",
        "GOFLAGS": "-modcacherw -buildvcs=false",  # a module cache that `rm -r` can remove
        "GOMODCACHE": str(paths.folder("go", "mod")),
        "GOCACHE": str(paths.folder("go", "build")),
        **variables,
    }


def module_source(module: str) -> Path:
    """Download the module PATH@VERSION if it is missing; return its folder in the module cache."""
    argv = ["go", "mod", "download", "-json", module]
    return Path(json.loads(subprocesses.output(argv, purpose=f"download {module}", env=environment()))["Dir"])
