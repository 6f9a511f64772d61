"""What the chart installs: no more rights than needed, and a pod that the restricted profile admits."""

import subprocess

import pytest
import yaml
from sd_harness.control_plane.chart_rendering import render_chart
from sd_harness.control_plane.control_plane import CHART, ControlPlane, Manifest


def of_kind(chart: list[Manifest], kind: str) -> Manifest:
    """The chart's only object of a kind."""
    [found] = [manifest for manifest in chart if manifest["kind"] == kind]
    return found


def rights(manifest: Manifest) -> dict[str, set[str]]:
    """The verbs of a Role by the resource."""
    return {
        f"{group}/{resource}": set(rule["verbs"])
        for rule in manifest["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
    }


def test_the_operator_may_do_exactly_this(chart: list[Manifest]) -> None:
    child = {"get", "list", "watch", "create", "patch", "delete"}
    assert rights(of_kind(chart, "ClusterRole")) == {
        "sd-triton.dev/diarizationservices": {"get", "list", "watch"},
        "sd-triton.dev/diarizationservices/status": {"patch"},
        "sd-triton.dev/diarizationservices/finalizers": {"update"},
        "/serviceaccounts": child,
        "/configmaps": child,
        "apps/deployments": child,
        "/services": child,
        "networking.k8s.io/ingresses": child,
        "networking.k8s.io/networkpolicies": child,
        "policy/poddisruptionbudgets": child,
        "autoscaling/horizontalpodautoscalers": child,
        "/persistentvolumeclaims": child,
        "keda.sh/scaledobjects": child,
        "monitoring.coreos.com/podmonitors": child,
        "monitoring.coreos.com/prometheusrules": child,
        "/pods": {"list", "watch", "patch"},
        "batch/jobs": {"list", "watch", "create", "delete"},
        "apps/replicasets": {"list"},
        "/events": {"create", "list"},
    }


def test_the_lease_is_the_operators_own_in_its_own_namespace(chart: list[Manifest]) -> None:
    role = of_kind(chart, "Role")
    assert role["metadata"]["namespace"] == "sd-triton"
    assert {resource for rule in role["rules"] for resource in rule["resources"]} == {"leases"}
    named = next(rule for rule in role["rules"] if "resourceNames" in rule)
    lease = next(each["value"] for each in environment(chart) if each["name"] == "SD_LEASE")
    assert (named["resourceNames"], set(named["verbs"])) == ([lease], {"get", "update"})


def environment(chart: list[Manifest]) -> list[Manifest]:
    """What the chart tells the operator."""
    return of_kind(chart, "Deployment")["spec"]["template"]["spec"]["containers"][0]["env"]


def test_with_a_list_of_namespaces_there_is_no_right_in_the_others(plane: ControlPlane, chart: list[Manifest]) -> None:
    listed = render_chart(plane.programs, "--set=watchNamespaces={a,b}")
    assert not [each for each in listed if each["kind"].startswith("ClusterRole")]
    roles = [each for each in listed if each["kind"] == "Role"]
    assert [each["metadata"]["namespace"] for each in roles] == ["a", "b", "sd-triton"]
    assert all(rights(role) == rights(of_kind(chart, "ClusterRole")) for role in roles[:2])
    assert {"name": "SD_WATCH_NAMESPACES", "value": "a,b"} in environment(listed)


def test_two_operators_stand_by_each_other(chart: list[Manifest]) -> None:
    deployment, budget = of_kind(chart, "Deployment")["spec"], of_kind(chart, "PodDisruptionBudget")["spec"]
    assert (deployment["replicas"], deployment["strategy"]["type"], budget["maxUnavailable"]) == (2, "RollingUpdate", 1)
    pod = deployment["template"]
    labels = pod["metadata"]["labels"]
    assert labels["app.kubernetes.io/component"] == "operator"
    for selector in (deployment["selector"], budget["selector"], *spread(pod["spec"])):
        assert selector["matchLabels"].items() <= labels.items()
    fields = {
        each["name"]: each["valueFrom"]["fieldRef"]["fieldPath"] for each in environment(chart) if "valueFrom" in each
    }
    assert fields == {"SD_NAMESPACE": "metadata.namespace", "SD_IDENTITY": "metadata.name"}


def spread(pod: Manifest) -> list[Manifest]:
    """The selectors by which the pods are kept apart, never at the price of having one less."""
    constraints = pod["topologySpreadConstraints"]
    assert {each["whenUnsatisfiable"] for each in constraints} == {"ScheduleAnyway"}
    return [each["labelSelector"] for each in constraints]


@pytest.mark.parametrize(
    "flags", [(), ("--set=watchNamespaces={a,b}", "--set=operator.replicas=1")], ids=["all", "listed"]
)
def test_everything_of_the_chart_is_accepted_in_strict_validation(
    plane: ControlPlane, namespace: str, flags: tuple[str, ...]
) -> None:
    moved = [_in_namespace(manifest, namespace) for manifest in render_chart(plane.programs, *flags)]
    arguments = ("apply", "--server-side", "--dry-run=server", "--validate=strict", "-f", "-")
    assert plane.kubectl(*arguments, stdin=yaml.safe_dump_all(moved)).stderr == ""


def _in_namespace(manifest: Manifest, namespace: str) -> Manifest:
    if "namespace" not in manifest["metadata"]:
        return manifest
    return manifest | {"metadata": manifest["metadata"] | {"namespace": namespace}}


def test_the_crd_stays_when_the_release_goes(chart: list[Manifest]) -> None:
    assert of_kind(chart, "CustomResourceDefinition")["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep"}


def test_helm_lint_is_content(plane: ControlPlane) -> None:
    argv = [str(plane.programs / "helm"), "lint", "--strict", str(CHART)]
    assert "0 chart(s) failed" in subprocess.run(argv, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("operator.replica=2", "additional properties 'replica' not allowed"),
        ("operator.replicas=-1", "minimum: got -1, want 0"),
        ("operator.logFormat=xml", "value must be one of 'json', 'text'"),
        ("watchNamespaces={Speech}", "'Speech' does not match pattern"),
        ("metricsNamespaces=monitoring", "got string, want array"),
    ],
)
def test_a_wrong_value_is_refused(plane: ControlPlane, value: str, sentence: str) -> None:
    argv = [str(plane.programs / "helm"), "template", str(CHART), f"--set={value}"]
    refused = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert refused.returncode != 0
    assert sentence in refused.stderr


def test_an_image_that_is_not_named_is_asked_for(plane: ControlPlane) -> None:
    argv = [str(plane.programs / "helm"), "template", str(CHART)]
    refused = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert "images.operator must be set to the image of the operator" in refused.stderr
