"""A plan is a function of the observation alone."""

import copy
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sd_harness.services.live_objects import deployment, live, pod, service
from sd_harness.services.observations import NOW, desired_state, observation
from sd_harness.services.service_specs import DEMO, with_demo
from sd_operator.children.config_map import SETTINGS_ANNOTATION
from sd_operator.reconcile.decide import decide
from sd_operator.reconcile.desired_state import DesiredState
from sd_operator.reconcile.drift.field_conflicts import CONFLICT_INTERVAL_S, RepairHistory
from sd_operator.reconcile.finding import Finding
from sd_operator.reconcile.objects import identity
from sd_operator.reconcile.observation import Observation
from sd_operator.reconcile.plan import Change, Plan
from sd_operator.reconcile.retry_backoff import POD_RETRY_ANNOTATION, is_retried, requeue_after_s
from sd_operator.resources import Manifest

SERVICE = service(DEMO)
DESIRED = desired_state(DEMO)


def live_children(**changed: Manifest) -> list[Manifest]:
    """Return the children after they were applied, except those given by kind."""
    applied = [live(copy.deepcopy(manifest)) for manifest in DESIRED.children]
    return [changed.get(child["kind"], child) if is_first(child) else child for child in applied]


def is_first(manifest: Manifest) -> bool:
    """Return False for the second child of a kind, whose name has a suffix."""
    return not manifest["metadata"]["name"].endswith("-headless")


def child(kind: str) -> Manifest:
    """Return a live child to change."""
    return next(each for each in live_children() if each["kind"] == kind and is_first(each))


def without(kind: str, manifests: list[Manifest]) -> list[Manifest]:
    """Return all but the first child of that kind."""
    return [each for each in manifests if not (each["kind"] == kind and is_first(each))]


def plan(*children: Manifest, desired: DesiredState = DESIRED, **seen: Any) -> Plan:
    """Return the decision about these live children."""
    return decide(observation(*children, desired=desired, **seen))


def names(made: Plan) -> list[tuple[str, str]]:
    """Return the children that a plan applies."""
    return [identity(change.manifest) for change in made.apply]


def test_a_new_service_gets_every_child() -> None:
    assert names(plan()) == [identity(manifest) for manifest in DESIRED.children]


def test_a_settled_service_has_an_empty_plan() -> None:
    assert plan(*live_children()) == Plan()


def test_a_missing_child_is_created_alone() -> None:
    assert names(plan(*without("Service", live_children()))) == [("Service", "demo")]


def test_a_changed_field_is_restored() -> None:
    changed = child("Deployment")
    changed["spec"]["replicas"] = 7
    [change] = plan(*live_children(Deployment=changed)).apply
    assert change.difference is not None
    assert (change.manifest["kind"], change.difference.path, change.is_repair) == ("Deployment", "spec.replicas", True)


def test_a_field_that_is_no_longer_desired_is_removed() -> None:
    before = desired_state(with_demo(compute={"nodeSelector": {"pool": "gpu"}}))
    [change] = plan(*map(live, before.children)).apply
    assert (change.manifest["kind"], change.is_repair) == ("Deployment", False)


def test_fields_that_others_add_are_left_alone() -> None:
    changed, front, policy = child("Deployment"), child("Service"), child("NetworkPolicy")
    changed["metadata"]["annotations"]["deployment.kubernetes.io/revision"] = "1"
    template = changed["spec"]["template"]
    template["metadata"]["annotations"]["kubectl.kubernetes.io/restartedAt"] = "now"
    template["spec"]["containers"].append({"name": "sidecar", "image": "sidecar:1"})
    changed["spec"]["paused"] = True
    front["spec"]["clusterIP"] = "10.0.0.1"
    front["spec"]["ports"].append({"name": "other", "port": 9})
    policy["metadata"]["labels"]["team"] = "speech"
    assert plan(*live_children(Deployment=changed, Service=front, NetworkPolicy=policy)) == Plan()


@pytest.mark.parametrize(
    ("owners", "message"),
    [
        ([], "Service demo exists and does not belong to this DiarizationService."),
        (
            [{"kind": "DiarizationService", "name": "demo", "uid": "earlier"}],
            "Service demo belongs to a deleted DiarizationService.",
        ),
    ],
    ids=["a foreign object", "an earlier service of the name"],
)
def test_a_foreign_object_is_never_changed(owners: list[Manifest], message: str) -> None:
    front = child("Service")
    front["metadata"]["ownerReferences"] = owners
    front["spec"]["type"] = "NodePort"
    made = plan(*live_children(Service=front))
    [error] = made.errors
    assert made == Plan(errors=[error])
    assert error.reason == "NameTaken"
    assert error.message.startswith(message)


@pytest.mark.parametrize(
    ("kind", "has_pods"), [("NetworkPolicy", True), ("ServiceAccount", False), ("ConfigMap", False)]
)
def test_a_taken_name_prevents_pods_only_if_they_would_read_the_object(kind: str, has_pods: bool) -> None:  # noqa: FBT001
    foreign = child(kind)
    foreign["metadata"]["ownerReferences"] = []
    assert (("Deployment", "demo") in names(plan(foreign))) is has_pods


def test_a_new_autoscaler_waits_until_the_old_one_is_gone() -> None:
    scaled = desired_state(with_demo(autoscaling={"mode": "hpa"}))
    old = live({"kind": "ScaledObject", "metadata": {"name": "demo", "ownerReferences": [{"uid": SERVICE.uid}]}})
    made = plan(old, desired=scaled)
    assert ("HorizontalPodAutoscaler", "demo") not in names(made)
    assert made.delete == [old]
    made = plan(live(old, deletionTimestamp="2026-01-01T00:00:00Z"), desired=scaled)
    assert ("HorizontalPodAutoscaler", "demo") not in names(made)
    assert made.delete == []
    assert ("HorizontalPodAutoscaler", "demo") in names(plan(desired=scaled))


def test_settings_remain_as_long_as_a_pod_may_read_them() -> None:
    before, after = child("ConfigMap"), desired_state(with_demo(serving={"adapters": 3}))
    children = [*map(live, after.children), before]
    reader = {"metadata": {"annotations": {SETTINGS_ANNOTATION: before["metadata"]["name"]}}}
    assert plan(*children, desired=after, settings_readers=[reader]) == Plan()
    assert plan(*children, desired=after, settings_readers=[{"metadata": {}}]) == Plan(delete=[before])


def test_a_child_that_is_no_longer_desired_is_deleted() -> None:
    fewer = replace(DESIRED, children=without("Service", DESIRED.children))
    assert [identity(each) for each in plan(*live_children(), desired=fewer).delete] == [("Service", "demo")]


def test_a_foreign_object_that_is_not_desired_is_not_deleted() -> None:
    front = child("Service")
    front["metadata"]["ownerReferences"] = []
    fewer = replace(DESIRED, children=without("Service", DESIRED.children))
    assert plan(*live_children(Service=front), desired=fewer) == Plan()


def test_a_child_that_is_being_deleted_is_left_alone() -> None:
    front = child("Service")
    front["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    front["spec"]["type"] = "NodePort"
    assert plan(*live_children(Service=front)) == Plan()


def test_pods_go_on_serving_if_the_status_with_the_model_was_lost() -> None:
    lost = replace(DESIRED, service=replace(SERVICE, served=None), children=without("Deployment", DESIRED.children))
    assert plan(*live_children(), desired=lost) == Plan()


def test_an_invalid_spec_changes_nothing_and_is_not_retried() -> None:
    seen = Observation(resource={}, now=NOW, spec_error="spec.model: Field required", children=live_children())
    made = decide(seen)
    assert made == Plan(errors=[Finding("InvalidSpec", "spec.model: Field required")])
    after = replace(seen, errors=made.errors, retry_delay_s=8)
    assert (is_retried(after), requeue_after_s(after)) == (False, None)


def test_the_pods_are_marked_before_a_scale_down() -> None:
    changed = child("Deployment")
    changed["spec"]["replicas"] = 3
    backlogs_s = {"uid-busy": 90.0, "uid-idle": 0.0}
    made = plan(*live_children(Deployment=changed), pods=[pod("busy"), pod("idle")], backlogs_s=backlogs_s)
    assert [(each["metadata"]["name"], cost) for each, cost in made.deletion_costs] == [
        ("busy", "90000"),
        ("idle", "0"),
    ]


def contested() -> tuple[RepairHistory, Manifest]:
    """Return the history of a Service that was repaired three times, and the Service as it was changed again."""
    front = child("Service")
    front["spec"]["type"] = "NodePort"
    manifest = next(each for each in DESIRED.children if identity(each) == ("Service", "demo"))
    history = RepairHistory()
    for now in (0, 1, 2):
        history = history.updated([Change(manifest, front)], [], now)
    return history, front


def test_a_repair_is_delayed_during_a_conflict_and_the_manager_is_named() -> None:
    history, front = contested()
    entry = {"manager": "argocd", "time": "", "fieldsV1": {"f:spec": {"f:type": {}}}}
    managed = front | {"metadata": front["metadata"] | {"managedFields": [entry]}}
    seen: dict[str, Any] = {"repairs": history, "monotonic_s": 3.0, "in_conflict": {("Service", "demo"): managed}}
    made = plan(*live_children(Service=front), **seen)
    assert made.apply == []
    [found] = made.conflicts.values()
    assert found.message.startswith("argocd repeatedly changes spec.type of Service demo")
    later: dict[str, Any] = {**seen, "monotonic_s": 3 + CONFLICT_INTERVAL_S}
    assert names(plan(*live_children(Service=front), **later)) == [("Service", "demo")]


REJECTED = {"type": "ReplicaFailure", "status": "True", "message": "exceeded quota: small"}


def rejected(**annotations: str) -> Manifest:
    """Return a Deployment whose pods are rejected."""
    found: Manifest = child("Deployment") | {"status": {"conditions": [REJECTED]}}
    found["metadata"]["annotations"] |= annotations
    return found


def test_rejected_pods_are_retried_after_the_delay() -> None:
    seen: dict[str, Any] = {"retry_delay_s": 8.0}
    first = plan(*live_children(Deployment=rejected()), **seen).pod_retry
    assert first is not None
    recent = {POD_RETRY_ANNOTATION: (NOW - timedelta(seconds=7)).isoformat()}
    assert plan(*live_children(Deployment=rejected(**recent)), **seen).pod_retry is None
    earlier = {POD_RETRY_ANNOTATION: (NOW - timedelta(seconds=8)).isoformat()}
    assert plan(*live_children(Deployment=rejected(**earlier)), **seen).pod_retry is not None
    assert plan(*live_children(), **seen).pod_retry is None


ON_ITS_NODE = pod(conditions=[{"type": "PodScheduled", "status": "True", "lastTransitionTime": "2026-01-02T03:04:00Z"}])
SET_UP = {"type": "PodReadyToStartContainers", "status": "True", "lastTransitionTime": "2026-01-02T03:04:01Z"}
STARTING = pod(conditions=[*ON_ITS_NODE["status"]["conditions"], SET_UP])
SETTLED = deployment(1, replicas=1, updatedReplicas=1, readyReplicas=1, availableReplicas=1)
ERROR = Finding("RequestRejected", "No.")


@pytest.mark.parametrize(
    ("seen", "delay_s"),
    [
        ({}, None),
        ({"errors": [ERROR]}, 8.0),
        ({"children": [rejected()]}, 8.0),
        ({"pods": [ON_ITS_NODE]}, 8.0),
        ({"pods": [STARTING]}, CONFLICT_INTERVAL_S),
        ({"conflicts": [ERROR]}, CONFLICT_INTERVAL_S),
        ({"conflicts": [ERROR], "errors": [ERROR]}, 8.0),
    ],
    ids=["settled", "error", "pods rejected", "pod being set up", "pod starts", "conflict", "conflict and error"],
)
def test_a_pass_follows_without_an_event_if_no_watched_object_reports_the_change(
    seen: dict[str, Any], delay_s: float | None
) -> None:
    observed = replace(observation(SETTLED, retry_delay_s=8.0), **seen)
    assert requeue_after_s(observed) == delay_s


def test_the_earliest_reason_for_a_pass_counts() -> None:
    model = replace(DESIRED.model, requeue_after_s=5.0)
    observed = observation(SETTLED, desired=replace(DESIRED, model=model), errors=[ERROR], retry_delay_s=8.0)
    assert requeue_after_s(observed) == 5.0


def test_the_jobs_of_the_model_plan_are_part_of_the_plan() -> None:
    job = {"kind": "Job", "metadata": {"name": "demo-model-1"}}
    model = replace(DESIRED.model, create=job, delete=[job])
    made = plan(*live_children(), desired=replace(DESIRED, model=model))
    assert (made.create_job, made.delete_jobs) == (job, [job])
