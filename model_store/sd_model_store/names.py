"""The names of pipelines and revisions, which become paths and must stay inside."""

from __future__ import annotations

import re

from sd_model_store.errors import RevisionNotFoundError, UnsupportedPipelineError

_PART = r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9])?"
_REPOSITORY = re.compile(rf"{_PART}/{_PART}")
_REVISION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,127}")
_COMMIT = re.compile(r"[0-9a-f]{40}")


def check_pipeline(name: str) -> str:
    """The name itself.

    Raises:
        UnsupportedPipelineError: it is no name of a repository.
    """
    if not is_repository(name):
        pinned = " The revision is given on its own, not behind an @." if "@" in name else ""
        raise UnsupportedPipelineError(
            f"{name!r} is not a pipeline's name; it must look like pyannote/speaker-diarization-community-1.{pinned}"
        )
    return name


def check_revision(revision: str) -> str:
    """The revision itself.

    Raises:
        RevisionNotFoundError: no revision is called like that.
    """
    if not _REVISION.fullmatch(revision) or ".." in revision:
        raise RevisionNotFoundError(f"{revision!r} is no revision; give a commit of 40 hex digits, or a tag.")
    return revision


def is_repository(name: str) -> bool:
    """Whether it may be the name of one: `org/name`."""
    return _REPOSITORY.fullmatch(name) is not None and "--" not in name and ".." not in name


def is_commit(revision: str) -> bool:
    return _COMMIT.fullmatch(revision) is not None
