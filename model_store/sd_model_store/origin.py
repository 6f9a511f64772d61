"""Where the files of a downloaded directory came from; it lies beside them, and the manifest covers it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from sd_model_store import names
from sd_model_store.errors import CorruptError

FILE_NAME = "origin.json"


@dataclass(frozen=True, slots=True)
class Origin:
    """A pipeline at a commit, and each repository that it took files from at the commit that this was at."""

    pipeline: str
    commit: str
    repositories: dict[str, str]

    def write(self, directory: Path) -> None:
        (directory / FILE_NAME).write_text(json.dumps(asdict(self), indent=1, sort_keys=True) + "\n")


def read(directory: Path) -> Origin:
    """What was written.

    Raises:
        CorruptError: there is nothing, or something else.
    """
    try:
        document = json.loads((directory / FILE_NAME).read_bytes())
        origin = Origin(document["pipeline"], document["commit"], dict(document["repositories"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CorruptError(f"{directory} does not say where it came from: its {FILE_NAME} cannot be read.") from error
    if not names.is_commit(origin.commit):
        raise CorruptError(f"{directory / FILE_NAME} names no commit.")
    names.check_pipeline(origin.pipeline)
    return origin
