"""The fake hub as a program of its own, for a pod: the demo model in a gated repository, controlled over HTTP.

    python -m sd_harness.hub.hub_server HOST MODEL_DIRECTORY [CERTIFICATE KEY]

GET /requests on the control port returns the received requests; tokens are shown as none, good or bad.
POST /state with {"accounts": {"hf_…": {"accepted": null, "reads_gated": true}}, "fault": ""} changes the state;
{"commit": "bbb…"} replaces the commit of all repositories.
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
from sd_harness.hub.fake_hub import ListenAddress
from sd_harness.hub.hub_models import COMMUNITY, COMMUNITY_COMMIT
from sd_harness.hub.hub_state import Account, FakeHub, Fault, ReceivedRequest

PORT, CDN_PORT, CONTROL_PORT = 8443, 8080, 9000
FAULTS: dict[str, Callable[[threading.Event], Fault]] = {
    "down": lambda _: hub_faults.error_response(503),
    "delayed": hub_faults.delayed_response,
}
"""Faults by name; the event is set when the fault ends."""


@dataclass
class HubController:
    """Reads and changes the state of a hub."""

    hub: FakeHub
    _fault_ended: threading.Event = field(default_factory=threading.Event)

    def state(self) -> dict[str, Any]:
        """Return the sent bytes and the received requests."""
        requests = [self._request_document(request) for request in [*self.hub.requests]]
        return {"sent_bytes": self.hub.sent_bytes, "requests": requests}

    def _request_document(self, request: ReceivedRequest) -> dict[str, Any]:
        token = "none" if not request.token else "good" if request.token in self.hub.accounts else "bad"
        is_cdn = request.port == self.hub.cdn_port
        return {"method": request.method, "path": request.path, "token": token, "cdn": is_cdn}

    def change(self, state: dict[str, Any]) -> None:
        """Change the parts of the state that the document contains."""
        if "accounts" in state:
            self.hub.accounts = {token: _account(permissions) for token, permissions in state["accounts"].items()}
        if "commit" in state:
            self.hub.repositories = {
                name: hub_models.with_later_commit(repository, state["commit"])
                for name, repository in self.hub.repositories.items()
            }
        if "fault" in state:
            self._fault_ended.set()
            self._fault_ended = threading.Event()
            self.hub.faults[:] = [FAULTS[state["fault"]](self._fault_ended)] if state["fault"] else []


def _account(permissions: dict[str, Any]) -> Account:
    accepted = permissions["accepted"]
    return Account(None if accepted is None else frozenset(accepted), permissions.get("reads_gated", True))


class ControlHandler(BaseHTTPRequestHandler):
    """One request to the control port."""

    controller: HubController

    def do_GET(self) -> None:
        self._respond(self.controller.state())

    def do_POST(self) -> None:
        self.controller.change(json.loads(b"".join(self._chunks())))
        self._respond({})

    def _chunks(self) -> Iterator[bytes]:
        """Yield the chunks of the body: the API server's proxy sends it without a Content-Length."""
        while size := int(self.rfile.readline(), 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()

    def _respond(self, document: dict[str, Any]) -> None:
        body = json.dumps(document).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Log nothing: the path is always the same."""


def main(host: str, model: str, *certificate_and_key: str) -> None:
    """Run the hub, its CDN and the control port."""
    tls = fake_hub.tls_context(*map(Path, certificate_and_key)) if certificate_and_key else None
    repositories = {COMMUNITY: hub_models.from_directory(Path(model), COMMUNITY_COMMIT)}
    listen = ListenAddress("0.0.0.0", PORT, CDN_PORT, host, host)  # noqa: S104 - of a pod
    with fake_hub.running(repositories, tls, listen) as hub:
        hub.accounts = {}
        handler = type("BoundControlHandler", (ControlHandler,), {"controller": HubController(hub)})
        ThreadingHTTPServer(("", CONTROL_PORT), handler).serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
