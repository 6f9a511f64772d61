"""A service's whole life uses every right that the chart gives the operator, and is refused none."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from sd_harness.control_plane.control_plane import OPERATOR_USER, ControlPlane, Manifest, control_plane
from sd_harness.control_plane.model_job_pods import active_job_pod
from sd_harness.control_plane.operator_process import running_operator
from sd_harness.control_plane.operator_testbed import OperatorTestbed, condition
from sd_harness.control_plane.processes import eventually
from sd_harness.services.live_objects import INSTALLATION, service
from sd_harness.services.service_specs import WITH_HPA, WITH_KEDA, with_hugging_face
from sd_operator.api.service import DiarizationService
from sd_operator.children import desired
from sd_operator.reconcile.scale_down import DELETION_COST
from sd_operator.resources import CHILD_KINDS, OPTIONAL_KINDS, Resource
from test_controlplane_kinds import crd
from test_controlplane_status import give_to_a_node

LEASE = "sd-triton-operator"
FORBIDDEN = 403
KEDA, HPA = (spec | {"replicas": 2} for spec in (WITH_KEDA, WITH_HPA))
UNSEEN = {("sd-triton.dev/diarizationservices/finalizers", "update")}
"""The API server asks for it when an owner is named that is waited for; it is no request of its own. That it does ask
is switched on here, so that nothing could be made without it."""
POLICY = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [{"level": "Metadata", "users": [OPERATOR_USER]}, {"level": "None"}],
}

Right = tuple[str, str]
"""Resource with group and subresource, and the verb."""


@pytest.fixture(scope="module")
def plane(tools: Path, chart: list[Manifest], tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A control plane of its own that writes down all that the operator asks for, reads included."""
    folder = tmp_path_factory.mktemp("rights")
    (folder / "all.yaml").write_text(yaml.safe_dump(POLICY))
    parts = [each for each in chart if each["kind"] == "CustomResourceDefinition" or "Role" in each["kind"]]
    optional = [crd(kind.kind, kind.plural, *kind.api_version.split("/")) for kind in OPTIONAL_KINDS]
    flags = [
        f"--audit-policy-file={folder / 'all.yaml'}",
        "--enable-admission-plugins=OwnerReferencesPermissionEnforcement",
    ]
    with control_plane(folder, tools, [*parts, *optional], {"kube-apiserver": flags}) as running:
        yield running


@pytest.fixture
def testbed(plane: ControlPlane, namespace: str) -> Iterator[OperatorTestbed]:
    """An operator with the chart's own Lease: its rights are to that one only."""
    with running_operator(plane, lease=LEASE) as operator:
        yield OperatorTestbed(plane, operator, namespace)


def test_every_right_is_used_and_no_other_is_asked_for(testbed: OperatorTestbed, chart: list[Manifest]) -> None:
    live_through_everything(testbed)
    assert [event for event in answered(testbed.plane) if event["responseStatus"]["code"] == FORBIDDEN] == []
    assert asked(testbed.plane) | UNSEEN == granted(chart)


def rights(event: Manifest) -> list[Right]:
    """What a request needed; an apply that makes an object needs two."""
    reference = event["objectRef"]
    parts = [reference.get("apiGroup", ""), reference["resource"], reference.get("subresource", "")]
    resource = "/".join(parts if parts[2] else parts[:2])
    made = event["verb"] == "patch" and event["responseStatus"]["code"] == 201
    return [(resource, event["verb"]), *([(resource, "create")] if made else [])]


def granted(chart: list[Manifest]) -> set[Right]:
    """What the chart gives."""
    rules = [rule for each in chart if each["kind"] in ("ClusterRole", "Role") for rule in each["rules"]]
    return {
        (f"{group}/{resource}", verb)
        for rule in rules
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


def live_through_everything(testbed: OperatorTestbed) -> None:
    """Made with all there is, tidied up, changed, scaled down, stuck on its node; and one with a model from a hub."""
    testbed.apply(KEDA)
    eventually(lambda: len(testbed.pods()) == 2, "two pods")
    testbed.eventually("scaledobject", lambda seen: seen["spec"])
    testbed.plane.apply(*leftovers(testbed))
    for kind in CHILD_KINDS:
        eventually(lambda kind=kind: testbed.get(kind.plural, "leftover") is None, f"no {kind.kind} is left over")
    testbed.apply(HPA | {"serving": {"adapters": 3}})
    testbed.eventually("hpa", lambda seen: seen["spec"])
    testbed.wait_for_adapters(3)
    testbed.kubectl("scale", "diar/demo", "--replicas=1")
    eventually(lambda: marked(testbed), "the pods are marked")
    eventually(lambda: is_on_a_node(testbed), "a pod is on a node")
    eventually(lambda: ("/events", "list") in asked(testbed.plane), "the pod's Events are read", 15)
    testbed.apply(with_hugging_face(), "downloaded")
    active_job_pod(testbed, "downloaded")
    testbed.apply(with_hugging_face(revision="v2"), "downloaded")
    eventually(lambda: ("batch/jobs", "delete") in asked(testbed.plane), "the Job of the earlier spec is ended")
    for kind in CHILD_KINDS:
        find_the_name_taken(testbed, kind)


def find_the_name_taken(testbed: OperatorTestbed, kind: Resource) -> None:
    """A service of which one child's name is somebody else's: the operator has a look at that."""
    name = f"taken-{kind.plural}"
    wanted = (
        (spec, child)
        for spec in (KEDA, HPA, with_hugging_face())
        for child in desired(service(spec, name), INSTALLATION)
    )
    spec, child = next((spec, child) for spec, child in wanted if child["kind"] == kind.kind)
    testbed.plane.apply(child | {"metadata": {"name": child["metadata"]["name"], "namespace": testbed.namespace}})
    testbed.apply(spec, name)
    testbed.eventually("diar", lambda seen: condition(seen, "Ready")["reason"] == "NameTaken", name)


def is_on_a_node(testbed: OperatorTestbed) -> bool:
    """Gives one of the pods to a node; those that a scale-down ends go meanwhile."""
    for pod in testbed.pods():
        try:
            give_to_a_node(testbed, pod)
        except AssertionError:
            continue
        return True
    return False


def marked(testbed: OperatorTestbed) -> bool:
    """Whether the operator has said which pods are to go first."""
    return any(DELETION_COST in pod["metadata"].get("annotations", {}) for pod in testbed.pods())


def leftovers(testbed: OperatorTestbed) -> list[Manifest]:
    """One object of each kind that is the service's and none of its parts, as of an operator of another version."""
    resource = testbed.eventually("diar", lambda seen: seen.get("status"))
    services = [DiarizationService.parse(resource | {"spec": spec}) for spec in (KEDA, HPA, with_hugging_face())]
    made = {child["kind"]: child for service in services for child in desired(service, INSTALLATION)}
    assert made.keys() == {kind.kind for kind in CHILD_KINDS}
    return [child | {"metadata": child["metadata"] | {"name": "leftover"}} for child in made.values()]


def asked(plane: ControlPlane) -> set[Right]:
    """What the operator has asked for."""
    return {right for event in answered(plane) for right in rights(event)}


def answered(plane: ControlPlane) -> list[Manifest]:
    """The operator's requests about objects."""
    return [event for event in plane.audit_events() if "objectRef" in event and "responseStatus" in event]
