"""Builds of the project's images, tagged by content and pushed to a registry."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sd_kit import paths, subprocesses
from sd_kit.errors import KitError
from sd_kit.images import docker, registry
from sd_kit.offline import base_image, dockerd
from sd_kit.progress import print_line, step

SOURCES = paths.REPOSITORY / "images"
BUILD_CACHE_LIMIT = "20gb"


@dataclass(frozen=True)
class BuiltImage:
    """One image after its build; pods and `docker run` use `reference`."""

    name: str
    reference: str


def build(names: Iterable[str], address: str | None) -> list[BuiltImage]:
    """Build images and push them.

    Args:
        names: Folders of images/; empty for all.
        address: Of the registry; None for the kit's registry if it runs, else no push.
    """
    folders = _folders(list(names))
    dockerd.ensure()
    base_image.ensure()
    target = address or (registry.ADDRESS if registry.answers() else None)
    built = [_build(folder, target) for folder in folders]
    _record(built)
    _prune_build_cache()
    return built


def _folders(names: list[str]) -> list[Path]:
    found = {path.parent.name: path.parent for path in sorted(SOURCES.glob("*/Dockerfile"))}
    unknown = [name for name in names if name not in found]
    if unknown:
        raise KitError(f"Unknown image: {', '.join(unknown)}. The images are {', '.join(found)}.")
    return [found[name] for name in names or found]


def _build(folder: Path, target: str | None) -> BuiltImage:
    name = f"sd-triton-{folder.name}"
    with step(f"building {name}"):
        docker.build(paths.REPOSITORY, f"{name}:dev", f"--file={folder / 'Dockerfile'}", log=f"image-{folder.name}")
    local = f"{name}:{docker.content_tag(f'{name}:dev')}"
    docker.tag(f"{name}:dev", local)
    reference = registry.push(local, target) if target else local
    for older in outdated(name, docker.references(), keep={f"{name}:dev", local, reference}):
        _remove(older)
    return BuiltImage(folder.name, reference)


def outdated(name: str, references: Iterable[str], keep: set[str]) -> list[str]:
    """Return the references of earlier builds of one image, in any registry, except those to keep."""
    return [
        reference
        for reference in references
        if reference.rpartition(":")[0].rpartition("/")[2] == name and reference not in keep
    ]


def _remove(reference: str) -> None:
    # docker refuses to remove an image that a container uses; the next build tries again.
    if not subprocesses.succeeds([docker.client(), "image", "rm", reference]):
        print_line(f"{reference} is in use and was not removed.")


def _prune_build_cache() -> None:
    argv = [docker.client(), "builder", "prune", "--force", f"--keep-storage={BUILD_CACHE_LIMIT}"]
    subprocesses.run(argv, log="prune", purpose="prune docker's build cache", env=docker.BUILDKIT)


def references() -> dict[str, str]:
    """Return the reference of each image's latest build, by folder name."""
    path = _record_path()
    return json.loads(path.read_text()) if path.exists() else {}


def _record(built: list[BuiltImage]) -> None:
    known = references() | {image.name: image.reference for image in built}
    _record_path().write_text(json.dumps(known, indent=2) + "\n")


def _record_path() -> Path:
    return paths.cache() / "images.json"
