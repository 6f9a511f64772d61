"""What a successful run has to say."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sd_model_store.origin import Origin


@dataclass(frozen=True, slots=True)
class Supplied:
    """A directory that can be loaded (or an archive of one), and the digest to pin it by."""

    place: Path
    digest: str
    size_bytes: int
    origin: Origin | None = None
    received_bytes: int = 0
    """How much of it came over the network in this run; 0 = all of it was there."""
