"""Optional kinds are discovered when they are installed, permitted or removed, without a restart of the operator."""

from collections.abc import Iterator

import pytest
from sd_harness.control_plane.chart_rendering import render_chart
from sd_harness.control_plane.control_plane import ControlPlane, Manifest
from sd_harness.control_plane.operator_process import running_operator
from sd_harness.control_plane.operator_testbed import OperatorTestbed, condition
from sd_harness.control_plane.processes import eventually
from sd_harness.services.service_specs import with_demo

DISCOVERY_TIMEOUT_S = 15
WITH_MONITOR = with_demo(monitoring={"podMonitor": True})


def crd(kind: str, plural: str, group: str, version: str) -> Manifest:
    """A CustomResourceDefinition that accepts any content."""
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"kind": kind, "plural": plural, "singular": kind.lower(), "listKind": f"{kind}List"},
            "versions": [{"name": version, "served": True, "storage": True, "schema": schema}],
        },
    }


POD_MONITORS = crd("PodMonitor", "podmonitors", "monitoring.coreos.com", "v1")


@pytest.fixture
def testbed(plane: ControlPlane, namespace: str) -> Iterator[OperatorTestbed]:
    """An operator in a cluster without optional kinds."""
    with running_operator(plane, SD_WATCH_NAMESPACES=namespace) as operator:
        yield OperatorTestbed(plane, operator, namespace)
    plane.kubectl("delete", "diar", "--all", f"--namespace={namespace}")
    plane.kubectl("delete", "crd", "podmonitors.monitoring.coreos.com", "--ignore-not-found")


def test_an_installed_kind_is_used_and_watched_until_it_is_removed(testbed: OperatorTestbed) -> None:
    testbed.apply(WITH_MONITOR)
    testbed.wait_until_settled()
    testbed.plane.apply(POD_MONITORS)
    created = eventually(lambda: monitor(testbed), "the PodMonitor is created", DISCOVERY_TIMEOUT_S)
    testbed.kubectl("delete", "podmonitor", "demo")
    eventually(
        lambda: uid(monitor(testbed)) not in ("", uid(created)),
        "the deleted PodMonitor is created again, because it is watched",
        DISCOVERY_TIMEOUT_S,
    )
    testbed.kubectl("delete", "crd", "podmonitors.monitoring.coreos.com")
    testbed.apply(with_demo(monitoring={"podMonitor": True}, serving={"adapters": 3}))
    testbed.wait_for_adapters(3)
    testbed.wait_until_settled(timeout_s=DISCOVERY_TIMEOUT_S)
    assert testbed.operator.process.poll() is None


@pytest.fixture
def roles(plane: ControlPlane, namespace: str) -> list[Manifest]:
    """The Roles of an operator that watches only this namespace; their bindings are applied."""
    plane.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "scoped"}})
    chart = render_chart(plane.programs, f"--set=watchNamespaces={{{namespace}}}", namespace="scoped")
    plane.apply(*(each for each in chart if each["kind"] == "RoleBinding"))
    return [each for each in chart if each["kind"] == "Role"]


def without(group: str, roles: list[Manifest]) -> list[Manifest]:
    """The Roles without the permissions for an API group."""
    return [role | {"rules": [rule for rule in role["rules"] if group not in rule["apiGroups"]]} for role in roles]


def test_a_kind_without_permissions_is_reported_as_forbidden_and_used_once_they_are_granted(
    plane: ControlPlane, namespace: str, roles: list[Manifest]
) -> None:
    plane.apply(*without("monitoring.coreos.com", roles))
    plane.apply(POD_MONITORS)
    with running_operator(
        plane, lease="sd-triton-operator", kubeconfig=plane.namespaced_operator,
        SD_IDENTITY="scoped", SD_NAMESPACE="scoped", SD_WATCH_NAMESPACES=namespace,
    ) as operator:  # fmt: skip
        testbed = OperatorTestbed(plane, operator, namespace)
        testbed.apply(WITH_MONITOR)
        service = testbed.eventually("diar", lambda live: condition(live, "Degraded")["reason"] == "KindForbidden")
        assert "no permission for PodMonitor" in condition(service, "Degraded")["message"]
        plane.apply(*roles)
        eventually(lambda: monitor(testbed), "the PodMonitor is created", DISCOVERY_TIMEOUT_S)
        testbed.eventually("diar", lambda live: condition(live, "Degraded")["reason"] != "KindForbidden")
        testbed.kubectl("delete", "diar", "--all")
    plane.kubectl("delete", "crd", "podmonitors.monitoring.coreos.com")


def monitor(testbed: OperatorTestbed) -> Manifest | None:
    """The service's PodMonitor, or None if it or its kind does not exist."""
    completed = testbed.plane.kubectl(
        "get", "podmonitor", "demo", f"--namespace={testbed.namespace}", "--output=name", check=False
    )
    return testbed.get("podmonitor") if completed.returncode == 0 else None


def uid(live: Manifest | None) -> str:
    """The object's UID; empty for None."""
    return (live or {"metadata": {"uid": ""}})["metadata"]["uid"]
