"""A repository of a hub at one commit, and its files with the digests that the hub lists."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import BinaryIO

from sd_model_store.errors import HubUnreachableError, UnsupportedPipelineError


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file at a commit, with the digests that the hub lists: sha256 of large files, git's blob id of all files."""

    repository: str
    commit: str
    path: str
    size_bytes: int
    sha256: str | None
    blob_id: str | None

    def matches(self, file: BinaryIO) -> bool:
        """Return True if the content has the listed digest; reads `file` to its end."""
        blob_hash = hashlib.sha1(b"blob %d\0" % self.size_bytes, usedforsecurity=False)
        computed = blob_hash if self.sha256 is None else hashlib.sha256()
        while chunk := file.read(2**20):
            computed.update(chunk)
        return computed.hexdigest() == (self.sha256 or self.blob_id)


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository at one commit, and its files by path."""

    name: str
    commit: str
    files: dict[str, RemoteFile]

    def file(self, path: str) -> RemoteFile:
        """Return the file at `path`.

        Raises:
            UnsupportedPipelineError: The repository has no such file.
            HubUnreachableError: The hub, usually a mirror, lists the file without a digest.
        """
        if path not in self.files:
            raise UnsupportedPipelineError(
                f"{self.name} contains no {path} at {self.commit}: it is not a pipeline that the engine can run."
            )
        file = self.files[path]
        if file.sha256 is None and file.blob_id is None:
            raise HubUnreachableError(
                f"The hub lists {path} of {self.name} without size and digest, so the file cannot be verified. "
                "Use an endpoint that provides them, or import an archive."
            )
        return file
