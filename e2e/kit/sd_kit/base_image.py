"""debian:bookworm-slim: pulled where that is possible, else made by debootstrap."""

from pathlib import Path

from sd_kit import commands, debian, docker, hub, places
from sd_kit.locks import locked, scratch
from sd_kit.steps import step

TAG = "debian:bookworm-slim"
# What the published slim image leaves out too, and what apt writes again.
LEFT_OUT = (
    "usr/share/doc",
    "usr/share/man",
    "usr/share/locale",
    "usr/share/info",
    "var/cache/apt",
    "var/lib/apt/lists",
)
SOURCES = """\
deb http://deb.debian.org/debian bookworm main
deb http://deb.debian.org/debian bookworm-updates main
deb http://deb.debian.org/debian-security bookworm-security main
"""


def ensure() -> None:
    """Make docker hold the base image of all our images."""
    if docker.has_image(TAG):
        return
    with locked("base-image"):
        if not docker.has_image(TAG) and not hub.reachable():
            _import(_archive())
        elif not docker.has_image(TAG):
            commands.run([docker.client(), "pull", TAG], log="hub", purpose=f"pull {TAG}")


def _import(archive: Path) -> None:
    argv = [docker.client(), "import", "--change", 'CMD ["bash"]', archive, TAG]
    commands.run(argv, log="base-image", purpose=f"import {TAG}")


def _archive() -> Path:
    archive = places.folder("images") / "debian-bookworm-slim.tar"
    if not archive.exists():
        debian.install("debootstrap")
        with step(f"making {TAG} with debootstrap"), scratch("debootstrap") as made:
            _debootstrap(made / "root")
            _pack(made / "root", made / "root.tar")
            (made / "root.tar").rename(archive)
    return archive


def _debootstrap(root: Path) -> None:
    argv = ["debootstrap", "--variant=minbase", "--include=ca-certificates", "bookworm", root]
    commands.run(argv, log="base-image", purpose="make a Debian root with debootstrap")
    (root / "etc/apt/sources.list").write_text(SOURCES)


def _pack(root: Path, archive: Path) -> None:
    # The folders stay, because apt and dpkg expect them; what is in them goes.
    left_out = [f"--exclude=./{folder}/*" for folder in LEFT_OUT]
    argv = ["tar", "-C", root, "--numeric-owner", *left_out, "-cf", archive, "."]
    commands.run(argv, log="base-image", purpose="pack the Debian root")
