"""One folder with the programs that people, Makefiles and tests call."""

from collections.abc import Iterable
from pathlib import Path

from sd_kit import gobuild, places
from sd_kit.errors import KitError
from sd_kit.versions import TOOLS


def link(names: Iterable[str]) -> Path:
    """Make sure that the named programs exist; give the folder that holds them all, for PATH."""
    wanted = list(names)
    unknown = sorted(set(wanted) - TOOLS.keys())
    if unknown:
        raise KitError(f"No such tool: {', '.join(unknown)}. The kit builds {', '.join(sorted(TOOLS))}.")
    gobuild.ensure(wanted)
    folder = places.folder("bin", "current")
    for name in wanted:
        _point(folder / name, gobuild.binary(name))
    return folder


def _point(link_path: Path, target: Path) -> None:
    if link_path.is_symlink() and link_path.readlink() == target:
        return
    fresh = link_path.with_name(f".{link_path.name}.new")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(target)
    fresh.rename(link_path)  # in one step: nobody finds the name missing
