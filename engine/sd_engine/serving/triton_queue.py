"""How many requests wait before the adapters: Triton's own gauge, read from Triton's metrics."""

from __future__ import annotations

import re
import urllib.request
from http.client import HTTPException

_PENDING = re.compile(
    r'^nv_inference_pending_request_count\{[^}]*model="speaker_diarization"[^}]*\} (\S+)$', re.MULTILINE
)
_WITHIN_S = 0.5


def waiting(url: str) -> float:
    """The requests in Triton's queue; 0 while Triton does not answer: then nothing can wait there."""
    try:
        with urllib.request.urlopen(url, timeout=_WITHIN_S) as answer:  # noqa: S310 - a setting, not a caller's word
            found = _PENDING.search(answer.read().decode())
    except (OSError, HTTPException, ValueError):
        return 0.0
    return float(found[1]) if found else 0.0
