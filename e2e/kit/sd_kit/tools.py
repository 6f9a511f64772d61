"""One folder with links to the command line tools that people, the Makefile and tests run."""

from collections.abc import Iterable
from pathlib import Path

from sd_kit import paths
from sd_kit.errors import KitError
from sd_kit.offline import go_build
from sd_kit.offline.go_programs import PROGRAMS


def link(names: Iterable[str]) -> Path:
    """Build the named programs if they are missing, link them into one folder, and return that folder for PATH.

    Raises:
        KitError: a name is unknown, or a build failed.
    """
    requested = list(names)
    unknown = sorted(set(requested) - PROGRAMS.keys())
    if unknown:
        raise KitError(f"Unknown tool: {', '.join(unknown)}. The kit builds {', '.join(sorted(PROGRAMS))}.")
    go_build.ensure(requested)
    folder = paths.folder("bin", "current")
    for name in requested:
        _link(folder / name, go_build.binary(name))
    return folder


def _link(path: Path, target: Path) -> None:
    if path.is_symlink() and path.readlink() == target:
        return
    new = path.with_name(f".{path.name}.new")
    new.unlink(missing_ok=True)
    new.symlink_to(target)
    new.rename(path)  # atomic: the name always exists for other processes
