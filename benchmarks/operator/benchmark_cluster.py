"""A control plane with an audit log, an operator that can be ended and started, and the words to drive both."""

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

IN_MEMORY = Path("/dev/shm")  # noqa: S108 - etcd's disk is not what is measured
LEASE = "sd-triton-operator"
NEEDED = ("CustomResourceDefinition", "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding")
PACE = ["--kube-api-qps=400", "--kube-api-burst=800"]


@dataclass(frozen=True)
class BenchmarkCluster:
    """Where a part of the benchmark happens; `small` = a little of everything, to see that it runs."""

    plane: ControlPlane
    api: ApiClient
    small: bool

    def sample_size(self, full: int, small: int) -> int:
        """How many: the full number, or a few."""
        return small if self.small else full

    def namespace(self, name: str) -> str:
        """A new namespace."""
        self.api.request("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
        return name

    def create_services(self, name: str, spec: Manifest, count: int) -> str:
        """A new namespace with that many services of one spec, created as fast as the API server takes them."""
        namespace = self.namespace(name)
        metadata = [{"name": f"{name}-{number}", "namespace": namespace} for number in range(count)]
        self.api.create_all([diarization_service(spec, each) for each in metadata])
        return namespace

    @contextmanager
    def operator(self, through: ApiProxy | None = None, **settings: str) -> Iterator[RunningOperator]:
        """The operator with the chart's own Lease and always the same name, for as long as the block runs."""
        settings = {"SD_IDENTITY": "operator", **settings}
        with running_operator(
            self.plane, lease=LEASE, kubeconfig=through and through.kubeconfig, **settings
        ) as running:
            yield running

    def services(self, namespace: str) -> list[Manifest]:
        """The DiarizationServices of a namespace."""
        return self.api.list(DIARIZATION_SERVICES, namespace)

    def children(self, namespace: str) -> list[Manifest]:
        """Everything in a namespace that belongs to a DiarizationService."""
        return [child for kind in CHILD_KINDS for child in self.api.list(kind, namespace) if owner(child)]

    def wait_until_settled(self, namespace: str, within_s: float = 120, every_s: float = 0.05) -> None:
        """Returns once every service has its children and a status about pods that no node takes.

        A look lists all of them: of a large fleet that takes the API server as long as many writes.
        """
        eventually(lambda: self.is_settled(namespace), "statuses", within_s, every_s)
        try:
            eventually(lambda: self.has_desired_children(namespace), "children", within_s)
        except AssertionError as error:
            raise AssertionError("; ".join(self.deviations(namespace))) from error

    def is_settled(self, namespace: str) -> bool:
        """Whether every status is about the latest spec, and about pods that no node takes."""
        return all(map(_is_told, self.services(namespace)))

    def desired_children(self, namespace: str) -> dict[tuple[str, str], Manifest]:
        """The children that the services of a namespace ask for."""
        services = [DiarizationService.parse(each) for each in self.services(namespace)]
        children = [with_digest(child) for each in services for child in desired(each, INSTALLATION)]
        return {identity(child): child for child in children}

    def has_desired_children(self, namespace: str) -> bool:
        """Whether exactly the children that the services ask for exist, each with all that it is to hold, no more."""
        return not self.deviations(namespace)

    def deviations(self, namespace: str) -> list[str]:
        """What is missing, left over, or not as it is wanted.

        Settings that a pod of an earlier spec reads are none too many: without nodes no rollout is ever over.
        """
        wanted, live = self.desired_children(namespace), {identity(each): each for each in self.children(namespace)}
        read = {referenced_config_map(pod) for pod in self.api.list(PODS, namespace)}
        found = [f"{what} is missing" for what in wanted.keys() - live.keys()]
        found += [f"{what} is left over" for what in live.keys() - wanted.keys() if what[1] not in read]
        both = wanted.keys() & live.keys()
        return found + [f"{what} differs" for what in both if not contains(live[what], wanted[what])]

    def delete_services(self, namespace: str) -> None:
        """Removes the services of a namespace and waits until nothing of them is left."""
        self.api.request("DELETE", DIARIZATION_SERVICES.path(namespace))
        gone: Callable[[], bool] = lambda: not self.children(namespace) and not self.api.list(PODS, namespace)  # noqa: E731
        eventually(gone, "nothing is left", 120)


def _is_told(service: Manifest) -> bool:
    latest = service.get("status", {}).get("observedGeneration", 0) >= service["metadata"]["generation"]
    return latest and condition(service, "Ready")["reason"] == "Unschedulable"


@contextmanager
def benchmark_cluster(*, small: bool) -> Iterator[BenchmarkCluster]:
    """Starts a control plane whose etcd writes to memory, with the chart's CRD and rights and the optional kinds."""
    tools = build_programs()
    with TemporaryDirectory(dir=IN_MEMORY, prefix="sd-operator-") as folder:
        parts = [each for each in render_chart(tools) if each["kind"] in NEEDED]
        parts += [yaml.safe_load(path.read_text()) for path in optional_kinds.files()]
        with control_plane(Path(folder), tools, parts, {"kube-controller-manager": PACE}) as plane:
            api = ApiClient.of(plane)
            try:
                yield BenchmarkCluster(plane, api, small)
            finally:
                api.close()
