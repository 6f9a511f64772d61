"""debian:bookworm-slim, pulled from Docker Hub or made with debootstrap."""

from pathlib import Path

from sd_kit import paths, subprocesses
from sd_kit.images import docker
from sd_kit.locks import locked, temporary_folder
from sd_kit.offline import debian_packages, docker_hub
from sd_kit.progress import step

TAG = "debian:bookworm-slim"
# The published slim image leaves out most of these as well; apt writes its own folders again.
EXCLUDED_FOLDERS = (
    "usr/share/doc",
    "usr/share/man",
    "usr/share/locale",
    "usr/share/info",
    "var/cache/apt",
    "var/lib/apt/lists",
)
SOURCES_LIST = """\
deb http://deb.debian.org/debian bookworm main
deb http://deb.debian.org/debian bookworm-updates main
deb http://deb.debian.org/debian-security bookworm-security main
"""


def ensure() -> None:
    """Pull or make the base image of all our images, unless docker has it."""
    if docker.has_image(TAG):
        return
    with locked("base-image"):
        if not docker.has_image(TAG) and not docker_hub.is_reachable():
            _import(_archive())
        elif not docker.has_image(TAG):
            subprocesses.run([docker.client(), "pull", TAG], log="hub", purpose=f"pull {TAG}")


def _import(archive: Path) -> None:
    argv = [docker.client(), "import", "--change", 'CMD ["bash"]', archive, TAG]
    subprocesses.run(argv, log="base-image", purpose=f"import {TAG}")


def _archive() -> Path:
    archive = paths.folder("images") / "debian-bookworm-slim.tar"
    if not archive.exists():
        debian_packages.install("debootstrap")
        with step(f"making {TAG} with debootstrap"), temporary_folder("debootstrap") as folder:
            _debootstrap(folder / "root")
            _pack(folder / "root", folder / "root.tar")
            (folder / "root.tar").rename(archive)
    return archive


def _debootstrap(root: Path) -> None:
    argv = ["debootstrap", "--variant=minbase", "--include=ca-certificates", "bookworm", root]
    subprocesses.run(argv, log="base-image", purpose="make a Debian root with debootstrap")
    (root / "etc/apt/sources.list").write_text(SOURCES_LIST)


def _pack(root: Path, archive: Path) -> None:
    # apt and dpkg expect the folders to exist, so only their content is excluded.
    excluded = [f"--exclude=./{folder}/*" for folder in EXCLUDED_FOLDERS]
    argv = ["tar", "-C", root, "--numeric-owner", *excluded, "-cf", archive, "."]
    subprocesses.run(argv, log="base-image", purpose="pack the Debian root")
