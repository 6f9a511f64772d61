"""The chart installs minimal permissions, redundant replicas, the CRD, and optionally the dashboard."""

import json
import subprocess

import pytest
import yaml
from sd_harness.control_plane.chart_rendering import render_chart
from sd_harness.control_plane.control_plane import CHART, ControlPlane, Manifest
from sd_operator.dashboard.dashboard import dashboard


def of_kind(chart: list[Manifest], kind: str) -> Manifest:
    """Return the chart's only object of a kind."""
    [found] = [manifest for manifest in chart if manifest["kind"] == kind]
    return found


def permissions(manifest: Manifest) -> dict[str, set[str]]:
    """Return the verbs of a Role by resource."""
    return {
        f"{group}/{resource}": set(rule["verbs"])
        for rule in manifest["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
    }


def test_permissions_of_the_operator(chart: list[Manifest]) -> None:
    child = {"get", "list", "watch", "create", "patch", "delete"}
    assert permissions(of_kind(chart, "ClusterRole")) == {
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


def test_lease_permissions_are_limited_to_its_name_and_namespace(chart: list[Manifest]) -> None:
    role = of_kind(chart, "Role")
    assert role["metadata"]["namespace"] == "sd-triton"
    assert {resource for rule in role["rules"] for resource in rule["resources"]} == {"leases"}
    named = next(rule for rule in role["rules"] if "resourceNames" in rule)
    lease = next(each["value"] for each in environment(chart) if each["name"] == "SD_LEASE")
    assert (named["resourceNames"], set(named["verbs"])) == ([lease], {"get", "update"})


def environment(chart: list[Manifest]) -> list[Manifest]:
    """Return the environment variables of the operator."""
    return of_kind(chart, "Deployment")["spec"]["template"]["spec"]["containers"][0]["env"]


def test_watched_namespaces_limit_the_permissions(plane: ControlPlane, chart: list[Manifest]) -> None:
    listed = render_chart(plane.programs, "--set=watchNamespaces={a,b}")
    assert not [each for each in listed if each["kind"].startswith("ClusterRole")]
    roles = [each for each in listed if each["kind"] == "Role"]
    assert [each["metadata"]["namespace"] for each in roles] == ["a", "b", "sd-triton"]
    assert all(permissions(role) == permissions(of_kind(chart, "ClusterRole")) for role in roles[:2])
    assert {"name": "SD_WATCH_NAMESPACES", "value": "a,b"} in environment(listed)


def test_two_replicas_share_labels_selectors_and_a_budget(chart: list[Manifest]) -> None:
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
    """Return the selectors of the spread constraints, none of which blocks scheduling."""
    constraints = pod["topologySpreadConstraints"]
    assert {each["whenUnsatisfiable"] for each in constraints} == {"ScheduleAnyway"}
    return [each["labelSelector"] for each in constraints]


@pytest.mark.parametrize(
    "flags",
    [(), ("--set=watchNamespaces={a,b}", "--set=operator.replicas=1", "--set=dashboard.enabled=true")],
    ids=["defaults", "namespaces, one replica and dashboard"],
)
def test_manifests_are_accepted_in_strict_validation(
    plane: ControlPlane, namespace: str, flags: tuple[str, ...]
) -> None:
    moved = [_in_namespace(manifest, namespace) for manifest in render_chart(plane.programs, *flags)]
    arguments = ("apply", "--server-side", "--dry-run=server", "--validate=strict", "-f", "-")
    assert plane.kubectl(*arguments, stdin=yaml.safe_dump_all(moved)).stderr == ""


def _in_namespace(manifest: Manifest, namespace: str) -> Manifest:
    if "namespace" not in manifest["metadata"]:
        return manifest
    return manifest | {"metadata": manifest["metadata"] | {"namespace": namespace}}


def test_crd_is_kept_after_uninstall(chart: list[Manifest]) -> None:
    assert of_kind(chart, "CustomResourceDefinition")["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep"}


def dashboards(chart: list[Manifest]) -> list[Manifest]:
    """Return the ConfigMaps with a dashboard."""
    return [each for each in chart if each["kind"] == "ConfigMap"]


def test_dashboard_is_not_installed_by_default(chart: list[Manifest]) -> None:
    assert dashboards(chart) == []


def test_dashboard_has_the_label_of_the_grafana_sidecar(plane: ControlPlane) -> None:
    [config_map] = dashboards(render_chart(plane.programs, "--set=dashboard.enabled=true"))
    assert (config_map["metadata"]["name"], config_map["metadata"]["namespace"]) == ("sd-triton-dashboard", "sd-triton")
    assert config_map["metadata"]["labels"]["grafana_dashboard"] == "1"
    assert "annotations" not in config_map["metadata"]
    assert json.loads(config_map["data"]["sd-triton.json"]) == dashboard()


def test_dashboard_can_have_other_labels_and_a_folder(plane: ControlPlane) -> None:
    flags = ("--set=dashboard.labels.grafana_dashboard=null", "--set=dashboard.labels.team=speech")
    folder = "--set=dashboard.annotations.grafana_folder=Speech"
    [config_map] = dashboards(render_chart(plane.programs, "--set=dashboard.enabled=true", *flags, folder))
    assert "grafana_dashboard" not in config_map["metadata"]["labels"]
    assert config_map["metadata"]["labels"]["team"] == "speech"
    assert config_map["metadata"]["annotations"] == {"grafana_folder": "Speech"}


def test_helm_lint_succeeds(plane: ControlPlane) -> None:
    argv = [str(plane.programs / "helm"), "lint", "--strict", str(CHART)]
    assert "0 chart(s) failed" in subprocess.run(argv, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("operator.replica=2", "additional properties 'replica' not allowed"),
        ("operator.replicas=-1", "minimum: got -1, want 0"),
        ("operator.logFormat=xml", "value must be one of 'json', 'text'"),
        ("watchNamespaces={Speech}", "'Speech' does not match pattern"),
        ("metricsNamespaces=monitoring", "got string, want array"),
        ("dashboard.enabled=yes-please", "got string, want boolean"),
    ],
)
def test_invalid_value_is_rejected(plane: ControlPlane, value: str, message: str) -> None:
    argv = [str(plane.programs / "helm"), "template", str(CHART), f"--set={value}"]
    process = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert process.returncode != 0
    assert message in process.stderr


def test_missing_image_is_an_error(plane: ControlPlane) -> None:
    argv = [str(plane.programs / "helm"), "template", str(CHART)]
    process = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert "images.operator must be set to the image of the operator" in process.stderr
