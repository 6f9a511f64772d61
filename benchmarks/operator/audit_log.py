"""What the API server's audit log says was written, by whom and when."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import NamedTuple

from sd_harness.control_plane.control_plane import OPERATOR_USERS, ControlPlane, Manifest


class Write(NamedTuple):
    """A write that was answered; `at` is when, as a Unix time in seconds."""

    user: str
    verb: str
    resource: str
    namespace: str
    name: str
    subresource: str
    code: int
    at: float
    agent: str

    @property
    def is_by_operator(self) -> bool:
        """Whether the operator wrote it."""
        return self.user in OPERATOR_USERS

    @property
    def is_creation(self) -> bool:
        """Whether it made something that was not there."""
        return self.code == HTTPStatus.CREATED

    @property
    def is_child_write(self) -> bool:
        """Whether it went to something that the operator makes for a service."""
        return self.is_by_operator and self.resource not in ("diarizationservices", "events", "leases", "pods")


def writes(plane: ControlPlane) -> list[Write]:
    """All writes so far, the oldest first."""
    return sorted(map(_write, plane.audit_events()), key=lambda write: write.at)


def _write(event: Manifest) -> Write:
    what = event["objectRef"]
    return Write(
        event["user"]["username"],
        event["verb"],
        what["resource"],
        what.get("namespace", ""),
        what.get("name", ""),
        what.get("subresource", ""),
        event["responseStatus"]["code"],
        datetime.fromisoformat(event["stageTimestamp"]).timestamp(),
        event.get("userAgent", ""),
    )
