"""A control plane with an audit log, an operator that can be ended and started, and the words to drive both."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from api_proxy import ApiProxy
from chart_rendering import render_chart
from control_plane import ControlPlane, Manifest, control_plane, programs
from live_objects import INSTALLATION
from operator_bench import condition, diarization_service, owner
from operator_process import RunningOperator, running_operator
from plane_processes import eventually
from sd_operator.api.service import DiarizationService
from sd_operator.children import desired
from sd_operator.reconcile.decide import identity
from sd_operator.vocabulary import CORE_KINDS, DIARIZATION_SERVICES, PODS

from benchmarks.operator.api import Api

IN_MEMORY = Path("/dev/shm")  # noqa: S108 - etcd's disk is not what is measured
LEASE = "sd-triton-operator"
NEEDED = ("CustomResourceDefinition", "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding")
PACE = ["--kube-api-qps=400", "--kube-api-burst=800"]


@dataclass(frozen=True)
class Stage:
    """Where a part of the benchmark happens; `small` = a little of everything, to see that it runs."""

    plane: ControlPlane
    api: Api
    small: bool

    @property
    def audit_log(self) -> Path:
        """The API server's."""
        return self.plane.folder / "audit.log"

    def little(self, full: int, little: int) -> int:
        """How many: the full number, or a few."""
        return little if self.small else full

    def namespace(self, name: str) -> str:
        """A new namespace."""
        self.api.request("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
        return name

    def in_namespace(self, name: str, spec: Manifest, count: int) -> str:
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
        return [child for kind in CORE_KINDS for child in self.api.list(kind, namespace) if owner(child)]

    def settled(self, namespace: str, within_s: float = 120) -> None:
        """Returns once every service has its children and a status about pods that no node takes."""
        eventually(lambda: self._statuses_right(namespace), "statuses", within_s)
        eventually(lambda: self.as_wanted(namespace), "children", within_s)

    def _statuses_right(self, namespace: str) -> bool:
        return all(condition(each, "Ready")["reason"] == "Unschedulable" for each in self.services(namespace))

    def as_wanted(self, namespace: str) -> bool:
        """Whether exactly the children that the services ask for exist: none missing, none double, none left over."""
        wanted = Counter(
            identity(child)
            for each in self.services(namespace)
            for child in desired(DiarizationService.parse(each | {"kind": "DiarizationService"}), INSTALLATION)
        )
        return wanted == Counter(map(identity, self.children(namespace)))

    def clear(self, namespace: str) -> None:
        """Removes the services of a namespace and waits until nothing of them is left."""
        self.api.request("DELETE", DIARIZATION_SERVICES.path(namespace))
        gone: Callable[[], bool] = lambda: not self.children(namespace) and not self.api.list(PODS, namespace)  # noqa: E731
        eventually(gone, "nothing is left", 120)


@contextmanager
def stage(*, small: bool) -> Iterator[Stage]:
    """Starts a control plane whose etcd writes to memory, with the chart's CRD and rights."""
    tools = programs()
    with TemporaryDirectory(dir=IN_MEMORY, prefix="sd-operator-") as folder:
        parts = [each for each in render_chart(tools) if each["kind"] in NEEDED]
        with control_plane(Path(folder), tools, parts, {"kube-controller-manager": PACE}) as plane:
            yield Stage(plane, Api.of(plane), small)
