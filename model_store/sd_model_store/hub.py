"""What is asked of a hub, through its own client: a repository's files, whether they may be read, and their bytes."""

from __future__ import annotations

import hashlib
import io
import logging
from dataclasses import dataclass
from typing import BinaryIO

from huggingface_hub import HfApi, get_hf_file_metadata, hf_hub_url  # pyright: ignore[reportUnknownVariableType]
from huggingface_hub.file_download import http_get  # pyright: ignore[reportUnknownVariableType]

from sd_model_store.deadline import Deadline, Timeouts
from sd_model_store.error_mapping import told_apart
from sd_model_store.errors import CorruptError, HubUnreachableError, UnsupportedPipelineError
from sd_model_store.messages import Question
from sd_model_store.token import Token

LOG = logging.getLogger("sd_model_store")


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file at a commit, and what the hub says about its bytes: sha256 of large files, git's blob id of all."""

    repository: str
    commit: str
    path: str
    size_bytes: int
    sha256: str | None
    blob_id: str | None

    def is_in(self, file: BinaryIO) -> bool:
        """Whether these are its bytes; `file` is read to its end."""
        of_git = hashlib.sha1(b"blob %d\0" % self.size_bytes, usedforsecurity=False)
        digest = of_git if self.sha256 is None else hashlib.sha256()
        while piece := file.read(2**20):
            digest.update(piece)
        return digest.hexdigest() == (self.sha256 or self.blob_id)


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository at one commit."""

    name: str
    commit: str
    files: dict[str, RemoteFile]

    def file(self, path: str) -> RemoteFile:
        """The file at `path`.

        Raises:
            UnsupportedPipelineError: there is none, so this is not what a pipeline is made of.
            HubUnreachableError: the hub, most likely a mirror, does not say what its bytes are.
        """
        if path not in self.files:
            raise UnsupportedPipelineError(
                f"{self.name} holds no {path} at {self.commit}: it is not a pipeline that the engine can run."
            )
        file = self.files[path]
        if file.sha256 is None and file.blob_id is None:
            raise HubUnreachableError(
                f"The hub lists {path} of {self.name} without its size and digest, so it cannot be checked. "
                "Use an endpoint that passes these on, or import an archive."
            )
        return file


class Hub:
    """One hub and the token for it. The client below is the one that `hub_client.use` has set up."""

    def __init__(self, endpoint: str, token: Token | None, deadline: Deadline, timeouts: Timeouts) -> None:
        self._endpoint = endpoint.rstrip("/")
        self._token = token
        self._deadline = deadline
        self._timeouts = timeouts
        self._api = HfApi(endpoint=self._endpoint, token=self._header_token())
        self.received_bytes = 0
        """How many bytes of files have come over the network."""

    def repository(self, name: str, revision: str) -> Repository:
        """Its commit and files; `revision` is a commit, a tag or a branch, and resolved here once."""
        with told_apart(self._question(name, revision)):
            try:
                info = self._api.model_info(
                    name, revision=revision, files_metadata=True, timeout=self._timeouts.silence_s
                )
            except (ValueError, TypeError, KeyError, AttributeError) as error:  # another document, or none
                raise HubUnreachableError(
                    f"What answers at {self._endpoint} is not a hub: it gave no list of the files of {name}. "
                    "Check the endpoint and the proxy."
                ) from error
        commit = info.sha or revision
        files = [
            RemoteFile(
                name, commit, file.rfilename, file.size or 0, file.lfs.sha256 if file.lfs else None, file.blob_id
            )
            for file in info.siblings or ()
        ]
        return Repository(name, commit, {file.path: file for file in files})

    def check_access(self, file: RemoteFile) -> None:
        """Asks for the file without taking it: a gated repository lists its files to everybody."""
        with told_apart(self._question(file.repository, file.commit)):
            get_hf_file_metadata(self._url(file), token=self._header_token(), timeout=self._timeouts.silence_s)

    def read(self, file: RemoteFile) -> bytes:
        """All of a small file."""
        content = io.BytesIO()
        self.fetch(file, content, 0)
        content.seek(0)
        if not file.is_in(content):
            raise CorruptError(f"{file.path} of {file.repository} arrived changed from {self._endpoint}. Try again.")
        return content.getvalue()

    def fetch(self, file: RemoteFile, into: BinaryIO, have_bytes: int) -> None:
        """Appends what is missing behind the first `have_bytes`."""
        LOG.info("event=fetch repository=%s file=%s from_byte=%d", file.repository, file.path, have_bytes)
        headers = {"Accept-Encoding": "identity"}  # a compressed answer cannot be resumed at a byte
        if self._token is not None:
            # The client takes it off by itself when it is sent on to another host, such as a CDN.
            headers["Authorization"] = f"Bearer {self._token.reveal()}"
        try:
            self._fetch(file, into, have_bytes, headers)
        except OSError as error:
            if error.errno is None:  # the client's own, for a body that ended early
                raise HubUnreachableError(
                    f"{self._endpoint} ended its answer early, in the middle of {file.path} of {file.repository}. "
                    "What has arrived is kept; try again."
                ) from error
            raise
        finally:
            self.received_bytes += max(0, into.tell() - have_bytes)

    def _fetch(self, file: RemoteFile, into: BinaryIO, have_bytes: int, headers: dict[str, str]) -> None:
        of_file = self._deadline.of_file(f"{file.path} of {file.repository}")
        with of_file, told_apart(self._question(file.repository, file.commit)):
            http_get(
                self._url(file),
                into,
                resume_size=have_bytes,
                headers=headers,
                expected_size=file.size_bytes,
                displayed_filename=file.path,
            )

    def _url(self, file: RemoteFile) -> str:
        return hf_hub_url(file.repository, file.path, revision=file.commit, endpoint=self._endpoint)

    def _question(self, repository: str, revision: str) -> Question:
        return Question(self._endpoint, repository, revision, self._token is not None)

    def _header_token(self) -> str | bool:
        """False, and not None, says that no token is to be looked for elsewhere."""
        return False if self._token is None else self._token.reveal()
