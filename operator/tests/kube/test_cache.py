"""The cache holds the newest state of everything, by service, and forgets what is gone."""

from sd_harness.services.live_objects import deployment, pod, resource
from sd_harness.services.service_specs import DEMO
from sd_operator.kube.cache import Cache, Key
from sd_operator.kube.client import Listing
from sd_operator.resources import DIARIZATION_SERVICES, PODS

DEMO_KEY = Key("default", "demo")


def test_an_object_is_found_by_its_service() -> None:
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


def test_a_removed_object_is_gone() -> None:
    cache = Cache()
    cache.upsert(resource(DEMO))
    assert cache.delete(resource(DEMO)) == DEMO_KEY
    assert cache.service(DEMO_KEY) is None
    assert cache.keys() == set()


def test_what_has_gone_does_not_come_back_by_an_older_list_or_answer() -> None:
    cache = Cache()
    cache.upsert(pod(version=5))
    cache.delete(pod(version=8))
    cache.replace(PODS, Listing(7, [pod(version=5)]))
    cache.upsert(pod(version=8))
    assert cache.serving_pods(DEMO_KEY) == []
    cache.upsert(pod(version=9))  # its label was taken away, and has come back
    assert len(cache.serving_pods(DEMO_KEY)) == 1


def test_what_a_list_no_longer_holds_does_not_come_back_by_an_older_answer() -> None:
    cache = Cache()
    cache.upsert(pod(version=5))
    cache.replace(PODS, Listing(7, []))
    cache.upsert(pod(version=6))
    assert cache.serving_pods(DEMO_KEY) == []


def test_removing_an_earlier_object_of_the_name_leaves_the_new_one() -> None:
    cache = Cache()
    cache.upsert(resource(DEMO, uid="new"))
    cache.delete(resource(DEMO, uid="old"))
    assert cache.keys() == {DEMO_KEY}


def test_an_object_whose_owner_label_changed_moves() -> None:
    cache = Cache()
    cache.upsert(pod(version=1))
    moved = pod(version=2)
    moved["metadata"]["labels"]["app.kubernetes.io/instance"] = "other"
    assert cache.upsert(moved) == Key("default", "other")
    assert cache.serving_pods(DEMO_KEY) == []


def test_a_child_belongs_to_its_owner_whatever_its_labels_say() -> None:
    child = deployment(1)
    child["metadata"] |= {
        "labels": {"app.kubernetes.io/instance": "other"},
        "ownerReferences": [{"kind": "DiarizationService", "name": "demo", "uid": "u", "controller": True}],
    }
    assert Cache().upsert(child) == DEMO_KEY


def test_a_list_removes_what_a_watch_lost_and_keeps_what_came_after_it() -> None:
    cache = Cache()
    cache.upsert(pod("lost", version=3))
    cache.upsert(pod("newer", version=9))
    cache.replace(PODS, Listing(5, [pod("listed", version=4)]))
    assert {each["metadata"]["name"] for each in cache.serving_pods(DEMO_KEY)} == {"newer", "listed"}


def test_managed_fields_and_pod_specs_are_not_kept() -> None:
    cache = Cache()
    cache.upsert(resource(DEMO, managedFields=[{"manager": "kubectl"}]))
    cache.upsert(pod())
    assert "managedFields" not in (cache.service(DEMO_KEY) or {})["metadata"]
    assert "spec" not in cache.serving_pods(DEMO_KEY)[0]


def test_asking_makes_no_entry() -> None:
    cache = Cache()
    cache.service(DEMO_KEY)
    cache.serving_pods(DEMO_KEY)
    assert cache.keys() == set()
    assert cache.children(Key("a", "b")) == []


def test_a_kind_that_is_gone_takes_all_of_its_objects_with_it() -> None:
    cache = Cache()
    cache.upsert(resource(DEMO))
    cache.upsert(pod())
    cache.clear(PODS)
    assert (cache.serving_pods(DEMO_KEY), cache.keys()) == ([], {DEMO_KEY})
    cache.clear(DIARIZATION_SERVICES)
    assert cache.keys() == set()
