"""What a tag or a branch led to when it was first asked for: kept in a file, so that it leads there ever after."""

from __future__ import annotations

import json
import os
import re
from dataclasses import asdict, dataclass
from pathlib import Path

from sd_model_store import names, space
from sd_model_store.errors import CorruptError

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Pin:
    """A pipeline at the revision that was asked for, and the commit and the digest that this was."""

    pipeline: str
    revision: str
    commit: str
    digest: str


def read(file: Path, pipeline: str, revision: str) -> Pin | None:
    """What is pinned for this pipeline and revision; None = nothing yet, or another one.

    Raises:
        CorruptError: the file holds something else.
    """
    try:
        document = json.loads(file.read_bytes())
        pinned = Pin(**{field: str(document[field]) for field in Pin.__slots__})
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _unreadable(file) from error
    if not (names.is_commit(pinned.commit) and _DIGEST.fullmatch(pinned.digest)):
        raise _unreadable(file)
    return pinned if (pinned.pipeline, pinned.revision) == (pipeline, revision) else None


def write(file: Path, pinned: Pin) -> None:
    """In one step, and on the disk when it returns.

    Raises:
        CacheUnusableError, InsufficientSpaceError: it cannot be written.
    """
    unfinished = file.with_name(f"{file.name}.unfinished")
    with space.writing(file.parent):
        with unfinished.open("w") as text:
            text.write(json.dumps(asdict(pinned), indent=1) + "\n")
            text.flush()
            os.fsync(text.fileno())
        unfinished.replace(file)


def _unreadable(file: Path) -> CorruptError:
    return CorruptError(
        f"{file} does not say what is pinned: it has been changed by somebody else. Delete it, and the revision is "
        "looked up anew."
    )
