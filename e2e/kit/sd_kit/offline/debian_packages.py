"""Installation of missing Debian packages on this machine."""

import os
import shutil

from sd_kit import subprocesses
from sd_kit.errors import KitError
from sd_kit.progress import step

NONINTERACTIVE = {"DEBIAN_FRONTEND": "noninteractive"}


def install(*packages: str) -> None:
    """Install the missing ones of `packages`.

    Raises:
        KitError: this process is not root, there is no apt-get, or the installation failed.
    """
    missing = [name for name in packages if not _is_installed(name)]
    if not missing:
        return
    names = ", ".join(missing)
    _require_root_and_apt(names)
    with step(f"installing {names}"):
        update = ["apt-get", "update"]
        subprocesses.run(update, log="apt", purpose="update the list of Debian packages", env=NONINTERACTIVE)
        argv = ["apt-get", "install", "-y", "--no-install-recommends", *missing]
        subprocesses.run(argv, log="apt", purpose=f"install {names}", env=NONINTERACTIVE)


def _is_installed(package: str) -> bool:
    """Return True for dpkg's status `ii`; dpkg also knows packages that are removed or only recommended."""
    query = ["dpkg-query", "-W", "-f", "${db:Status-Abbrev}", package]
    return subprocesses.succeeds(query) and subprocesses.output(query, purpose=f"query {package}").startswith("ii")


def _require_root_and_apt(names: str) -> None:
    if shutil.which("apt-get") is None:
        raise KitError(
            f"This machine lacks {names} and has no apt-get. Install docker and start it, then run this again."
        )
    if os.geteuid() != 0:
        raise KitError(f"Installing {names} requires root. Start docker, or run this again as root.")
