"""Validation of repository names and revisions; both become parts of paths and URLs."""

from __future__ import annotations

import re

from sd_model_store.errors import RevisionNotFoundError, UnsupportedPipelineError

_PART = r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9])?"
_REPOSITORY = re.compile(rf"{_PART}/{_PART}")
_REVISION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,127}")
_COMMIT = re.compile(r"[0-9a-f]{40}")


def check_pipeline(name: str) -> None:
    """Check that `name` is a valid repository name.

    Raises:
        UnsupportedPipelineError: The name is invalid.
    """
    if not is_repository(name):
        hint = " Set the revision separately, not after an @." if "@" in name else ""
        raise UnsupportedPipelineError(
            f"{name!r} is not a valid pipeline name. Use a name such as pyannote/speaker-diarization-community-1.{hint}"
        )


def check_revision(revision: str) -> None:
    """Check that `revision` is a valid commit, tag or branch name.

    Raises:
        RevisionNotFoundError: The revision is invalid.
    """
    if not _REVISION.fullmatch(revision) or ".." in revision:
        raise RevisionNotFoundError(f"{revision!r} is not a valid revision. Use a commit of 40 hex digits, or a tag.")


def is_repository(name: str) -> bool:
    """Return True if `name` has the form of a repository name, `org/name`."""
    return _REPOSITORY.fullmatch(name) is not None and "--" not in name and ".." not in name


def is_commit(revision: str) -> bool:
    """Return True if `revision` is a full commit hash."""
    return _COMMIT.fullmatch(revision) is not None
