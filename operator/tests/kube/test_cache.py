"""The cache holds the newest version of each object, indexed by service, and never brings back a deleted one."""

from sd_harness.services.live_objects import deployment, pod, resource
from sd_harness.services.service_specs import DEMO
from sd_operator.kube.cache import MAX_TOMBSTONES, Cache, Key
from sd_operator.kube.client import Listing
from sd_operator.resources import DIARIZATION_SERVICES, PODS

DEMO_KEY = Key("default", "demo")


def test_objects_are_indexed_by_their_service() -> None:
    cache = Cache()
    assert cache.upsert(resource(DEMO)) == DEMO_KEY
    assert cache.upsert(pod()) == DEMO_KEY
    assert cache.keys() == {DEMO_KEY}
    assert cache.service(DEMO_KEY) == resource(DEMO)
    assert [each["metadata"]["name"] for each in cache.serving_pods(DEMO_KEY)] == ["demo-1"]
    assert cache.children(DEMO_KEY) == []


def test_an_older_version_never_replaces_a_newer_one() -> None:
    cache = Cache()
    cache.upsert(pod(version=7, phase="Running"))
    cache.upsert(pod(version=6, phase="Pending"))
    assert cache.serving_pods(DEMO_KEY)[0]["status"] == {"phase": "Running"}


def test_a_deleted_object_is_no_longer_found() -> None:
    cache = Cache()
    cache.upsert(resource(DEMO))
    assert cache.delete(resource(DEMO)) == DEMO_KEY
    assert cache.service(DEMO_KEY) is None
    assert cache.keys() == set()


def test_an_older_list_or_response_does_not_restore_a_deleted_object() -> None:
    cache = Cache()
    cache.upsert(pod(version=5))
    cache.delete(pod(version=8))
    cache.replace(PODS, Listing(7, [pod(version=5)]))
    cache.upsert(pod(version=8))
    assert cache.serving_pods(DEMO_KEY) == []
    cache.upsert(pod(version=9))  # the object still exists: its label was removed and added again
    assert len(cache.serving_pods(DEMO_KEY)) == 1


def test_an_older_response_does_not_restore_an_object_missing_from_a_list() -> None:
    cache = Cache()
    cache.upsert(pod(version=5))
    cache.replace(PODS, Listing(7, []))
    cache.upsert(pod(version=6))
    assert cache.serving_pods(DEMO_KEY) == []


def test_deleting_an_object_keeps_a_newer_one_of_the_same_name() -> None:
    cache = Cache()
    cache.upsert(resource(DEMO, uid="new"))
    cache.delete(resource(DEMO, uid="old"))
    assert cache.keys() == {DEMO_KEY}


def test_an_object_moves_when_its_instance_label_changes() -> None:
    cache = Cache()
    cache.upsert(pod(version=1))
    moved = pod(version=2)
    moved["metadata"]["labels"]["app.kubernetes.io/instance"] = "other"
    assert cache.upsert(moved) == Key("default", "other")
    assert cache.serving_pods(DEMO_KEY) == []


def test_the_controller_reference_takes_precedence_over_the_instance_label() -> None:
    child = deployment(1)
    child["metadata"] |= {
        "labels": {"app.kubernetes.io/instance": "other"},
        "ownerReferences": [{"kind": "DiarizationService", "name": "demo", "uid": "u", "controller": True}],
    }
    assert Cache().upsert(child) == DEMO_KEY


def test_a_list_removes_missed_deletions_and_keeps_newer_objects() -> None:
    cache = Cache()
    cache.upsert(pod("lost", version=3))
    cache.upsert(pod("newer", version=9))
    cache.replace(PODS, Listing(5, [pod("listed", version=4)]))
    assert {each["metadata"]["name"] for each in cache.serving_pods(DEMO_KEY)} == {"newer", "listed"}


def test_managed_fields_and_pod_specs_are_stripped() -> None:
    cache = Cache()
    cache.upsert(resource(DEMO, managedFields=[{"manager": "kubectl"}]))
    cache.upsert(pod())
    assert "managedFields" not in (cache.service(DEMO_KEY) or {})["metadata"]
    assert "spec" not in cache.serving_pods(DEMO_KEY)[0]


def test_lookups_insert_no_empty_entries() -> None:
    cache = Cache()
    cache.service(DEMO_KEY)
    cache.serving_pods(DEMO_KEY)
    assert cache.keys() == set()
    assert cache.children(Key("a", "b")) == []


def test_clearing_a_kind_removes_all_of_its_objects() -> None:
    cache = Cache()
    cache.upsert(resource(DEMO))
    cache.upsert(pod())
    cache.clear(PODS)
    assert (cache.serving_pods(DEMO_KEY), cache.keys()) == ([], {DEMO_KEY})
    cache.clear(DIARIZATION_SERVICES)
    assert cache.keys() == set()


def test_the_oldest_tombstone_is_dropped_first() -> None:
    cache = Cache()
    for number in range(MAX_TOMBSTONES + 1):
        cache.delete(pod(str(number), version=5))
    assert (cache.upsert(pod("0", version=4)), cache.upsert(pod("1", version=4))) == (DEMO_KEY, DEMO_KEY)
    assert [each["metadata"]["name"] for each in cache.serving_pods(DEMO_KEY)] == ["0"]
