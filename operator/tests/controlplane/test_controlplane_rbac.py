"""The life of a service uses every permission that the chart grants to the operator, and needs no other."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from sd_harness.control_plane.control_plane import ControlPlane, Manifest, control_plane
from sd_harness.control_plane.model_job_pods import active_job_pod
from sd_harness.control_plane.operator_process import running_operator
from sd_harness.control_plane.operator_testbed import OperatorTestbed, condition
from sd_harness.control_plane.processes import eventually
from sd_harness.control_plane.program_flags import OPERATOR_USER
from sd_harness.services.live_objects import INSTALLATION, service
from sd_harness.services.service_specs import WITH_HPA, WITH_KEDA, with_hugging_face
from sd_operator.api.service import DiarizationService
from sd_operator.children import desired
from sd_operator.reconcile.scale_down import DELETION_COST_ANNOTATION
from sd_operator.resources import CHILD_KINDS, OPTIONAL_KINDS, Resource
from test_controlplane_discovery import crd
from test_controlplane_status import give_to_a_node

LEASE = "sd-triton-operator"
FORBIDDEN = 403
KEDA, HPA = (spec | {"replicas": 2} for spec in (WITH_KEDA, WITH_HPA))
NOT_IN_AUDIT_LOG = {("sd-triton.dev/diarizationservices/finalizers", "update")}
"""The admission plugin checks this permission for owner references with blockOwnerDeletion, which is no request of its
own. The plugin is enabled here, so that without the permission no child could be created."""
POLICY = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [{"level": "Metadata", "users": [OPERATOR_USER]}, {"level": "None"}],
}

Permission = tuple[str, str]
"""Resource with API group and subresource, and verb."""


@pytest.fixture(scope="module")
def plane(tools: Path, chart: list[Manifest], tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A control plane of its own whose audit log has all requests of the operator, including reads."""
    folder = tmp_path_factory.mktemp("rbac")
    (folder / "all.yaml").write_text(yaml.safe_dump(POLICY))
    manifests = [each for each in chart if each["kind"] == "CustomResourceDefinition" or "Role" in each["kind"]]
    optional = [crd(kind.kind, kind.plural, *kind.api_version.split("/")) for kind in OPTIONAL_KINDS]
    flags = [
        f"--audit-policy-file={folder / 'all.yaml'}",
        "--enable-admission-plugins=OwnerReferencesPermissionEnforcement",
    ]
    with control_plane(folder, tools, [*manifests, *optional], {"kube-apiserver": flags}) as running:
        yield running


@pytest.fixture
def testbed(plane: ControlPlane, namespace: str) -> Iterator[OperatorTestbed]:
    """An operator with the Lease that the chart's Role permits."""
    with running_operator(plane, lease=LEASE) as operator:
        yield OperatorTestbed(plane, operator, namespace)


def test_every_permission_is_used_and_no_other_is_requested(testbed: OperatorTestbed, chart: list[Manifest]) -> None:
    exercise_all_requests(testbed)
    assert [event for event in object_requests(testbed.plane) if event["responseStatus"]["code"] == FORBIDDEN] == []
    assert used(testbed.plane) | NOT_IN_AUDIT_LOG == granted(chart)


def permissions(event: Manifest) -> list[Permission]:
    """The permissions that a request needed; an apply that creates an object needs two."""
    reference = event["objectRef"]
    parts = [reference.get("apiGroup", ""), reference["resource"], reference.get("subresource", "")]
    resource = "/".join(parts if parts[2] else parts[:2])
    created = event["verb"] == "patch" and event["responseStatus"]["code"] == 201
    return [(resource, event["verb"]), *([(resource, "create")] if created else [])]


def granted(chart: list[Manifest]) -> set[Permission]:
    """The permissions that the chart grants."""
    rules = [rule for each in chart if each["kind"] in ("ClusterRole", "Role") for rule in each["rules"]]
    return {
        (f"{group}/{resource}", verb)
        for rule in rules
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


def exercise_all_requests(testbed: OperatorTestbed) -> None:
    """Create, prune, change and scale down a service whose pod then fails to start, and one with a downloaded model."""
    testbed.apply(KEDA)
    eventually(lambda: len(testbed.pods()) == 2, "two pods")
    testbed.eventually("scaledobject", lambda live: live["spec"])
    testbed.plane.apply(*unwanted_children(testbed))
    for kind in CHILD_KINDS:
        eventually(
            lambda kind=kind: testbed.get(kind.plural, "unwanted") is None, f"the unwanted {kind.kind} is pruned"
        )
    testbed.apply(HPA | {"serving": {"adapters": 3}})
    testbed.eventually("hpa", lambda live: live["spec"])
    testbed.wait_for_adapters(3)
    testbed.kubectl("scale", "diar/demo", "--replicas=1")
    eventually(lambda: has_deletion_cost(testbed), "the pod deletion cost is set")
    eventually(lambda: bind_a_pod(testbed), "a pod is bound to a node")
    eventually(lambda: ("/events", "list") in used(testbed.plane), "the pod's Events are listed", 15)
    testbed.apply(with_hugging_face(), "downloaded")
    active_job_pod(testbed, "downloaded")
    testbed.apply(with_hugging_face(revision="v2"), "downloaded")
    eventually(lambda: ("batch/jobs", "delete") in used(testbed.plane), "the Job of the earlier spec is deleted")
    for kind in CHILD_KINDS:
        create_with_existing_child(testbed, kind)


def create_with_existing_child(testbed: OperatorTestbed, kind: Resource) -> None:
    """Create a service for which an object of a child's name exists, which makes the operator read that object."""
    name = f"taken-{kind.plural}"
    candidates = (
        (spec, child)
        for spec in (KEDA, HPA, with_hugging_face())
        for child in desired(service(spec, name), INSTALLATION)
    )
    spec, child = next((spec, child) for spec, child in candidates if child["kind"] == kind.kind)
    testbed.plane.apply(child | {"metadata": {"name": child["metadata"]["name"], "namespace": testbed.namespace}})
    testbed.apply(spec, name)
    testbed.eventually("diar", lambda live: condition(live, "Ready")["reason"] == "NameTaken", name)


def bind_a_pod(testbed: OperatorTestbed) -> bool:
    """Bind one of the pods to a node; return False if a scale-down deleted all of them meanwhile."""
    for pod in testbed.pods():
        try:
            give_to_a_node(testbed, pod)
        except AssertionError:
            continue
        return True
    return False


def has_deletion_cost(testbed: OperatorTestbed) -> bool:
    """Return True if the operator has set the deletion cost of a pod."""
    return any(DELETION_COST_ANNOTATION in pod["metadata"].get("annotations", {}) for pod in testbed.pods())


def unwanted_children(testbed: OperatorTestbed) -> list[Manifest]:
    """One object of each kind that the service owns but does not want, as left by an operator of another version."""
    resource = testbed.eventually("diar", lambda live: live.get("status"))
    services = [DiarizationService.parse(resource | {"spec": spec}) for spec in (KEDA, HPA, with_hugging_face())]
    children = {child["kind"]: child for service in services for child in desired(service, INSTALLATION)}
    assert children.keys() == {kind.kind for kind in CHILD_KINDS}
    return [child | {"metadata": child["metadata"] | {"name": "unwanted"}} for child in children.values()]


def used(plane: ControlPlane) -> set[Permission]:
    """The permissions that the operator's requests needed."""
    return {permission for event in object_requests(plane) for permission in permissions(event)}


def object_requests(plane: ControlPlane) -> list[Manifest]:
    """The audit events of the operator's requests for objects."""
    return [event for event in plane.audit_events() if "objectRef" in event and "responseStatus" in event]
