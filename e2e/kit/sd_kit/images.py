"""Builds the project's own images, tags them by content, and carries them to a registry."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sd_kit import base_image, commands, docker, dockerd, places, registry
from sd_kit.errors import KitError
from sd_kit.steps import say, step

SOURCES = places.REPOSITORY / "images"
CACHE_LIMIT = "20gb"


@dataclass(frozen=True)
class Built:
    """One image after its build: `reference` is what a pod or `docker run` asks for."""

    name: str
    reference: str


def build(names: Iterable[str], address: str | None) -> list[Built]:
    """Build the named images, or all; push them to `address`, or to the kit's registry where it runs."""
    chosen = _chosen(list(names))
    dockerd.ensure()
    base_image.ensure()
    target = address or (registry.ADDRESS if registry.answers() else None)
    built = [_build(folder, target) for folder in chosen]
    _remember(built)
    _free_space()
    return built


def _chosen(names: list[str]) -> list[Path]:
    found = {path.parent.name: path.parent for path in sorted(SOURCES.glob("*/Dockerfile"))}
    unknown = [name for name in names if name not in found]
    if unknown:
        raise KitError(f"No image is called {', '.join(unknown)}. There are: {', '.join(found)}.")
    return [found[name] for name in names or found]


def _build(folder: Path, target: str | None) -> Built:
    name = f"sd-triton-{folder.name}"
    with step(f"building {name}"):
        docker.build(places.REPOSITORY, f"{name}:dev", f"--file={folder / 'Dockerfile'}", log=f"image-{folder.name}")
    local = f"{name}:{docker.content_tag(f'{name}:dev')}"
    docker.tag(f"{name}:dev", local)
    reference = registry.push(local, target) if target else local
    for older in superseded(name, docker.references(), keep={f"{name}:dev", local, reference}):
        _remove(older)
    return Built(folder.name, reference)


def superseded(name: str, references: Iterable[str], keep: set[str]) -> list[str]:
    """Those references to earlier builds of one image, in any registry, that no longer serve."""
    return [
        reference
        for reference in references
        if reference.rpartition(":")[0].rpartition("/")[2] == name and reference not in keep
    ]


def _remove(reference: str) -> None:
    # An image that a container still uses stays until the next build.
    if not commands.succeeds([docker.client(), "image", "rm", reference]):
        say(f"{reference} is still in use and stays.")


def _free_space() -> None:
    argv = [docker.client(), "builder", "prune", "--force", f"--keep-storage={CACHE_LIMIT}"]
    commands.run(argv, log="prune", purpose="prune docker's build cache", env=docker.BUILDKIT)


def references() -> dict[str, str]:
    """The reference of each image as it was built last, by the name of its folder."""
    path = _memory()
    return json.loads(path.read_text()) if path.exists() else {}


def _remember(built: list[Built]) -> None:
    known = references() | {image.name: image.reference for image in built}
    _memory().write_text(json.dumps(known, indent=2) + "\n")


def _memory() -> Path:
    return places.cache() / "images.json"
