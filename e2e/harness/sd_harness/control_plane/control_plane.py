"""A Kubernetes control plane without nodes: etcd, API server, controller manager and scheduler as processes."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from sd_harness.control_plane.processes import eventually, free_port, process
from sd_harness.control_plane.program_flags import (
    OPERATOR_USERS,
    api_server_flags,
    etcd_flags,
    kubeconfig,
    write_credentials,
)

REPOSITORY = Path(__file__).resolve().parents[4]
CHART = REPOSITORY / "charts" / "sd-triton"
PROGRAMS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl", "helm")
CONTROLLERS = (
    "deployment-controller,replicaset-controller,garbage-collector-controller,namespace-controller,"
    "resourcequota-controller,job-controller,persistentvolumeclaim-protection-controller"
)
OPERATOR_NAMESPACE = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "sd-triton"}}
"""The namespace of the operator and its Lease."""
START_TIMEOUT_S = 60

Manifest = dict[str, Any]


def build_programs() -> Path:
    """Build the missing binaries, which takes minutes the first time, and return their folder."""
    argv = [sys.executable, "-m", "sd_kit", "tools", *PROGRAMS]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY / "e2e" / "kit")}
    built = subprocess.run(argv, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return Path(built.stdout.strip())


@dataclass(frozen=True)
class ControlPlane:
    """A running control plane, its kubeconfigs and kubectl."""

    folder: Path
    programs: Path

    @property
    def admin(self) -> Path:
        """Kubeconfig of the cluster administrator."""
        return self.folder / "admin.kubeconfig"

    @property
    def operator(self) -> Path:
        """Kubeconfig of the operator, with the permissions of its ClusterRole."""
        return self.folder / "operator.kubeconfig"

    @property
    def namespaced_operator(self) -> Path:
        """Kubeconfig of the namespaced operator, with the permissions of its Roles."""
        return self.folder / "scoped.kubeconfig"

    def kubeconfig_for(self, url: str) -> Path:
        """Kubeconfig of the operator with another server address."""
        path = self.folder / f"operator-{url.rpartition(':')[2]}.kubeconfig"
        path.write_text(yaml.safe_dump(kubeconfig(url, "operator")))
        return path

    @property
    def url(self) -> str:
        """The API server's URL."""
        return yaml.safe_load(self.admin.read_text())["clusters"][0]["cluster"]["server"]

    def audit_events(self) -> list[Manifest]:
        """Complete lines of the audit log: writes of DiarizationServices and of operators."""
        complete, _, _partial = (self.folder / "audit.log").read_text().rpartition("\n")
        return [json.loads(line) for line in complete.splitlines()]

    def operator_writes(self, user_agent: str = "") -> list[Manifest]:
        """Writes of operators whose user agent contains `user_agent`, without writes of Leases."""
        return [event for event in self.audit_events() if is_write(event) and user_agent in event["userAgent"]]

    def kubectl(self, *arguments: str, stdin: str = "", check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run kubectl as administrator.

        Raises:
            AssertionError: it failed, and `check` is set.
        """
        argv = [str(self.programs / "kubectl"), f"--kubeconfig={self.admin}", *arguments]
        completed = subprocess.run(argv, input=stdin, capture_output=True, text=True, check=False)
        if check and completed.returncode:
            raise AssertionError(f"kubectl {' '.join(arguments)} failed: {completed.stderr}")
        return completed

    def apply(self, *manifests: Manifest, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run `kubectl apply` with the manifests."""
        return self.kubectl("apply", "-f", "-", stdin=yaml.safe_dump_all(manifests), check=check)

    def get(self, kind: str, name: str, namespace: str) -> Manifest | None:
        """One object, or None if it does not exist."""
        completed = self.kubectl("get", kind, name, f"--namespace={namespace}", "--output=json", "--ignore-not-found")
        return json.loads(completed.stdout) if completed.stdout else None

    def list(self, kinds: str, namespace: str) -> list[Manifest]:
        """All objects of comma-separated kinds in a namespace."""
        completed = self.kubectl("get", kinds, f"--namespace={namespace}", "--output=json")
        return json.loads(completed.stdout)["items"]

    def patch_status(self, kind: str, name: str, namespace: str, status: Manifest) -> None:
        """Patch the status of an object, as a kubelet or controller would."""
        patch = f"--patch={json.dumps({'status': status})}"
        self.kubectl("patch", kind, name, f"--namespace={namespace}", "--subresource=status", "--type=merge", patch)


def is_write(event: Manifest) -> bool:
    """Return True if an audit event is a write of an operator to an object other than a Lease."""
    return event["user"]["username"] in OPERATOR_USERS and event["objectRef"]["resource"] != "leases"


@contextmanager
def control_plane(
    folder: Path, programs: Path, manifests: list[Manifest], flags: dict[str, list[str]] | None = None
) -> Iterator[ControlPlane]:
    """Run a control plane with these manifests until the block ends; `flags` holds additional flags by program.

    The manifests are applied before the controllers start, because the garbage collector discovers new kinds only
    every 30 s.
    """
    plane, extra = ControlPlane(folder, programs), flags or {}
    etcd, port = f"http://127.0.0.1:{free_port()}", free_port()
    write_credentials(folder, f"https://127.0.0.1:{port}")
    configs = [f"--{kind}kubeconfig={plane.admin}" for kind in ("", "authentication-", "authorization-")]
    single = [*configs, "--leader-elect=false", "--secure-port=0"]
    with ExitStack() as running:
        _start(running, plane, "etcd", *etcd_flags(folder, etcd))
        server = [*api_server_flags(folder, etcd, port), *extra.get("kube-apiserver", [])]
        _start(running, plane, "kube-apiserver", *server)
        eventually(
            lambda: plane.kubectl("get", "--raw=/readyz", check=False).returncode == 0, "API server", START_TIMEOUT_S
        )
        plane.kubectl("apply", "--server-side", "-f", "-", stdin=yaml.safe_dump_all([OPERATOR_NAMESPACE, *manifests]))
        plane.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=30s")
        controllers = [f"--controllers={CONTROLLERS}", *extra.get("kube-controller-manager", [])]
        _start(running, plane, "kube-controller-manager", *single, *controllers)
        _start(running, plane, "kube-scheduler", *single)
        yield plane


def _start(running: ExitStack, plane: ControlPlane, name: str, *flags: str) -> None:
    running.enter_context(process([str(plane.programs / name), *flags], plane.folder / f"{name}.log"))
