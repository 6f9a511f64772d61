"""Whether public images can be pulled here: asked once, remembered for a while."""

import json
import time
from pathlib import Path
from typing import Any

from sd_kit import commands, docker, places
from sd_kit.errors import KitError

PROBE = "docker.io/library/debian:bookworm-slim"
PATIENCE_S = 60.0
REMEMBERED_S = 6 * 3600.0


def reachable() -> bool:
    """Whether docker could pull a small public image, now or in the last hours."""
    memory = places.cache() / "hub.json"
    known = recall(memory, now_s=time.time())
    if known is None:
        known = _pull_probe()
        memory.write_text(json.dumps({"reachable": known, "asked_at_s": time.time()}))
    return known


def recall(memory: Path, *, now_s: float) -> bool | None:
    """The remembered answer, or None when there is none or it is too old."""
    if not memory.exists():
        return None
    answer: dict[str, Any] = json.loads(memory.read_text())
    return bool(answer["reachable"]) if now_s - answer["asked_at_s"] < REMEMBERED_S else None


def _pull_probe() -> bool:
    argv = [docker.client(), "pull", PROBE]
    try:
        commands.run(argv, log="hub", purpose="pull a public image", timeout_s=PATIENCE_S)
    except KitError:
        return False  # an answer, not a failure: what cannot be pulled is built here
    return True
