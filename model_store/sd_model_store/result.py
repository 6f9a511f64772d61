"""The result of a run as JSON: printed, and written as the container's termination message."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sd_model_store.errors import ModelStoreError
from sd_model_store.provenance import Origin

TERMINATION_LOG = Path("/dev/termination-log")
JOB_COMMANDS = ("download", "verify", "remove")
"""Commands that are the main process of a Job's container; the others run beside a server or by hand."""
MAX_BYTES = 4096
"""The kubelet truncates a longer termination message, and truncated JSON cannot be parsed."""


@dataclass(frozen=True, slots=True)
class Result:
    """A verified model directory, or an archive of one, and its digest."""

    path: Path
    digest: str
    size_bytes: int
    origin: Origin | None = None
    received_bytes: int = 0
    """Bytes downloaded in this run; 0 if everything was cached."""


def success_document(result: Result) -> dict[str, Any]:
    """Return the JSON document of a successful run."""
    origin = result.origin
    return {
        "digest": result.digest,
        "path": str(result.path),
        "size_bytes": result.size_bytes,
        "received_bytes": result.received_bytes,
        **(
            {"pipeline": origin.pipeline, "revision": origin.commit, "repositories": origin.repositories}
            if origin
            else {}
        ),
    }


def failure_document(error: ModelStoreError) -> dict[str, Any]:
    """Return the JSON document of a failed run."""
    return {"reason": error.reason, "message": str(error), "pages": list(error.pages)}


def termination_message(document: dict[str, Any]) -> bytes:
    """Return the document as JSON of at most 4096 bytes; only its `message` is truncated."""
    encoded = json.dumps(document, ensure_ascii=False).encode()
    if len(encoded) <= MAX_BYTES or "message" not in document:
        return encoded
    excess_bytes = len(encoded) - MAX_BYTES + len("…".encode())
    # A byte of the message takes at least one byte in JSON, so removing `excess_bytes` of them is enough.
    kept = document["message"].encode()[:-excess_bytes].decode(errors="ignore")
    return json.dumps(document | {"message": kept + "…"}, ensure_ascii=False).encode()


def termination_log(command: str) -> Path | None:
    """Return the container's termination log if it exists and the command is a Job's."""
    return TERMINATION_LOG if command in JOB_COMMANDS and TERMINATION_LOG.exists() else None


def write_termination_message(document: dict[str, Any], file: Path | None) -> None:
    """Write the termination message to `file`; None = do nothing."""
    if file is not None:
        file.write_bytes(termination_message(document))
