"""The one sentence that a process leaves behind when it cannot go on."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import NoReturn

TERMINATION_LOG = Path("/dev/termination-log")
"""Kubernetes shows what stands here as the container's last message."""


MODEL_NOT_LOADED = 3
"""Exit status of an engine whose model cannot be loaded: the operator tells it from a crash by that."""
MODEL_CORRUPT = 4
"""Exit status of an engine whose model is not the one that was pinned: it must be fetched anew, and is not loaded."""


def give_up(sentence: str, status: int = 1) -> NoReturn:
    """Says why, where a person or Kubernetes will look, and ends. Ends even while threads still run."""
    print(sentence, file=sys.stderr, flush=True)  # noqa: T201 - a person may read this in a terminal
    if os.access(TERMINATION_LOG, os.W_OK):
        TERMINATION_LOG.write_text(sentence)
    os._exit(status)
