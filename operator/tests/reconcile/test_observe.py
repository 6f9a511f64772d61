"""Who may still read settings that are no longer wanted, and whether a service is there at all."""

from collections.abc import Sequence
from typing import Any

import pytest
from sd_harness.services.live_objects import INSTALLATION, UID, live, resource, service
from sd_harness.services.service_specs import DEMO, with_demo
from sd_operator.children import desired
from sd_operator.children.config_map import SETTINGS_ANNOTATION, name
from sd_operator.kube.cache import Cache, Key
from sd_operator.reconcile.decide import stamped
from sd_operator.reconcile.observe import is_there, settings_readers
from sd_operator.resources import Manifest, Resource

KEY = Key("default", "demo")
BEFORE, NOW = service(DEMO), service(with_demo(serving={"adapters": 3}))
WANTED = desired(NOW, INSTALLATION)
LIVE = [live(stamped(manifest)) for manifest in WANTED]
EARLIER = next(live(stamped(manifest)) for manifest in desired(BEFORE, INSTALLATION) if manifest["kind"] == "ConfigMap")


def replica_set(reads: str, replicas: int, existing: int) -> Manifest:
    """One of a Deployment's."""
    template = {"metadata": {"annotations": {SETTINGS_ANNOTATION: reads}}}
    return {"spec": {"replicas": replicas, "template": template}, "status": {"replicas": existing}}


class Server:
    """Has the ReplicaSets that it is given, and says for whose they were asked."""

    def __init__(self, *sets: Manifest) -> None:
        self.sets = sets
        self.asked: list[tuple[str, str]] = []

    async def list_namespaced(self, namespace: str, _resource: Resource, label_selector: str) -> Sequence[Manifest]:
        self.asked.append((namespace, label_selector))
        return self.sets


async def readers(server: Any, children: list[Manifest]) -> list[str]:
    """The names of the settings that are read, one for each reader."""
    cache = Cache()
    cache.upsert(resource(DEMO))
    found = await settings_readers(server, cache, KEY, WANTED, children)
    return [each["metadata"].get("annotations", {}).get(SETTINGS_ANNOTATION, "") for each in found]


async def test_while_all_settings_are_wanted_nobody_is_asked() -> None:
    server = Server()
    assert await readers(server, LIVE) == []
    assert server.asked == []


async def test_a_replica_set_that_has_pods_or_wants_some_is_a_reader() -> None:
    server = Server(replica_set("gone", 0, 0), replica_set("asks", 1, 0), replica_set("has", 0, 1))
    assert await readers(server, [*LIVE, EARLIER]) == [name(NOW), "asks", "has"]
    [(namespace, selector)] = server.asked
    assert namespace == "default"
    assert selector.startswith("app.kubernetes.io/instance=demo,")


class Service:
    """Has a service of some UID, or none."""

    def __init__(self, uid: str = "", **metadata: str) -> None:
        self.found = resource(DEMO, **metadata) if uid else None
        if self.found:
            self.found["metadata"]["uid"] = uid

    async def get(self, kind: Resource, namespace: str, name: str) -> Manifest | None:
        assert (kind.kind, namespace, name) == ("DiarizationService", *KEY)
        return self.found


@pytest.mark.parametrize(
    ("server", "stays"),
    [
        (Service(UID), True),
        (Service(UID, deletionTimestamp="2026-01-01T00:00:00Z"), False),
        (Service("another"), False),
        (Service(), False),
    ],
    ids=["it is there", "it is leaving", "another one of its name", "it has gone"],
)
async def test_a_service_is_there_while_it_is_neither_leaving_nor_another_one(server: Any, *, stays: bool) -> None:
    assert await is_there(server, KEY, resource(DEMO)) is stays
