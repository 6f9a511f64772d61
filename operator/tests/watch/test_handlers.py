"""kopf watches by label, passes events on, and neither stores nor changes anything."""

import itertools
from typing import Any

import kopf
from sd_harness.services.live_objects import pod
from sd_operator.resources import DEPLOYMENTS, DIARIZATION_SERVICES, MANAGED_BY_OPERATOR, PODS, Manifest
from sd_operator.watch.handlers import JitteredBackoff, NoDiffBaseStorage, registry, settings


def test_all_resources_except_the_services_are_watched_by_label() -> None:
    selectors: Any = settings((DIARIZATION_SERVICES, DEPLOYMENTS, PODS)).watching.label_selectors
    watched = {(each.group, each.version, each.any_name): label for each, label in selectors.items()}
    assert watched == {("", "v1", "pods"): MANAGED_BY_OPERATOR, ("apps", "v1", "deployments"): MANAGED_BY_OPERATOR}


def test_kopf_neither_posts_events_nor_scans_nor_peers_nor_kills_the_process() -> None:
    created = settings(())
    assert (created.posting.enabled, created.scanning.disabled, created.peering.standalone) == (False, True, True)
    assert created.process.ultimate_exiting_timeout is None


def test_backoff_delays_grow_to_the_maximum_and_never_end() -> None:
    delays_s = [*itertools.islice(JitteredBackoff(1, 60), 1000)]
    assert 0.5 <= delays_s[0] <= 1
    assert all(30 <= delay_s <= 60 for delay_s in delays_s[6:])


def test_no_state_of_an_object_is_copied_or_stored() -> None:
    live: Any = pod()
    empty: Any = {}
    body, patch, storage = kopf.Body(live), kopf.Patch(), NoDiffBaseStorage()
    assert storage.build(body=body) == {}
    storage.store(body=body, patch=patch, essence=empty)
    assert (storage.fetch(body=body), dict(patch)) == (None, {})


async def test_events_are_passed_on_with_api_version_and_kind() -> None:
    events = list[tuple[str | None, Manifest]]()
    handlers: Any = registry((PODS,), lambda event_type, live: events.append((event_type, live)))
    [handler] = handlers._watching.get_all_handlers()
    await handler.fn(event={"type": "DELETED", "object": {"metadata": {"name": "a"}}})
    await handler.fn(event={"type": None, "object": {"metadata": {"name": "b"}}})
    assert events == [
        ("DELETED", {"metadata": {"name": "a"}, "apiVersion": "v1", "kind": "Pod"}),
        (None, {"metadata": {"name": "b"}, "apiVersion": "v1", "kind": "Pod"}),
    ]
