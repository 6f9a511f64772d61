"""Installs Debian packages on this machine, where they are missing."""

import os
import shutil

from sd_kit import commands
from sd_kit.errors import KitError
from sd_kit.steps import step

QUIET = {"DEBIAN_FRONTEND": "noninteractive"}


def install(*packages: str) -> None:
    """Install those of `packages` that are missing; needs root and apt-get."""
    absent = [name for name in packages if not _installed(name)]
    if not absent:
        return
    _require_root_and_apt(absent)
    with step(f"installing {', '.join(absent)}"):
        update = ["apt-get", "update"]
        commands.run(update, log="apt", purpose="read the list of Debian packages", env=QUIET)
        argv = ["apt-get", "install", "-y", "--no-install-recommends", *absent]
        commands.run(argv, log="apt", purpose=f"install {', '.join(absent)}", env=QUIET)


def _installed(package: str) -> bool:
    """Whether dpkg has it installed; that it knows the name, from a removed package or another's wish, says nothing."""
    asked = ["dpkg-query", "-W", "-f", "${db:Status-Abbrev}", package]
    return commands.succeeds(asked) and commands.output(asked, purpose=f"ask for {package}").startswith("ii")


def _require_root_and_apt(absent: list[str]) -> None:
    names = ", ".join(absent)
    if shutil.which("apt-get") is None:
        raise KitError(
            f"This machine lacks {names} and has no apt-get. Install docker and start it, then run this again."
        )
    if os.geteuid() != 0:
        raise KitError(f"Installing {names} needs root. Start docker yourself, or run this again as root.")
