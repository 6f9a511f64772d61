"""The fake hub as a program of its own, for a pod: the demo model behind a gate, told at run time how to behave.

    python hub_server.py HOST MODEL_DIRECTORY [CERTIFICATE KEY]

GET /asked on the control port says what it was asked for, without any token: only whether it was a good one.
POST /state with {"accounts": {"hf_…": {"accepted": null, "reads_gated": true}}, "gone": [], "fault": ""} changes it;
{"commit": "bbb…"} lets its repositories go on to a later commit.
"""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from sd_harness.hub import fake_hub, hub_faults, hub_models
from sd_harness.hub.fake_hub import Account, Asked, Fault, Hub, Place, Repo
from sd_harness.hub.hub_models import COMMUNITY, COMMUNITY_COMMIT

PORT, CDN_PORT, CONTROL_PORT = 8443, 8080, 9000
FAULTS: dict[str, Callable[[threading.Event], Fault]] = {
    "down": lambda _: hub_faults.answers(503),
    "changes a byte": lambda _: hub_faults.changes_a_byte,
    "waits": hub_faults.waits,
}
"""By name; each is given the moment at which it is over."""


@dataclass
class Director:
    """Changes a hub, and tells of it."""

    hub: Hub
    all_repos: dict[str, Repo]
    _over: threading.Event = field(default_factory=threading.Event)

    def tell(self) -> dict[str, Any]:
        return {"sent_bytes": self.hub.sent_bytes, "requests": [self._told(asked) for asked in [*self.hub.asked]]}

    def _told(self, asked: Asked) -> dict[str, Any]:
        token = "none" if not asked.token else "good" if asked.token in self.hub.accounts else "bad"
        return {"method": asked.method, "path": asked.path, "token": token, "cdn": asked.port == self.hub.cdn_port}

    def change(self, state: dict[str, Any]) -> None:
        if "accounts" in state:
            self.hub.accounts = {token: _account(rights) for token, rights in state["accounts"].items()}
        if "commit" in state:
            self.all_repos = {name: hub_models.later(repo, state["commit"]) for name, repo in self.all_repos.items()}
            self.hub.repos = dict(self.all_repos)
        if "gone" in state:
            self.hub.repos = {name: repo for name, repo in self.all_repos.items() if name not in state["gone"]}
        if "fault" in state:
            self._over.set()
            self._over = threading.Event()
            self.hub.faults[:] = [FAULTS[state["fault"]](self._over)] if state["fault"] else []


def _account(rights: dict[str, Any]) -> Account:
    accepted = rights["accepted"]
    return Account(None if accepted is None else frozenset(accepted), rights.get("reads_gated", True))


class Control(BaseHTTPRequestHandler):
    """One request on the control port."""

    director: Director

    def do_GET(self) -> None:
        self._give(self.director.tell())

    def do_POST(self) -> None:
        self.director.change(json.loads(b"".join(self._chunks())))
        self._give({})

    def _chunks(self) -> Iterator[bytes]:
        """The body, which comes without its length through the API server's proxy."""
        while size := int(self.rfile.readline(), 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()

    def _give(self, document: dict[str, Any]) -> None:
        body = json.dumps(document).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Says nothing: the path is always the same."""


def main(host: str, model: str, *certificate_and_key: str) -> None:
    tls = fake_hub.tls_context(*map(Path, certificate_and_key)) if certificate_and_key else None
    all_repos = {COMMUNITY: hub_models.of_directory(Path(model), COMMUNITY_COMMIT)}
    place = Place("0.0.0.0", PORT, CDN_PORT, host, host)  # noqa: S104 - of a pod
    with fake_hub.running(dict(all_repos), tls, place) as hub:
        hub.accounts = {}
        handler = type("BoundControl", (Control,), {"director": Director(hub, all_repos)})
        ThreadingHTTPServer(("", CONTROL_PORT), handler).serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
