"""Writes in the API server's audit log, with user and time."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import NamedTuple

from sd_harness.control_plane.control_plane import ControlPlane, Manifest
from sd_harness.control_plane.program_flags import OPERATOR_USERS


class Write(NamedTuple):
    """A completed write; `at` is its Unix time in seconds."""

    user: str
    verb: str
    resource: str
    namespace: str
    name: str
    subresource: str
    code: int
    at: float
    user_agent: str

    @property
    def is_by_operator(self) -> bool:
        """True if an operator sent it."""
        return self.user in OPERATOR_USERS

    @property
    def is_creation(self) -> bool:
        """True if it created an object."""
        return self.code == HTTPStatus.CREATED

    @property
    def is_child_write(self) -> bool:
        """True if the operator wrote a child of a service."""
        return self.is_by_operator and self.resource not in ("diarizationservices", "events", "leases", "pods")


def writes(plane: ControlPlane) -> list[Write]:
    """All completed writes, the oldest first."""
    return sorted(map(_write, plane.audit_events()), key=lambda write: write.at)


def _write(event: Manifest) -> Write:
    reference = event["objectRef"]
    return Write(
        event["user"]["username"],
        event["verb"],
        reference["resource"],
        reference.get("namespace", ""),
        reference.get("name", ""),
        reference.get("subresource", ""),
        event["responseStatus"]["code"],
        datetime.fromisoformat(event["stageTimestamp"]).timestamp(),
        event.get("userAgent", ""),
    )
