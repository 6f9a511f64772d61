"""A hub on this machine: repositories with gates, tokens of several kinds, a CDN on a second port, and faults.

It answers as huggingface.co does, down to the headers that its client reads: a gated repository lists its files to
everybody and gives none away, large files are redirected to another host, and every refusal has its code.
"""

from __future__ import annotations

import hashlib
import json
import re
import socket
import ssl
import struct
import threading
import time
import urllib.parse
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

LARGE_BYTES = 1000
"""From this size on a file is one of the CDN's, known by its sha256."""
GOOD_TOKEN = "hf_good0token"  # noqa: S105 - good here only
PIECE_BYTES = 1 << 16


@dataclass
class Repo:
    """One repository; every revision leads to the one commit."""

    files: dict[str, bytes]
    commit: str
    gated: bool = True
    private: bool = False
    revisions: tuple[str, ...] = ("main",)
    claimed_bytes: int | None = None
    """What the listing says of every large file's size, if not the truth."""

    def size_of(self, content: bytes) -> int:
        return self.claimed_bytes if self.claimed_bytes and len(content) >= LARGE_BYTES else len(content)


@dataclass(frozen=True)
class Account:
    """What a token may do."""

    accepted: frozenset[str] | None = None
    """The repositories whose terms are accepted; None = all."""
    reads_gated: bool = True


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    token: str
    range: str
    port: int


Fault = Callable[["Handler"], bool]
"""Looks at a request about to be answered; True = it has been dealt with."""


@dataclass
class Hub:
    """What there is, what was asked, how it goes wrong."""

    repos: dict[str, Repo]
    accounts: dict[str, Account] = field(default_factory=lambda: {GOOD_TOKEN: Account()})
    faults: list[Fault] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    sent_bytes: int = 0
    """Of files, by the CDN and by the hub itself."""
    pace: Callable[[int], None] = lambda _: None
    """Called with the number of bytes of this answer sent so far, before each piece."""
    url: str = ""
    cdn_url: str = ""
    cdn_port: int = 0

    def until_the_cdn_is_asked(self) -> None:
        """Then a downloader is in the middle of its work."""
        self._until(lambda: any(asked.port == self.cdn_port for asked in self.asked))

    def until_asked(self) -> None:
        """Then a downloader has begun."""
        self._until(lambda: bool(self.asked))

    def _until(self, holds: Callable[[], bool], patience_s: float = 90.0) -> None:
        deadline_s = time.monotonic() + patience_s
        while not holds():
            assert time.monotonic() < deadline_s, f"nobody asked for {patience_s} s"
            time.sleep(0.005)

    def downloads(self) -> list[Asked]:
        return [asked for asked in self.asked if asked.method == "GET" and "/api/" not in asked.path]


class Handler(BaseHTTPRequestHandler):
    """One request, refused as the hub refuses it or answered as it answers."""

    protocol_version = "HTTP/1.1"
    hub: Hub

    def do_GET(self) -> None:
        path = urllib.parse.unquote(urllib.parse.urlsplit(self.path).path)
        self.token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
        port = port_of(self)
        self.hub.asked.append(Asked(self.command, path, self.token, self.headers.get("Range") or "", port))
        if any(fault(self) for fault in self.hub.faults):
            return
        if port == self.hub.cdn_port:
            self._give_from_cdn(path)
        elif listed := re.fullmatch(r"/api/models/([^/]+/[^/]+)/revision/(.+)", path):
            self._list(listed[1], listed[2])
        elif resolved := re.fullmatch(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", path):
            self._resolve(resolved[1], resolved[2], resolved[3])
        else:
            self.refuse(404, "", "Not found")

    do_HEAD = do_GET  # noqa: N815 - the base class's name

    def _list(self, name: str, revision: str) -> None:
        repo = self._visible(name, revision)
        if repo is None:
            return
        files = [
            {"rfilename": path, "size": repo.size_of(content), "blobId": _blob_id(content)}
            | ({"lfs": _lfs(content)} if len(content) >= LARGE_BYTES else {})
            for path, content in repo.files.items()
        ]
        document = {"id": name, "modelId": name, "sha": repo.commit, "private": repo.private, "siblings": files}
        self.give(200, json.dumps(document).encode(), Content_Type="application/json")

    def _resolve(self, name: str, revision: str, path: str) -> None:
        repo = self._visible(name, revision)
        if repo is None or not self._passes_gate(name, repo):
            return
        if path not in repo.files:
            self.refuse(404, "EntryNotFound", "Entry not found", X_Repo_Commit=repo.commit)
            return
        content = repo.files[path]
        if len(content) < LARGE_BYTES:
            self._give_file(content, ETag=f'"{_blob_id(content)}"', X_Repo_Commit=repo.commit)
            return
        self.give(
            302,
            b"",
            Location=f"{self.hub.cdn_url}/{name}/{path}?signature=1",
            X_Linked_Size=str(len(content)),
            X_Linked_ETag=f'"{hashlib.sha256(content).hexdigest()}"',
            X_Repo_Commit=repo.commit,
        )

    def _visible(self, name: str, revision: str) -> Repo | None:
        """The repository, for this token; None = refused."""
        repo = self.hub.repos.get(name)
        if self.token and self.token not in self.hub.accounts:
            self.refuse(401, "", "Invalid credentials in Authorization header")
        elif repo is None or (repo.private and not self.token):
            self.refuse(404 if self.token else 401, "RepoNotFound", "Repository not found")
        elif revision not in (*repo.revisions, repo.commit):
            self.refuse(404, "RevisionNotFound", f"Invalid rev id: {revision}")
        else:
            return repo
        return None

    def _passes_gate(self, name: str, repo: Repo) -> bool:
        if not repo.gated:
            return True
        if not self.token:
            self.refuse(401, "GatedRepo", f"Access to model {name} is restricted. Please log in.")
            return False
        account = self.hub.accounts[self.token]
        if not account.reads_gated:
            self.refuse(
                403,
                "",
                "Please enable access to public gated repositories in your fine-grained token settings to view this "
                "repository.",
            )
        elif account.accepted is not None and name not in account.accepted:
            self.refuse(403, "GatedRepo", f"Access to model {name} is restricted: you are not in the authorized list.")
        else:
            return True
        return False

    def _give_from_cdn(self, path: str) -> None:
        _, org, name, *rest = path.split("/")
        self._give_file(self.hub.repos[f"{org}/{name}"].files["/".join(rest)])

    def _give_file(self, content: bytes, **headers: str) -> None:
        start = int((self.headers.get("Range") or "bytes=0-").removeprefix("bytes=").removesuffix("-"))
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        self.give(206 if start else 200, content[start:], Accept_Ranges="bytes", **headers)

    def refuse(self, status: int, code: str, message: str, **headers: str) -> None:
        coded = {"X_Error_Code": code} if code else {}
        self.give(status, b"", X_Error_Message=message, **coded, **headers)

    def give(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "HEAD":
            return
        for start in range(0, len(body), PIECE_BYTES):
            self.hub.pace(start)
            piece = body[start : start + PIECE_BYTES]
            self.wfile.write(piece)
            if "/api/" not in self.path:
                self.hub.sent_bytes += len(piece)

    def reset(self) -> None:
        """The connection breaks."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True
        self.wfile = self.rfile  # nothing is left to flush

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Keeps the tests' output clean."""


def port_of(handler: Handler) -> int:
    server = handler.server
    assert isinstance(server, ThreadingHTTPServer)
    return server.server_port


def _blob_id(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def _lfs(content: bytes) -> dict[str, Any]:
    return {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content), "pointerSize": 134}


class _Server(ThreadingHTTPServer):
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that is killed in the middle is what some tests are about."""


def tls_context(certificate: Path, key: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


@dataclass(frozen=True)
class Place:
    """Where a hub listens, and by which name its clients find it."""

    address: str = "127.0.0.1"
    port: int = 0
    """0 = any that is free, as for the next."""
    cdn_port: int = 0
    host: str = "localhost"
    cdn_host: str = "127.0.0.1"


@contextmanager
def running(repos: dict[str, Repo], tls: ssl.SSLContext | None = None, place: Place = Place()) -> Generator[Hub]:
    hub = Hub(repos)
    handler = type("BoundHandler", (Handler,), {"hub": hub})
    servers = [_Server((place.address, port), handler) for port in (place.port, place.cdn_port)]
    if tls:
        servers[0].socket = tls.wrap_socket(servers[0].socket, server_side=True)
    hub.url = f"{'https' if tls else 'http'}://{place.host}:{servers[0].server_port}"
    hub.cdn_port = servers[1].server_port
    hub.cdn_url = f"http://{place.cdn_host}:{hub.cdn_port}"
    threads = [threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}) for server in servers]
    for thread in threads:
        thread.start()
    try:
        yield hub
    finally:
        for server, thread in zip(servers, threads, strict=True):
            server.shutdown()
            thread.join()
            server.server_close()
