"""HTTP requests of the fake hub, with the responses and headers of huggingface.co that its client reads.

The file list of a gated repository is public, its content is not. Large files are redirected to the CDN. Error
responses have an error code.
"""

from __future__ import annotations

import hashlib
import json
import re
import socket
import struct
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from sd_harness.hub.hub_state import LARGE_FILE_BYTES, FakeHub, FakeRepository, ReceivedRequest

CHUNK_BYTES = 1 << 16


class Handler(BaseHTTPRequestHandler):
    """One request to the hub or its CDN."""

    protocol_version = "HTTP/1.1"
    hub: FakeHub

    @property
    def is_cdn(self) -> bool:
        """True if the request was sent to the CDN."""
        return self._port == self.hub.cdn_port

    @property
    def _port(self) -> int:
        assert isinstance(self.server, ThreadingHTTPServer)
        return self.server.server_port

    def do_GET(self) -> None:
        path = urllib.parse.unquote(urllib.parse.urlsplit(self.path).path)
        self.token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
        content_range = self.headers.get("Range") or ""
        self.hub.requests.append(ReceivedRequest(self.command, path, self.token, content_range, self._port))
        if any(fault(self) for fault in self.hub.faults):
            return
        if self.is_cdn:
            self._respond_cdn_file(path)
        elif match := re.fullmatch(r"/api/models/([^/]+/[^/]+)/revision/(.+)", path):
            self._respond_file_list(match[1], match[2])
        elif match := re.fullmatch(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", path):
            self._respond_hub_file(match[1], match[2], match[3])
        else:
            self.respond_error(404, "", "Not found")

    do_HEAD = do_GET  # noqa: N815 - the base class's name

    def _respond_file_list(self, name: str, revision: str) -> None:
        repository = self._visible_repository(name, revision)
        if repository is None:
            return
        files = [
            {"rfilename": path, "size": repository.listed_size(content), "blobId": _blob_id(content)}
            | ({"lfs": _lfs(content)} if len(content) >= LARGE_FILE_BYTES else {})
            for path, content in repository.files.items()
        ]
        document = {
            "id": name, "modelId": name, "sha": repository.commit, "private": repository.private, "siblings": files,
        }  # fmt: skip
        self.respond(200, json.dumps(document).encode(), Content_Type="application/json")

    def _respond_hub_file(self, name: str, revision: str, path: str) -> None:
        repository = self._visible_repository(name, revision)
        if repository is None or not self._has_access(name, repository):
            return
        if path not in repository.files:
            self.respond_error(404, "EntryNotFound", "Entry not found", X_Repo_Commit=repository.commit)
            return
        content = repository.files[path]
        if len(content) < LARGE_FILE_BYTES:
            self._respond_file(content, ETag=f'"{_blob_id(content)}"', X_Repo_Commit=repository.commit)
            return
        self.respond(
            302,
            b"",
            Location=f"{self.hub.cdn_url}/{name}/{path}?signature=1",
            X_Linked_Size=str(len(content)),
            X_Linked_ETag=f'"{hashlib.sha256(content).hexdigest()}"',
            X_Repo_Commit=repository.commit,
        )

    def _visible_repository(self, name: str, revision: str) -> FakeRepository | None:
        """Return the repository that the token can see; otherwise send an error response and return None."""
        repository = self.hub.repositories.get(name)
        if self.token and self.token not in self.hub.accounts:
            self.respond_error(401, "", "Invalid credentials in Authorization header")
        elif repository is None or (repository.private and not self.token):
            self.respond_error(404 if self.token else 401, "RepoNotFound", "Repository not found")
        elif revision not in (*repository.revisions, repository.commit):
            self.respond_error(404, "RevisionNotFound", f"Invalid rev id: {revision}")
        else:
            return repository
        return None

    def _has_access(self, name: str, repository: FakeRepository) -> bool:
        """Return True if the token can read the content; otherwise send an error response."""
        if not repository.gated:
            return True
        if not self.token:
            self.respond_error(401, "GatedRepo", f"Access to model {name} is restricted. Please log in.")
            return False
        account = self.hub.accounts[self.token]
        if not account.reads_gated:
            self.respond_error(
                403,
                "",
                "Please enable access to public gated repositories in your fine-grained token settings to view this "
                "repository.",
            )
        elif account.accepted is not None and name not in account.accepted:
            message = f"Access to model {name} is restricted: you are not in the authorized list."
            self.respond_error(403, "GatedRepo", message)
        else:
            return True
        return False

    def _respond_cdn_file(self, path: str) -> None:
        _, org, name, *rest = path.split("/")
        self._respond_file(self.hub.repositories[f"{org}/{name}"].files["/".join(rest)])

    def _respond_file(self, content: bytes, **headers: str) -> None:
        start = int((self.headers.get("Range") or "bytes=0-").removeprefix("bytes=").removesuffix("-"))
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        self.respond(206 if start else 200, content[start:], Accept_Ranges="bytes", **headers)

    def respond_error(self, status: int, code: str, message: str, **headers: str) -> None:
        """Send an error response; `code` is the hub's error code, empty for none."""
        code_header = {"X_Error_Code": code} if code else {}
        self.respond(status, b"", X_Error_Message=message, **code_header, **headers)

    def respond(self, status: int, body: bytes, **headers: str) -> None:
        """Send a response; underscores in the names of headers stand for hyphens."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "HEAD":
            return
        for start in range(0, len(body), CHUNK_BYTES):
            self.hub.before_chunk(start)
            chunk = body[start : start + CHUNK_BYTES]
            self.wfile.write(chunk)
            if "/api/" not in self.path:
                self.hub.sent_bytes += len(chunk)

    def reset_connection(self) -> None:
        """Reset the TCP connection."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True
        self.wfile = self.rfile  # the base class flushes this file at the end

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Log nothing."""


def bound_to(hub: FakeHub) -> type[Handler]:
    """Return a handler class for the requests of one hub."""
    return type("BoundHandler", (Handler,), {"hub": hub})


def _blob_id(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def _lfs(content: bytes) -> dict[str, Any]:
    return {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content), "pointerSize": 134}
