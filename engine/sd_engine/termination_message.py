"""The termination message: the text that a process leaves when it exits because it cannot continue."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import NoReturn

TERMINATION_LOG = Path("/dev/termination-log")
"""Kubernetes shows the content of this file in the container's terminated state."""

MODEL_NOT_LOADED = 3
"""Exit status of an engine whose model cannot be loaded; the operator tells it from a crash by this."""
MODEL_CORRUPT = 4
"""Exit status of an engine whose model differs from the pinned digest; it has to be downloaded again."""


def exit_with_message(message: str, status: int = 1) -> NoReturn:
    """Write `message` to stderr and to Kubernetes' termination log, and exit even while threads run."""
    print(message, file=sys.stderr, flush=True)  # noqa: T201 - a person may read this in a terminal
    if os.access(TERMINATION_LOG, os.W_OK):
        TERMINATION_LOG.write_text(message)
    os._exit(status)
