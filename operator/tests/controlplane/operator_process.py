"""The operator as a process of its own against the control plane, with the rights that the chart gives it."""

import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from control_plane import REPOSITORY, ControlPlane
from plane_processes import eventually, free_port, process

RECONCILES = "controller_runtime_reconcile_total"
WRITES = "sd_operator_writes_total"


@dataclass(frozen=True)
class RunningOperator:
    """Where a running operator answers, and what it said."""

    port: int
    log: Path
    process: subprocess.Popen[bytes]

    def ready(self) -> bool:
        """Whether it has seen every service."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=5) as answer:
                return answer.status == 200
        except OSError:
            return False

    def count(self, metric: str) -> float:
        """The sum of a counter over all its labels."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=5) as page:
            lines = page.read().decode().splitlines()
        return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(f"{metric}{{"))


@contextmanager
def running_operator(plane: ControlPlane, **settings: str) -> Iterator[RunningOperator]:
    """Runs the operator; it ends when the block does."""
    port, log = free_port(), plane.folder / "operator.log"
    environment = {
        "KUBECONFIG": str(plane.operator),
        "PYTHONPATH": str(REPOSITORY / "operator"),
        "SD_SERVER_IMAGE": "sd-triton-server:1",
        "SD_HEALTH_PORT": str(port),
        **settings,
    }
    with process([sys.executable, "-m", "sd_operator"], log, **environment) as started:
        operator = RunningOperator(port, log, started)
        eventually(operator.ready, "operator ready", 30)
        yield operator
