"""What is written follows from what is wanted and what is there, and from nothing else."""

import copy

import pytest
from sd_harness.services.live_objects import INSTALLATION, live, service
from sd_harness.services.service_specs import DEMO, with_demo
from sd_operator.children import desired
from sd_operator.children.config_map import SETTINGS_ANNOTATION
from sd_operator.reconcile.decide import Plan, decide, identity, stamped
from sd_operator.resources import Manifest

SERVICE = service(DEMO)
WANTED = desired(SERVICE, INSTALLATION)


def there(**changed: Manifest) -> list[Manifest]:
    """The children as they are once they have been applied, but for those given by kind."""
    applied = [live(stamped(copy.deepcopy(manifest))) for manifest in WANTED]
    return [changed.get(child["kind"], child) if is_first(child) else child for child in applied]


def is_first(manifest: Manifest) -> bool:
    """A kind may occur twice: then the second one's name says what it is."""
    return not manifest["metadata"]["name"].endswith(("-headless", "-dashboard"))


def child(kind: str) -> Manifest:
    """One of them, to be changed."""
    return next(each for each in there() if each["kind"] == kind and is_first(each))


def without(kind: str, manifests: list[Manifest]) -> list[Manifest]:
    """All but the first one of that kind."""
    return [each for each in manifests if not (each["kind"] == kind and is_first(each))]


def names(plan: Plan) -> list[tuple[str, str]]:
    """What a plan applies."""
    return [identity(change.manifest) for change in plan.apply]


def test_a_new_service_gets_every_child() -> None:
    assert names(decide(SERVICE, WANTED, [])) == [identity(manifest) for manifest in WANTED]


def test_a_settled_service_gets_nothing() -> None:
    assert decide(SERVICE, WANTED, there()) == Plan()


def test_a_missing_child_comes_back_alone() -> None:
    assert names(decide(SERVICE, WANTED, without("Service", there()))) == [("Service", "demo")]


def test_a_child_that_was_changed_by_hand_is_put_right() -> None:
    deployment = child("Deployment")
    deployment["spec"]["replicas"] = 7
    [change] = decide(SERVICE, WANTED, there(Deployment=deployment)).apply
    assert (change.manifest["kind"], change.field, change.is_repair) == ("Deployment", "spec.replicas", True)


def test_only_a_plan_with_something_new_makes_anything() -> None:
    deployment = child("Deployment")
    deployment["spec"]["replicas"] = 7
    assert decide(SERVICE, WANTED, without("Service", there())).makes
    assert not decide(SERVICE, WANTED, there(Deployment=deployment)).makes
    assert not decide(SERVICE, WANTED, there()).makes


def test_a_field_that_is_no_longer_wanted_is_noticed() -> None:
    placed = service(with_demo(compute={"nodeSelector": {"pool": "gpu"}}))
    before = [live(stamped(manifest)) for manifest in desired(placed, INSTALLATION)]
    [change] = decide(SERVICE, WANTED, before).apply
    assert (change.manifest["kind"], change.is_repair) == ("Deployment", False)


def test_what_others_add_is_left_alone() -> None:
    deployment, front = child("Deployment"), child("Service")
    deployment["metadata"]["annotations"]["deployment.kubernetes.io/revision"] = "1"
    template = deployment["spec"]["template"]["metadata"]
    template["annotations"] = template.get("annotations", {}) | {"kubectl.kubernetes.io/restartedAt": "now"}
    front["spec"]["clusterIP"] = "10.0.0.1"
    assert decide(SERVICE, WANTED, there(Deployment=deployment, Service=front)) == Plan()


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
    front = child("Service")
    front["metadata"]["ownerReferences"] = owners
    plan = decide(SERVICE, WANTED, there(Service=front))
    assert (plan.apply, plan.delete) == ([], [])
    assert [(each.reason, each.message) for each in plan.refusals] == [("NameTaken", sentence)]


@pytest.mark.parametrize(
    ("kind", "goes_on"), [("NetworkPolicy", True), ("ServiceAccount", False), ("ConfigMap", False)]
)
def test_a_name_that_is_taken_stops_the_pods_only_where_they_would_read_it(kind: str, goes_on: bool) -> None:  # noqa: FBT001
    strange = child(kind)
    strange["metadata"]["ownerReferences"] = []
    plan = decide(SERVICE, WANTED, [strange])
    assert (("Deployment", "demo") in names(plan)) is goes_on


def test_a_new_autoscaler_waits_until_the_old_one_has_gone() -> None:
    scaled = service(with_demo(autoscaling={"mode": "hpa"}))
    wanted = desired(scaled, INSTALLATION)
    old = live({"kind": "ScaledObject", "metadata": {"name": "demo", "ownerReferences": [{"uid": scaled.uid}]}})
    plan = decide(scaled, wanted, [old])
    assert ("HorizontalPodAutoscaler", "demo") not in names(plan)
    assert plan.delete == [old]
    leaving = live(old, deletionTimestamp="2026-01-01T00:00:00Z")
    plan = decide(scaled, wanted, [leaving])
    assert ("HorizontalPodAutoscaler", "demo") not in names(plan)
    assert plan.delete == []
    assert ("HorizontalPodAutoscaler", "demo") in names(decide(scaled, wanted, []))


def test_what_an_outsider_adds_is_put_right() -> None:
    policy = child("NetworkPolicy")
    by_hand = {"manager": "kubectl-edit", "fieldsV1": {"f:spec": {"f:surprise": {}}}}
    policy["metadata"]["managedFields"], policy["spec"]["surprise"] = [by_hand], "x"
    [change] = decide(SERVICE, WANTED, there(NetworkPolicy=policy)).apply
    assert (change.manifest["kind"], change.field, change.is_repair) == ("NetworkPolicy", "spec.surprise", True)


OTHER = service(with_demo(serving={"adapters": 3}))


def test_settings_stay_for_as_long_as_a_pod_may_read_them() -> None:
    before, wanted = child("ConfigMap"), desired(OTHER, INSTALLATION)
    children = [*(live(stamped(manifest)) for manifest in wanted), before]
    reader = {"metadata": {"annotations": {SETTINGS_ANNOTATION: before["metadata"]["name"]}}}
    assert decide(OTHER, wanted, children, [reader]) == Plan()
    assert decide(OTHER, wanted, children, [{"metadata": {}}]) == Plan(delete=[before])


def test_a_child_that_is_no_longer_wanted_is_removed() -> None:
    plan = decide(SERVICE, without("Service", WANTED), there())
    assert [identity(each) for each in plan.delete] == [("Service", "demo")]


def test_a_stranger_that_is_not_wanted_is_not_removed() -> None:
    front = child("Service")
    front["metadata"]["ownerReferences"] = []
    assert decide(SERVICE, without("Service", WANTED), there(Service=front)) == Plan()


def test_a_child_that_is_leaving_is_waited_for() -> None:
    front = child("Service")
    front["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    front["spec"]["type"] = "NodePort"
    assert decide(SERVICE, WANTED, there(Service=front)) == Plan()
