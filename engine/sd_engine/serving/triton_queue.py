"""The length of Triton's request queue, read from Triton's own metrics."""

from __future__ import annotations

import re
import urllib.request
from http.client import HTTPException

_PENDING = re.compile(
    r'^nv_inference_pending_request_count\{[^}]*model="speaker_diarization"[^}]*\} (\S+)$', re.MULTILINE
)
_TIMEOUT_S = 0.5


def pending_requests(metrics_url: str) -> float:
    """Return the number of requests in Triton's queue; 0 while Triton does not respond and so has no queue."""
    try:
        with urllib.request.urlopen(metrics_url, timeout=_TIMEOUT_S) as response:  # noqa: S310 - a setting
            pending = _PENDING.search(response.read().decode())
    except (OSError, HTTPException, ValueError):
        return 0.0
    return float(pending[1]) if pending else 0.0
