"""An operator that is restricted to namespaces needs permissions in these only, and watches no others."""

from sd_harness.control_plane.chart_rendering import render_chart
from sd_harness.control_plane.control_plane import ControlPlane
from sd_harness.control_plane.operator_process import running_operator
from sd_harness.control_plane.operator_testbed import OperatorTestbed
from sd_harness.services.service_specs import DEMO

RBAC_KINDS = ("Role", "RoleBinding")


def test_roles_in_the_listed_namespaces_are_sufficient(plane: ControlPlane, namespace: str) -> None:
    other = f"{namespace}-other"
    for name in (other, f"{namespace}-unwatched", "scoped"):
        plane.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    flags = f"--set=watchNamespaces={{{namespace},{other}}}"
    chart = render_chart(plane.programs, flags, namespace="scoped")
    assert not [each for each in chart if each["kind"].startswith("ClusterRole")]
    plane.apply(*(each for each in chart if each["kind"] in RBAC_KINDS))
    with running_operator(
        plane, lease="sd-triton-operator", kubeconfig=plane.namespaced_operator,
        SD_IDENTITY="scoped", SD_NAMESPACE="scoped", SD_WATCH_NAMESPACES=f"{namespace},{other}",
    ) as operator:  # fmt: skip
        unwatched = OperatorTestbed(plane, operator, f"{namespace}-unwatched")
        unwatched.apply(DEMO)
        for watched in (OperatorTestbed(plane, operator, namespace), OperatorTestbed(plane, operator, other)):
            watched.apply(DEMO)
            watched.eventually("diar", lambda live: live.get("status"))
            assert watched.children().keys() == watched.desired_children()
            watched.kubectl("delete", "service", "demo")
            watched.eventually("service", lambda live: live["spec"])
            watched.kubectl("delete", "diar", "--all")
        assert unwatched.children() == {}
        assert "status" not in (unwatched.get("diar") or {})
        unwatched.kubectl("delete", "diar", "--all")
