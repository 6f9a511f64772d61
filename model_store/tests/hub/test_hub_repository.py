"""The listed digests of a repository's files."""

from __future__ import annotations

import hashlib
import io

import pytest
from sd_model_store.errors import HubUnreachableError, UnsupportedPipelineError
from sd_model_store.hub.repository import RemoteFile, Repository

CONTENT = b"content of a file"
BLOB_ID = hashlib.sha1(b"blob %d\0" % len(CONTENT) + CONTENT, usedforsecurity=False).hexdigest()
SHA256 = hashlib.sha256(CONTENT).hexdigest()


def remote_file(sha256: str | None, blob_id: str | None) -> RemoteFile:
    return RemoteFile("a/b", "c" * 40, "x.bin", len(CONTENT), sha256, blob_id)


@pytest.mark.parametrize(("sha256", "blob_id"), [(SHA256, None), (None, BLOB_ID), (SHA256, "0" * 40)])
def test_a_file_matches_its_listed_digest_only(sha256: str | None, blob_id: str | None) -> None:
    file = remote_file(sha256, blob_id)
    assert file.matches(io.BytesIO(CONTENT))
    assert not file.matches(io.BytesIO(CONTENT[:-1] + b"?"))


def test_a_file_without_a_digest_cannot_be_verified() -> None:
    repository = Repository("a/b", "c" * 40, {"x.bin": remote_file(None, None)})
    with pytest.raises(HubUnreachableError, match="without size and digest"):
        repository.file("x.bin")


def test_a_missing_file_makes_the_pipeline_unsupported() -> None:
    with pytest.raises(UnsupportedPipelineError, match=r"contains no config\.yaml"):
        Repository("a/b", "c" * 40, {}).file("config.yaml")
