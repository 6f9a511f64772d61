"""The status and its Events are written once, and only if they changed."""

from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from sd_harness.services.live_objects import deployment, resource
from sd_harness.services.observations import observation
from sd_harness.services.service_specs import DEMO
from sd_operator.kube.cache import Cache, Key
from sd_operator.kube.errors import RejectedError
from sd_operator.reconcile.report import Reporter, is_reported
from sd_operator.reconcile.status import status
from sd_operator.resources import Manifest

SERVED = deployment(2, replicas=2, updatedReplicas=2, readyReplicas=2, availableReplicas=2)
SEEN = observation(SERVED)


@dataclass
class FakeServer:
    """Records the writes; may reject Events."""

    are_events_rejected: bool = False
    events: list[str] = field(default_factory=list[str])
    statuses: list[Manifest] = field(default_factory=list[Manifest])

    async def create(self, event: Manifest) -> Manifest:
        if self.are_events_rejected:
            raise RejectedError("no Events here", 403)
        self.events.append(event["reason"])
        return event

    async def apply_status(self, manifest: Manifest) -> Manifest:
        self.statuses.append(manifest)
        return resource(DEMO, resourceVersion="2") | {"status": manifest["status"]}


async def reported(server: FakeServer) -> Cache:
    """Report twice: the second time with the resource as the first report left it."""
    kube: Any = server
    cache = Cache()
    reporter = Reporter(kube, cache)
    await reporter.report(SEEN)
    written = cache.service(Key("default", "demo"))
    assert written is not None
    await reporter.report(replace(SEEN, resource=written))
    return cache


async def test_a_status_is_written_once_with_its_events() -> None:
    server = FakeServer()
    await reported(server)
    [written] = server.statuses
    assert written["status"] == status(SEEN)
    assert written["metadata"] == {"name": "demo", "namespace": "default", "uid": SEEN.resource["metadata"]["uid"]}
    assert "spec" not in written
    assert server.events == ["Serving"]


async def test_a_rejected_event_does_not_prevent_the_status() -> None:
    server = FakeServer(are_events_rejected=True)
    await reported(server)
    assert len(server.statuses) == 1


@pytest.mark.parametrize(
    ("changed", "same"),
    [({}, True), ({"replicas": 3}, False), ({"conditions": []}, False)],
    ids=["the same", "another number", "no conditions"],
)
def test_a_status_is_reported_if_the_resource_has_it(changed: Manifest, *, same: bool) -> None:
    assert is_reported(status(SEEN), status(SEEN) | changed) is same


def test_a_condition_of_another_controller_does_not_matter() -> None:
    written = status(SEEN)
    audited = {"type": "Audited", "status": "True"}
    assert is_reported(status(SEEN), written | {"conditions": [audited, *written["conditions"]]})
