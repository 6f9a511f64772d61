"""kubectl with the cluster's own kubeconfig."""

import os
from pathlib import Path

from sd_kit import paths, subprocesses
from sd_kit.offline import go_build


def program() -> Path:
    """Return the path of the kubectl binary."""
    return go_build.binary("kubectl")


def environment() -> dict[str, str]:
    """Return this process's environment with KUBECONFIG set to the cluster's kubeconfig."""
    return {**os.environ, "KUBECONFIG": str(paths.kubeconfig())}


def run(*arguments: str, purpose: str) -> str:
    """Return the stdout of `kubectl`.

    Raises:
        KitError: kubectl failed; the message names `purpose` and quotes stderr.
    """
    return subprocesses.output([program(), *arguments], purpose=purpose, env=environment())
