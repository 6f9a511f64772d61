"""Fields that a MutatingAdmissionPolicy changes in the operator's own apply are accepted, and reported once."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sd_harness.control_plane.control_plane import ControlPlane
from sd_harness.control_plane.operator_process import RECONCILES, WRITES, running_operator
from sd_harness.control_plane.operator_testbed import OperatorTestbed, condition
from sd_harness.control_plane.processes import eventually
from sd_harness.control_plane.program_flags import OPERATOR_USER
from sd_harness.services.service_specs import DEMO, with_demo
from sd_operator.reconcile.drift.admission import ACCEPTED_ANNOTATION
from sd_operator.resources import Manifest

MIRROR = "mirror.example/triton:1"
CONTAINER = "/spec/template/spec/containers/0"
IMAGE_FIELD = "spec.template.spec.containers[triton].image"
POLICY = {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingAdmissionPolicy"}
BINDING = {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingAdmissionPolicyBinding"}


def policy(namespace: str, path: str, value: str) -> list[Manifest]:
    """Return a policy that replaces a field of Deployments whenever the operator writes them, and its binding."""
    metadata = {"metadata": {"name": f"mutate-{namespace}"}}
    rule = {"apiGroups": ["apps"], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"]}
    patch = f'[JSONPatch{{op: "replace", path: "{path}", value: {value}}}]'
    spec = {
        "matchConstraints": {
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
            "resourceRules": [rule | {"resources": ["deployments"]}],
        },
        "matchConditions": [{"name": "operator", "expression": f"request.userInfo.username == '{OPERATOR_USER}'"}],
        "reinvocationPolicy": "Never",
        "mutations": [{"patchType": "JSONPatch", "jsonPatch": {"expression": patch}}],
    }
    return [POLICY | metadata | {"spec": spec}, BINDING | metadata | {"spec": {"policyName": f"mutate-{namespace}"}}]


@contextmanager
def mutated(plane: ControlPlane, namespace: str, path: str, value: str) -> Iterator[None]:
    """Have a policy in effect for as long as the block runs."""
    plane.apply(*policy(namespace, path, value))
    probe: Manifest = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "probe"}}
    probe["metadata"]["namespace"] = namespace
    labels = {"matchLabels": {"app": "probe"}}
    pod = {"containers": [{"name": "triton", "image": "probe:1", "resources": {"requests": {"cpu": "1"}}}]}
    template = {"metadata": {"labels": {"app": "probe"}}, "spec": pod}
    probe["spec"] = {"replicas": 0, "selector": labels, "template": template}

    def is_in_effect() -> bool:
        applied = plane.kubectl(
            "apply", f"--as={OPERATOR_USER}", "--as-group=system:masters", "--server-side", "--dry-run=server",
            "--output=json", "-f", "-", stdin=json.dumps(probe),
        )  # fmt: skip
        return json.loads(applied.stdout)["spec"]["template"]["spec"] != plain

    done = plane.kubectl(
        "apply", "--server-side", "--dry-run=server", "--output=json", "-f", "-", stdin=json.dumps(probe)
    )
    plain = json.loads(done.stdout)["spec"]["template"]["spec"]
    eventually(is_in_effect, "the policy is in effect", 30)
    yield
    plane.kubectl("delete", POLICY["kind"], f"mutate-{namespace}")
    plane.kubectl("delete", BINDING["kind"], f"mutate-{namespace}")
    eventually(lambda: not is_in_effect(), "the policy is no longer in effect", 30)


@pytest.fixture
def mirrored(plane: ControlPlane, namespace: str) -> Iterator[None]:
    """An image mirror."""
    with mutated(plane, namespace, f"{CONTAINER}/image", f'"{MIRROR}"'):
        yield


def image(deployment: Manifest) -> str:
    """Return the image of the Triton container."""
    return deployment["spec"]["template"]["spec"]["containers"][0]["image"]


def wait_until_accepted(testbed: OperatorTestbed, field: str = IMAGE_FIELD) -> Manifest:
    """Return the Deployment once the service reports the accepted field."""
    message = f"Admission changed {field} of Deployment demo"
    testbed.eventually("diar", lambda seen: message in condition(seen, "Degraded")["message"])
    return testbed.get("deployment") or {}


@pytest.mark.usefixtures("mirrored")
def test_a_changed_image_is_accepted_reported_once_and_written_no_more(testbed: OperatorTestbed) -> None:
    testbed.apply(with_demo(replicas=0))
    deployment = wait_until_accepted(testbed)
    degraded = condition(testbed.get("diar") or {}, "Degraded")
    assert (degraded["status"], degraded["reason"]) == ("False", "ChangedByAdmission")
    assert image(deployment) == MIRROR
    annotation = deployment["metadata"]["annotations"][ACCEPTED_ANNOTATION]
    assert list(json.loads(annotation)) == [IMAGE_FIELD]
    assert MIRROR not in annotation
    writes = testbed.wait_until_quiet()
    testbed.reconcile_again(5)
    assert testbed.operator.count(WRITES) == writes
    with running_operator(testbed.plane, SD_RESYNC_SECONDS="0.2") as second:
        eventually(lambda: second.count(RECONCILES) >= 10, "ten passes")
        assert second.count(WRITES) == 0
    assert (testbed.get("deployment") or {})["metadata"]["annotations"][ACCEPTED_ANNOTATION] == annotation


@pytest.mark.usefixtures("mirrored")
def test_a_later_change_by_somebody_else_is_restored_to_the_accepted_value(testbed: OperatorTestbed) -> None:
    testbed.apply(DEMO)
    testbed.wait_until_settled()
    wait_until_accepted(testbed)
    testbed.wait_until_quiet()
    for number in range(2):
        testbed.kubectl("set", "image", "deployment/demo", f"triton=other:{number}")
        testbed.eventually("deployment", lambda seen: image(seen) == MIRROR)
    testbed.kubectl("scale", "deployment/demo", "--replicas=4")
    testbed.eventually("deployment", lambda seen: seen["spec"]["replicas"] == 1)
    writes = testbed.wait_until_quiet()
    testbed.reconcile_again(2)
    assert testbed.operator.count(WRITES) == writes
    wait_until_accepted(testbed)


def test_a_changed_spec_is_applied_and_accepted_again_until_admission_leaves_the_field(
    testbed: OperatorTestbed,
) -> None:
    with mutated(testbed.plane, testbed.namespace, f"{CONTAINER}/image", f'"{MIRROR}"'):
        testbed.apply(DEMO)
        testbed.wait_until_settled()
        wait_until_accepted(testbed)
        testbed.apply(with_demo(serving={"adapters": 3}))
        testbed.wait_for_adapters(3)
        testbed.eventually("diar", lambda seen: seen["status"]["observedGeneration"] == 2)
        assert image(wait_until_accepted(testbed)) == MIRROR
        testbed.wait_until_quiet()
    testbed.apply(with_demo(serving={"adapters": 4}))
    restored = testbed.eventually("deployment", lambda seen: image(seen) != MIRROR, timeout_s=30)
    testbed.eventually("diar", lambda seen: IMAGE_FIELD not in condition(seen, "Degraded")["message"])
    assert ACCEPTED_ANNOTATION not in (testbed.get("deployment") or restored)["metadata"]["annotations"]


def test_requests_that_admission_raises_are_accepted(testbed: OperatorTestbed) -> None:
    path = f"{CONTAINER}/resources/requests/cpu"
    with mutated(testbed.plane, testbed.namespace, path, '"250m"'):
        testbed.apply(DEMO)
        testbed.wait_until_settled()
        wait_until_accepted(testbed, "spec.template.spec.containers[triton].resources.requests.cpu")
        writes = testbed.wait_until_quiet()
        testbed.reconcile_again(3)
        assert testbed.operator.count(WRITES) == writes
