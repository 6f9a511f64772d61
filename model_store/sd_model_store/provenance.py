"""Provenance of a downloaded model: its source repositories and commits, and the pin of a tag or branch.

`origin.json` lies in the model directory and is covered by its manifest. The pin is a file of its own: it records the
commit and digest of the first download of a revision, so that later downloads use the same commit.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import asdict, dataclass
from pathlib import Path

from sd_model_store import disk_space, names
from sd_model_store.errors import CorruptError

ORIGIN_FILE_NAME = "origin.json"
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Origin:
    """A pipeline at a commit, and the commit of each repository that its files come from."""

    pipeline: str
    commit: str
    repositories: dict[str, str]


@dataclass(frozen=True, slots=True)
class Pin:
    """A pipeline at a requested revision, and the commit and digest to which the revision was resolved."""

    pipeline: str
    revision: str
    commit: str
    digest: str


def write_origin(directory: Path, origin: Origin) -> None:
    """Write `origin.json` into a model directory."""
    (directory / ORIGIN_FILE_NAME).write_text(json.dumps(asdict(origin), indent=1, sort_keys=True) + "\n")


def read_origin(directory: Path) -> Origin:
    """Return the origin stored in a model directory.

    Raises:
        CorruptError: `origin.json` is missing or invalid.
        UnsupportedPipelineError: It contains an invalid pipeline name.
    """
    file = directory / ORIGIN_FILE_NAME
    try:
        document = json.loads(file.read_bytes())
        origin = Origin(document["pipeline"], document["commit"], dict(document["repositories"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CorruptError(f"The origin of {directory} is unknown: its {ORIGIN_FILE_NAME} cannot be read.") from error
    if not names.is_commit(origin.commit):
        raise CorruptError(f"{file} contains no valid commit.")
    names.check_pipeline(origin.pipeline)
    return origin


def read_pin(file: Path, pipeline: str, revision: str) -> Pin | None:
    """Return the pin for this pipeline and revision, or None if there is none or it is for another revision.

    Raises:
        CorruptError: The file has invalid content.
    """
    try:
        document = json.loads(file.read_bytes())
        pin = Pin(**{field: str(document[field]) for field in Pin.__slots__})
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _invalid_pin(file) from error
    if not (names.is_commit(pin.commit) and _DIGEST.fullmatch(pin.digest)):
        raise _invalid_pin(file)
    return pin if (pin.pipeline, pin.revision) == (pipeline, revision) else None


def write_pin(file: Path, pin: Pin) -> None:
    """Replace the pin file by an atomic rename; it is synced to disk on return.

    Raises:
        CacheUnusableError, InsufficientSpaceError: The file cannot be written.
    """
    unfinished = file.with_name(f"{file.name}.unfinished")
    with disk_space.mapped_write_errors(file.parent):
        with unfinished.open("w") as text:
            text.write(json.dumps(asdict(pin), indent=1) + "\n")
            text.flush()
            os.fsync(text.fileno())
        unfinished.replace(file)


def _invalid_pin(file: Path) -> CorruptError:
    return CorruptError(f"The pin file {file} is invalid. Delete it; the next download resolves the revision again.")
