"""Runs the operator as a process against the control plane, with the permissions of the chart."""

import itertools
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sd_harness.control_plane.control_plane import REPOSITORY, ControlPlane, Manifest
from sd_harness.control_plane.processes import eventually, free_port, process
from sd_harness.control_plane.program_flags import OPERATOR_USER
from sd_harness.services.live_objects import INSTALLATION

RECONCILES = "controller_runtime_reconcile_total"
WRITES = "sd_operator_writes_total"
LEADER_STATUS = "leader_election_master_status"
_numbers = itertools.count(1)


@dataclass(frozen=True)
class RunningOperator:
    """A running operator: its health port, holder identity, log and process."""

    port: int
    name: str
    log: Path
    process: subprocess.Popen[bytes]

    def is_ready(self) -> bool:
        """Return True if /readyz succeeds."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=5) as response:
                return response.status == 200
        except OSError:
            return False

    def count(self, metric: str) -> float:
        """The sum of a metric over all label values."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=30) as page:
            lines = page.read().decode().splitlines()
        return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(f"{metric}{{"))

    @property
    def is_leader(self) -> bool:
        """True if it holds its Lease."""
        return self.count(LEADER_STATUS) == 1

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the process."""
        self.process.send_signal(number)


@contextmanager
def running_operator(
    plane: ControlPlane, *, lease: str = "", kubeconfig: Path | None = None, **settings: str
) -> Iterator[RunningOperator]:
    """Run the operator until the block ends, with a Lease of its own unless one is named."""
    port = free_port()
    unique = f"operator-{next(_numbers)}-{port}"  # an earlier operator may have used the same port
    log, name = plane.folder / f"{unique}.log", settings.get("SD_IDENTITY", unique)
    if not lease:
        plane.apply(*_lease_permissions(lease := unique))
    environment = {
        "KUBECONFIG": str(kubeconfig or plane.operator),
        "PYTHONPATH": str(REPOSITORY / "operator"),
        "SD_SERVER_IMAGE": INSTALLATION.server_image,
        "SD_METRICS_NAMESPACES": ",".join(INSTALLATION.metrics_namespaces),
        "SD_HEALTH_PORT": str(port),
        "SD_IDENTITY": name,
        "SD_LEASE": lease,
        **settings,
    }
    with process([sys.executable, "-m", "sd_operator"], log, **environment) as started:
        operator = RunningOperator(port, name, log, started)
        eventually(operator.is_ready, f"operator ready, see {log}", 30)
        yield operator


def _lease_permissions(lease: str) -> list[Manifest]:
    """The Role that the chart grants for the Lease."""
    metadata = {"name": lease, "namespace": "sd-triton"}
    head = {"apiVersion": "rbac.authorization.k8s.io/v1", "metadata": metadata}
    leases = {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"]}
    rules = [leases | {"verbs": ["create"]}, leases | {"verbs": ["get", "update"], "resourceNames": [lease]}]
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": lease}
    subject = {"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": OPERATOR_USER}
    return [
        head | {"kind": "Role", "rules": rules},
        head | {"kind": "RoleBinding", "roleRef": role, "subjects": [subject]},
    ]
