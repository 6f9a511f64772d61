"""A control plane for one part of the benchmark, with operations to create services and to run the operator."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml
from sd_harness.control_plane.api_proxy import ApiProxy
from sd_harness.control_plane.chart_rendering import render_chart
from sd_harness.control_plane.control_plane import ControlPlane, Manifest, build_programs, control_plane
from sd_harness.control_plane.operator_process import RunningOperator, running_operator
from sd_harness.control_plane.operator_testbed import condition, diarization_service, owner
from sd_harness.control_plane.processes import eventually
from sd_harness.services.live_objects import INSTALLATION
from sd_kit import optional_kinds
from sd_operator.api.service import DiarizationService
from sd_operator.children import desired
from sd_operator.children.config_map import referenced_config_map
from sd_operator.reconcile.drift.manifest_diff import contains
from sd_operator.reconcile.objects import identity, with_digest
from sd_operator.resources import CHILD_KINDS, DIARIZATION_SERVICES, PODS

from benchmarks.operator.api_client import ApiClient

IN_MEMORY = Path("/dev/shm")  # noqa: S108 - etcd in memory, so that disk latency is not measured
LEASE = "sd-triton-operator"
INSTALLED_KINDS = ("CustomResourceDefinition", "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding")
CONTROLLER_MANAGER_FLAGS = ["--kube-api-qps=400", "--kube-api-burst=800"]


@dataclass(frozen=True)
class BenchmarkCluster:
    """A control plane and a client of it; with `small`, each part measures a small sample only."""

    plane: ControlPlane
    api: ApiClient
    small: bool

    def sample_size(self, full: int, small: int) -> int:
        """The number of samples: the full or the small one."""
        return small if self.small else full

    def namespace(self, name: str) -> str:
        """Create a namespace and return its name."""
        self.api.request("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
        return name

    def create_services(self, name: str, spec: Manifest, count: int) -> str:
        """Create a namespace with services of one spec, concurrently; return its name."""
        namespace = self.namespace(name)
        metadata = [{"name": f"{name}-{number}", "namespace": namespace} for number in range(count)]
        self.api.create_all([diarization_service(spec, each) for each in metadata])
        return namespace

    @contextmanager
    def operator(self, proxy: ApiProxy | None = None, **settings: str) -> Iterator[RunningOperator]:
        """Run the operator until the block ends, with the chart's Lease and a constant holder identity."""
        settings = {"SD_IDENTITY": "operator", **settings}
        with running_operator(self.plane, lease=LEASE, kubeconfig=proxy and proxy.kubeconfig, **settings) as running:
            yield running

    def services(self, namespace: str) -> list[Manifest]:
        """The DiarizationServices of a namespace."""
        return self.api.list(DIARIZATION_SERVICES, namespace)

    def children(self, namespace: str) -> list[Manifest]:
        """Children of the DiarizationServices of a namespace."""
        return [child for kind in CHILD_KINDS for child in self.api.list(kind, namespace) if owner(child)]

    def wait_until_settled(self, namespace: str, timeout_s: float = 120, interval_s: float = 0.05) -> None:
        """Wait until every service has its children and a current status that reports unschedulable pods.

        Each poll lists all objects, which for a large fleet costs the API server as much as many writes.
        """
        eventually(lambda: self.is_settled(namespace), "statuses", timeout_s, interval_s)
        try:
            eventually(lambda: self.has_desired_children(namespace), "children", timeout_s)
        except AssertionError as error:
            raise AssertionError("; ".join(self.deviations(namespace))) from error

    def is_settled(self, namespace: str) -> bool:
        """Return True if every status is current and reports unschedulable pods."""
        return all(map(_is_settled, self.services(namespace)))

    def desired_children(self, namespace: str) -> dict[tuple[str, str], Manifest]:
        """Desired children of the services of a namespace, by kind and name."""
        services = [DiarizationService.parse(each) for each in self.services(namespace)]
        children = [with_digest(child) for each in services for child in desired(each, INSTALLATION)]
        return {identity(child): child for child in children}

    def has_desired_children(self, namespace: str) -> bool:
        """Return True if exactly the desired children exist, each with its desired fields."""
        return not self.deviations(namespace)

    def deviations(self, namespace: str) -> list[str]:
        """Descriptions of missing, unexpected and differing children.

        ConfigMaps that a pod of an earlier spec references are expected, because without nodes no rollout completes.
        """
        expected, live = self.desired_children(namespace), {identity(each): each for each in self.children(namespace)}
        referenced = {referenced_config_map(pod) for pod in self.api.list(PODS, namespace)}
        missing = [f"{each} is missing" for each in expected.keys() - live.keys()]
        unexpected = [f"{each} is unexpected" for each in live.keys() - expected.keys() if each[1] not in referenced]
        common = expected.keys() & live.keys()
        return missing + unexpected + [f"{each} differs" for each in common if not contains(live[each], expected[each])]

    def delete_services(self, namespace: str) -> None:
        """Delete the services of a namespace and wait until their children and pods are gone."""
        self.api.request("DELETE", DIARIZATION_SERVICES.path(namespace))
        is_empty: Callable[[], bool] = lambda: not self.children(namespace) and not self.api.list(PODS, namespace)  # noqa: E731
        eventually(is_empty, "no child or pod remains", 120)


def _is_settled(service: Manifest) -> bool:
    is_current = service.get("status", {}).get("observedGeneration", 0) >= service["metadata"]["generation"]
    return is_current and condition(service, "Ready")["reason"] == "Unschedulable"


@contextmanager
def benchmark_cluster(*, small: bool) -> Iterator[BenchmarkCluster]:
    """Run a control plane whose etcd writes to memory, with the chart's CRD and RBAC and the optional kinds."""
    programs = build_programs()
    with TemporaryDirectory(dir=IN_MEMORY, prefix="sd-operator-") as folder:
        manifests = [each for each in render_chart(programs) if each["kind"] in INSTALLED_KINDS]
        manifests += [yaml.safe_load(path.read_text()) for path in optional_kinds.files()]
        with control_plane(
            Path(folder), programs, manifests, {"kube-controller-manager": CONTROLLER_MANAGER_FLAGS}
        ) as plane:
            api = ApiClient.of(plane)
            try:
                yield BenchmarkCluster(plane, api, small)
            finally:
                api.close()
