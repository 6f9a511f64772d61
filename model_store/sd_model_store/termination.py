"""The last words of a run: a JSON document of at most 4096 bytes, where the kubelet reads it and the operator after."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sd_model_store.errors import SupplyError
from sd_model_store.result import Supplied

DEFAULT_FILE = Path("/dev/termination-log")
OF_A_JOB = ("download", "verify", "remove")
MAX_BYTES = 4096
"""More than that the kubelet cuts off, and half a JSON document says nothing."""


def of_success(supplied: Supplied) -> dict[str, Any]:
    origin = supplied.origin
    return {
        "digest": supplied.digest,
        "path": str(supplied.place),
        "size_bytes": supplied.size_bytes,
        "received_bytes": supplied.received_bytes,
        **(
            {"pipeline": origin.pipeline, "revision": origin.commit, "repositories": origin.repositories}
            if origin
            else {}
        ),
    }


def of_failure(error: SupplyError) -> dict[str, Any]:
    return {"reason": error.reason, "message": str(error), "pages": list(error.pages)}


def encoded(document: dict[str, Any]) -> bytes:
    """The document as JSON; a sentence that is too long is cut, the rest is always whole."""
    text = json.dumps(document, ensure_ascii=False).encode()
    if len(text) <= MAX_BYTES or "message" not in document:
        return text
    too_many_bytes = len(text) - MAX_BYTES + len("…".encode())
    # Each byte of the sentence takes one or more in JSON: cutting as many bytes off it is enough.
    kept = document["message"].encode()[:-too_many_bytes].decode(errors="ignore")
    return json.dumps(document | {"message": kept + "…"}, ensure_ascii=False).encode()


def file_of(command: str) -> Path | None:
    """Where the kubelet looks, if there is one, and the command is a container's own: others run beside a server."""
    return DEFAULT_FILE if command in OF_A_JOB and DEFAULT_FILE.exists() else None


def write(document: dict[str, Any], file: Path | None) -> None:
    """Into the file, if there is one."""
    if file is not None:
        file.write_bytes(encoded(document))
