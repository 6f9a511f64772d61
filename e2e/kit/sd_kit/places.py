"""Where the kit keeps what it makes: everything under one folder, $SD_TRITON_CACHE."""

import os
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
REPOSITORY = PACKAGE.parents[2]


def cache() -> Path:
    """The root of all caches; made when it is missing."""
    root = Path(os.environ.get("SD_TRITON_CACHE") or Path.home() / ".cache" / "sd-triton")
    root.mkdir(parents=True, exist_ok=True)
    return root


def folder(*names: str) -> Path:
    """A folder of the cache; made when it is missing."""
    path = cache().joinpath(*names)
    path.mkdir(parents=True, exist_ok=True)
    return path


def log(name: str) -> Path:
    """The log file of one step or daemon."""
    return folder("logs") / f"{name}.log"


def kubeconfig() -> Path:
    """The cluster's own kubeconfig: ~/.kube/config is never touched."""
    return cache() / "kubeconfig"
