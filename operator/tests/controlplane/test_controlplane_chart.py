"""What the chart installs: no more rights than needed, and a pod that the restricted profile admits."""

import subprocess

import yaml
from control_plane import CHART, ControlPlane, Manifest

READ, WRITE = {"get", "list", "watch"}, {"create", "patch", "delete"}


def of_kind(chart: list[Manifest], kind: str) -> Manifest:
    """The chart's only object of a kind."""
    [found] = [manifest for manifest in chart if manifest["kind"] == kind]
    return found


def test_the_operator_may_do_exactly_this(chart: list[Manifest]) -> None:
    rights = {
        f"{group}/{resource}": set(rule["verbs"])
        for rule in of_kind(chart, "ClusterRole")["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
    }
    assert rights == {
        "sd-triton.dev/diarizationservices": READ,
        "sd-triton.dev/diarizationservices/status": {"patch"},
        "sd-triton.dev/diarizationservices/finalizers": {"update"},
        "apps/deployments": READ | WRITE,
        "/serviceaccounts": READ | WRITE,
        "/services": READ | WRITE,
        "/pods": {"list", "watch"},
    }


def test_everything_of_the_chart_is_accepted_in_strict_validation(
    plane: ControlPlane, chart: list[Manifest], namespace: str
) -> None:
    moved = [_in_namespace(manifest, namespace) for manifest in chart]
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


def test_a_value_that_does_not_exist_is_refused(plane: ControlPlane) -> None:
    argv = [str(plane.programs / "helm"), "template", str(CHART), "--set=operator.replicas=2"]
    refused = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert refused.returncode != 0
    assert "additional properties 'replicas' not allowed" in refused.stderr


def test_an_image_that_is_not_named_is_asked_for(plane: ControlPlane) -> None:
    argv = [str(plane.programs / "helm"), "template", str(CHART)]
    refused = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert "images.operator must name the operator's image" in refused.stderr
