"""Paths of the repository and of the kit's cache, $SD_TRITON_CACHE."""

import os
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
OFFLINE = PACKAGE / "offline"
REPOSITORY = PACKAGE.parents[2]


def cache() -> Path:
    """Return the cache's root folder; create it if it is missing."""
    root = Path(os.environ.get("SD_TRITON_CACHE") or Path.home() / ".cache" / "sd-triton")
    root.mkdir(parents=True, exist_ok=True)
    return root


def folder(*names: str) -> Path:
    """Return a folder of the cache; create it if it is missing."""
    path = cache().joinpath(*names)
    path.mkdir(parents=True, exist_ok=True)
    return path


def log(name: str) -> Path:
    """Return the path of a step's or daemon's log file."""
    return folder("logs") / f"{name}.log"


def kubeconfig() -> Path:
    """Return the path of the cluster's own kubeconfig; the kit never writes to ~/.kube/config."""
    return cache() / "kubeconfig"
