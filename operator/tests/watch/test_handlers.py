"""kopf watches what it is told to, by label, and keeps and changes nothing."""

import itertools
from typing import Any

import kopf
from sd_harness.services.live_objects import pod
from sd_operator.resources import DEPLOYMENTS, DIARIZATION_SERVICES, MANAGED_BY_OPERATOR, PODS, Manifest
from sd_operator.watch.handlers import Forgetful, Jitter, registry, settings


def test_all_but_the_resource_itself_is_watched_by_label() -> None:
    selectors: Any = settings((DIARIZATION_SERVICES, DEPLOYMENTS, PODS)).watching.label_selectors
    watched = {(place.group, place.version, place.any_name): label for place, label in selectors.items()}
    assert watched == {("", "v1", "pods"): MANAGED_BY_OPERATOR, ("apps", "v1", "deployments"): MANAGED_BY_OPERATOR}


def test_kopf_neither_posts_nor_scans_nor_meets_peers_nor_ends_the_process() -> None:
    chosen = settings(())
    assert (chosen.posting.enabled, chosen.scanning.disabled, chosen.peering.standalone) == (False, True, True)
    assert chosen.process.ultimate_exiting_timeout is None


def test_waits_grow_to_a_bound_and_never_end() -> None:
    waits = [*itertools.islice(Jitter(1, 60), 1000)]
    assert 0.5 <= waits[0] <= 1
    assert all(30 <= wait <= 60 for wait in waits[6:])


def test_nothing_of_an_object_is_copied_or_kept() -> None:
    seen: Any = pod()
    nothing: Any = {}
    body, patch, forgetful = kopf.Body(seen), kopf.Patch(), Forgetful()
    assert forgetful.build(body=body) == {}
    forgetful.store(body=body, patch=patch, essence=nothing)
    assert (forgetful.fetch(body=body), dict(patch)) == (None, {})


async def test_what_happens_is_handed_on_with_its_kind() -> None:
    told = list[tuple[str | None, Manifest]]()
    handlers: Any = registry((PODS,), lambda event, seen: told.append((event, seen)))
    [handler] = handlers._watching.get_all_handlers()
    await handler.fn(event={"type": "DELETED", "object": {"metadata": {"name": "a"}}})
    await handler.fn(event={"type": None, "object": {"metadata": {"name": "b"}}})
    assert told == [
        ("DELETED", {"metadata": {"name": "a"}, "apiVersion": "v1", "kind": "Pod"}),
        (None, {"metadata": {"name": "b"}, "apiVersion": "v1", "kind": "Pod"}),
    ]
