"""Requests to a hub through huggingface_hub: list a repository's files, check access to them, and download them."""

from __future__ import annotations

import io
import logging
from typing import BinaryIO

from huggingface_hub import HfApi, get_hf_file_metadata, hf_hub_url  # pyright: ignore[reportUnknownVariableType]
from huggingface_hub.file_download import http_get  # pyright: ignore[reportUnknownVariableType]

from sd_model_store.deadline import Deadline, Timeouts
from sd_model_store.errors import CorruptError, HubUnreachableError
from sd_model_store.hub.access_token import AccessToken
from sd_model_store.hub.error_mapping import mapped_errors
from sd_model_store.hub.messages import HubRequest
from sd_model_store.hub.repository import RemoteFile, Repository

LOG = logging.getLogger("sd_model_store")


class Hub:
    """One hub and the access token for it. Requests use the HTTP client that `http_client.configure` has set."""

    def __init__(self, endpoint: str, token: AccessToken | None, deadline: Deadline, timeouts: Timeouts) -> None:
        self._endpoint = endpoint.rstrip("/")
        self._token = token
        self._deadline = deadline
        self._timeouts = timeouts
        self._api = HfApi(endpoint=self._endpoint, token=self._token_argument())
        self.received_bytes = 0
        """Bytes of files downloaded so far."""

    def repository(self, name: str, revision: str) -> Repository:
        """Resolve `revision` (a commit, tag or branch) to a commit, and return the repository at this commit.

        Raises:
            ModelStoreError: The repository or the revision is not found or not readable, or the hub is unreachable.
        """
        with mapped_errors(self._request(name, revision)):
            try:
                info = self._api.model_info(name, revision=revision, files_metadata=True, timeout=self._timeouts.idle_s)
            except (ValueError, TypeError, KeyError, AttributeError) as error:  # the response has another format
                raise HubUnreachableError(
                    f"The server at {self._endpoint} is not a hub: it returned no list of the files of {name}. "
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
        """Send a HEAD request for the file: the list of a gated repository's files is public, their content is not.

        Raises:
            ModelStoreError: The token has no access to the file.
        """
        with mapped_errors(self._request(file.repository, file.commit)):
            get_hf_file_metadata(self._url(file), token=self._token_argument(), timeout=self._timeouts.idle_s)

    def read(self, file: RemoteFile) -> bytes:
        """Return the content of a small file.

        Raises:
            CorruptError: The content does not match the listed digest.
        """
        content = io.BytesIO()
        self.fetch(file, content, 0)
        content.seek(0)
        if not file.matches(content):
            raise CorruptError(
                f"{file.path} of {file.repository} from {self._endpoint} does not match its listed digest. Retry."
            )
        return content.getvalue()

    def fetch(self, file: RemoteFile, target: BinaryIO, offset_bytes: int) -> None:
        """Append the content from `offset_bytes` on to `target`.

        Raises:
            ModelStoreError: The request failed; received data has been written.
        """
        LOG.info("event=fetch repository=%s file=%s offset_bytes=%d", file.repository, file.path, offset_bytes)
        headers = {"Accept-Encoding": "identity"}  # a compressed response cannot be resumed at an offset
        if self._token is not None:
            # httpx2 removes this header when it follows a redirect to another host, such as a CDN.
            headers["Authorization"] = f"Bearer {self._token.reveal()}"
        try:
            self._fetch(file, target, offset_bytes, headers)
        except OSError as error:
            if error.errno is None:  # raised by huggingface_hub for an incomplete body
                raise HubUnreachableError(
                    f"{self._endpoint} closed the connection during the download of {file.path} of "
                    f"{file.repository}. Downloaded data is kept; retry."
                ) from error
            raise
        finally:
            self.received_bytes += max(0, target.tell() - offset_bytes)

    def _fetch(self, file: RemoteFile, target: BinaryIO, offset_bytes: int, headers: dict[str, str]) -> None:
        file_deadline = self._deadline.for_file(f"{file.path} of {file.repository}")
        with file_deadline, mapped_errors(self._request(file.repository, file.commit)):
            http_get(
                self._url(file),
                target,
                resume_size=offset_bytes,
                headers=headers,
                expected_size=file.size_bytes,
                displayed_filename=file.path,
            )

    def _url(self, file: RemoteFile) -> str:
        return hf_hub_url(file.repository, file.path, revision=file.commit, endpoint=self._endpoint)

    def _request(self, repository: str, revision: str) -> HubRequest:
        return HubRequest(self._endpoint, repository, revision, self._token is not None)

    def _token_argument(self) -> str | bool:
        """Return the token; False makes huggingface_hub send none, while None makes it search for one."""
        return False if self._token is None else self._token.reveal()
