"""Names of repositories and revisions: valid ones are accepted, paths are rejected."""

from __future__ import annotations

import pytest
from sd_model_store import names
from sd_model_store.errors import RevisionNotFoundError, UnsupportedPipelineError


@pytest.mark.parametrize("name", ["pyannote/speaker-diarization-3.1", "a/b", "Org_1/x.y-z"])
def test_a_repository_name_is_accepted(name: str) -> None:
    names.check_pipeline(name)


@pytest.mark.parametrize(
    "name", ["", "a", "a/b/c", "../b", "a/..", "/etc", "a--b/c", "a/b c", "a/.b", "a/b@2.1", "a/é"]
)
def test_another_text_is_rejected(name: str) -> None:
    with pytest.raises(UnsupportedPipelineError, match="not a valid pipeline name"):
        names.check_pipeline(name)


@pytest.mark.parametrize("revision", ["main", "v1", "0" * 40, "refs/pr/1"])
def test_a_revision_is_accepted(revision: str) -> None:
    names.check_revision(revision)


@pytest.mark.parametrize("revision", ["", "../x", "a/../b", "/etc", "-x", "a b", "x" * 200])
def test_an_invalid_revision_is_rejected(revision: str) -> None:
    with pytest.raises(RevisionNotFoundError, match="40 hex digits"):
        names.check_revision(revision)


def test_a_commit_has_40_hex_digits() -> None:
    assert names.is_commit("0123456789abcdef" * 2 + "01234567")
    assert not names.is_commit("0" * 39)
    assert not names.is_commit("A" * 40)
