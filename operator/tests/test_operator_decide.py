"""What is written follows from what is wanted and what is there, and from nothing else."""

import copy

import pytest
from live_objects import IMAGES, live, service
from sd_operator.children import desired
from sd_operator.reconcile.decide import Plan, decide, stamped
from sd_operator.vocabulary import Manifest
from service_specs import DEMO, with_demo

SERVICE = service(DEMO)
WANTED = desired(SERVICE, IMAGES)


def there() -> list[Manifest]:
    """The children as they are once they have been applied."""
    return [live(stamped(copy.deepcopy(manifest))) for manifest in WANTED]


def kinds(manifests: list[Manifest]) -> list[str]:
    """What is in a part of a plan."""
    return [manifest["kind"] for manifest in manifests]


def test_a_new_service_gets_every_child() -> None:
    assert kinds(decide(SERVICE, WANTED, []).apply) == ["ServiceAccount", "Deployment", "Service"]


def test_a_settled_service_gets_nothing() -> None:
    assert decide(SERVICE, WANTED, there()) == Plan()


def test_a_missing_child_comes_back_alone() -> None:
    assert kinds(decide(SERVICE, WANTED, there()[:2]).apply) == ["Service"]


def test_a_child_that_was_changed_by_hand_is_put_right() -> None:
    account, deployment, front = there()
    deployment["spec"]["replicas"] = 7
    assert kinds(decide(SERVICE, WANTED, [account, deployment, front]).apply) == ["Deployment"]


def test_a_field_that_is_no_longer_wanted_is_noticed() -> None:
    placed = service(with_demo(compute={"nodeSelector": {"pool": "gpu"}}))
    before = [live(stamped(manifest)) for manifest in desired(placed, IMAGES)]
    assert kinds(decide(SERVICE, WANTED, before).apply) == ["Deployment"]


def test_what_others_add_is_left_alone() -> None:
    account, deployment, front = there()
    deployment["metadata"]["annotations"]["deployment.kubernetes.io/revision"] = "1"
    deployment["spec"]["template"]["metadata"]["annotations"] = {"kubectl.kubernetes.io/restartedAt": "now"}
    front["spec"]["clusterIP"] = "10.0.0.1"
    assert decide(SERVICE, WANTED, [account, deployment, front]) == Plan()


@pytest.mark.parametrize(
    ("owners", "sentence"),
    [
        ([], "Service demo exists and is not this service's; rename the service, or remove that object."),
        (
            [{"kind": "DiarizationService", "name": "demo", "uid": "earlier"}],
            "Service demo still belongs to a deleted DiarizationService; it is on its way out.",
        ),
    ],
    ids=["a stranger", "an earlier service of the name"],
)
def test_somebody_elses_object_is_never_touched(owners: list[Manifest], sentence: str) -> None:
    account, deployment, front = there()
    front["metadata"]["ownerReferences"] = owners
    plan = decide(SERVICE, WANTED, [account, deployment, front])
    assert (plan.apply, plan.delete) == ([], [])
    assert [(each.reason, each.message) for each in plan.refusals] == [("NameTaken", sentence)]


def test_a_child_that_is_no_longer_wanted_is_removed() -> None:
    assert kinds(decide(SERVICE, WANTED[:2], there()).delete) == ["Service"]


def test_a_stranger_that_is_not_wanted_is_not_removed() -> None:
    account, deployment, front = there()
    front["metadata"]["ownerReferences"] = []
    assert decide(SERVICE, WANTED[:2], [account, deployment, front]) == Plan()


def test_a_child_that_is_leaving_is_waited_for() -> None:
    account, deployment, front = there()
    front["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    front["spec"]["type"] = "NodePort"
    assert decide(SERVICE, WANTED, [account, deployment, front]) == Plan()
