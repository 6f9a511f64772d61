"""One control plane with the chart's CRD and RBAC for all tests of this folder, and a namespace for each test."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from sd_harness.control_plane.chart_rendering import render_chart
from sd_harness.control_plane.control_plane import ControlPlane, Manifest, build_programs, control_plane
from sd_harness.control_plane.operator_process import RunningOperator, running_operator
from sd_harness.control_plane.operator_testbed import OperatorTestbed

INSTALLED_KINDS = ("CustomResourceDefinition", "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding")
NAMESPACE_NUMBERS = itertools.count(1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of this folder as slow."""
    for item in items:
        if item.path.parent == Path(__file__).parent:
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def tools() -> Path:
    """The folder of helm, kubectl and the control plane's programs."""
    return build_programs()


@pytest.fixture(scope="session")
def chart(tools: Path) -> list[Manifest]:
    """The manifests of an installation with default values."""
    return render_chart(tools)


@pytest.fixture(scope="session")
def plane(tools: Path, chart: list[Manifest], tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A control plane with the CRD and the operator's permissions; it starts in about five seconds."""
    manifests = [manifest for manifest in chart if manifest["kind"] in INSTALLED_KINDS]
    with control_plane(tmp_path_factory.mktemp("control-plane"), tools, manifests) as running:
        yield running


@pytest.fixture(scope="module")
def operator(plane: ControlPlane) -> Iterator[RunningOperator]:
    """An operator that runs during the tests of a module, whose resync interval is longer than those take."""
    with running_operator(plane) as running:
        yield running


@pytest.fixture
def namespace(plane: ControlPlane) -> str:
    """A new namespace that enforces the restricted Pod Security Standard."""
    name = f"test-{next(NAMESPACE_NUMBERS)}"
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    plane.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})
    return name


@pytest.fixture
def testbed(plane: ControlPlane, operator: RunningOperator, namespace: str) -> Iterator[OperatorTestbed]:
    """A test bed in a new namespace; its services are deleted afterwards, so that they do not disturb the next test."""
    created = OperatorTestbed(plane, operator, namespace)
    yield created
    created.kubectl("delete", "diar", "--all")
