"""One control plane with the chart's CRD and rights for all tests of this folder, and a namespace for each."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from sd_harness.control_plane.chart_rendering import render_chart
from sd_harness.control_plane.control_plane import ControlPlane, Manifest, build_programs, control_plane
from sd_harness.control_plane.operator_process import RunningOperator, running_operator
from sd_harness.control_plane.operator_testbed import OperatorTestbed

NEEDED = ("CustomResourceDefinition", "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding")
NUMBERS = itertools.count(1)


@pytest.fixture(scope="session")
def tools() -> Path:
    """The folder of helm, kubectl and the control plane's programs."""
    return build_programs()


@pytest.fixture(scope="session")
def chart(tools: Path) -> list[Manifest]:
    """What the chart installs."""
    return render_chart(tools)


@pytest.fixture(scope="session")
def plane(tools: Path, chart: list[Manifest], tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A control plane with the CRD and the operator's rights; it starts in about five seconds."""
    parts = [manifest for manifest in chart if manifest["kind"] in NEEDED]
    with control_plane(tmp_path_factory.mktemp("control-plane"), tools, parts) as running:
        yield running


@pytest.fixture(scope="module")
def operator(plane: ControlPlane) -> Iterator[RunningOperator]:
    """An operator that runs during a file's tests; it looks at nothing twice on its own within their time."""
    with running_operator(plane) as running:
        yield running


@pytest.fixture
def namespace(plane: ControlPlane) -> str:
    """A fresh namespace that admits only pods of the restricted profile."""
    name = f"test-{next(NUMBERS)}"
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    plane.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})
    return name


@pytest.fixture
def testbed(plane: ControlPlane, operator: RunningOperator, namespace: str) -> Iterator[OperatorTestbed]:
    """A place to try a service in; it is left without one, so that nothing moves during the next test."""
    prepared = OperatorTestbed(plane, operator, namespace)
    yield prepared
    prepared.kubectl("delete", "diar", "--all")
