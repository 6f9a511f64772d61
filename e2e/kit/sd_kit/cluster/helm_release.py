"""The Helm release of the operator in the cluster."""

import json
import os

from sd_kit import paths, subprocesses
from sd_kit.cluster import kubectl
from sd_kit.offline import go_build

CHART = paths.REPOSITORY / "charts" / "sd-triton"
RELEASE = NAMESPACE = "sd-triton"


def install(images: dict[str, str], *, log_level: str = "INFO") -> None:
    """Install or upgrade the operator, and wait until it runs.

    Args:
        images: References of the images `operator` and `server`.
        log_level: Of the operator.
    """
    values = {
        "operator.logLevel": log_level,
        "images.operator": images["operator"],
        "images.server": images["server"],
        # Triton's PyPI build in our server image, for tests only: it saves a download of 10 GB.
        "images.triton": os.environ.get("TRITON_IMAGE") or images["server"],
    }
    if _is_pending():
        _helm("uninstall", RELEASE, "--wait", purpose="remove an interrupted installation")
    _helm(
        *("upgrade", "--install", RELEASE, str(CHART), "--create-namespace", "--wait", "--timeout", "3m"),
        *(f"--set-string={name}={value}" for name, value in values.items()),
        purpose="install the chart",
    )


def _is_pending() -> bool:
    """Return True if an earlier helm was interrupted: helm rejects every further operation on such a release."""
    releases = json.loads(_helm("list", "--pending", "--output", "json", purpose="list the releases"))
    return any(release["name"] == RELEASE for release in releases)


def _helm(*arguments: str, purpose: str) -> str:
    argv = [go_build.binary("helm"), *arguments, "--namespace", NAMESPACE]
    return subprocesses.output(argv, purpose=purpose, env=kubectl.environment())
