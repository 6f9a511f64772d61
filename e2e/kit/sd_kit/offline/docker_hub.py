"""The availability of Docker Hub, probed once and cached for hours."""

import json
import time
from pathlib import Path
from typing import Any

from sd_kit import paths, subprocesses
from sd_kit.errors import KitError
from sd_kit.images import docker

PROBE = "docker.io/library/debian:bookworm-slim"
PROBE_TIMEOUT_S = 60.0
CACHED_FOR_S = 6 * 3600.0


def is_reachable() -> bool:
    """Return True if docker can pull a small public image, or could in the last hours."""
    path = paths.cache() / "hub.json"
    reachable = cached_result(path, now_s=time.time())
    if reachable is None:
        reachable = _pull_probe()
        path.write_text(json.dumps({"reachable": reachable, "asked_at_s": time.time()}))
    return reachable


def cached_result(path: Path, *, now_s: float) -> bool | None:
    """Return the cached result, or None if there is none or it is too old."""
    if not path.exists():
        return None
    cached: dict[str, Any] = json.loads(path.read_text())
    return bool(cached["reachable"]) if now_s - cached["asked_at_s"] < CACHED_FOR_S else None


def _pull_probe() -> bool:
    argv = [docker.client(), "pull", PROBE]
    try:
        subprocesses.run(argv, log="hub", purpose="pull a public image", timeout_s=PROBE_TIMEOUT_S)
    except KitError:
        return False  # the expected result of the probe without a network
    return True
