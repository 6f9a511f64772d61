"""A Kubernetes control plane without nodes: etcd, API server, controllers and scheduler as plain processes."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml

REPOSITORY = Path(__file__).resolve().parents[3]
PROGRAMS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl", "helm")
CONTROLLERS = (
    "deployment-controller,replicaset-controller,garbage-collector-controller,"
    "serviceaccount-controller,namespace-controller,resourcequota-controller"
)
OPERATOR_USER = "system:serviceaccount:sd-triton:sd-triton"
START_S = 60

Found = TypeVar("Found")


def programs() -> Path:
    """The folder of the kit's binaries; builds those that are missing."""
    kit = REPOSITORY / "e2e" / "kit"
    environment = {**os.environ, "PYTHONPATH": str(kit)}
    made = subprocess.run(
        [sys.executable, "-m", "sd_kit", "tools", *PROGRAMS],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return Path(made.stdout.strip())


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def eventually(look: Callable[[], Found | None], what: str, timeout_s: float = 10) -> Found:
    """What `look` finds once it finds something that is true; fails with the last it saw."""
    deadline = time.monotonic() + timeout_s
    while not (found := look()):
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {timeout_s} s; last seen: {found!r}")
        time.sleep(0.05)
    return found


@contextmanager
def process(argv: list[str], log: Path, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """A program that runs for as long as the block does; its output goes to a file."""
    with log.open("wb") as out:
        running = subprocess.Popen(argv, stdout=out, stderr=subprocess.STDOUT, env={**os.environ, **environment})
        try:
            yield running
        finally:
            running.terminate()
            try:
                running.wait(timeout=10)
            except subprocess.TimeoutExpired:
                running.kill()
                running.wait()


@dataclass(frozen=True)
class ControlPlane:
    """A running control plane and the ways to talk to it."""

    folder: Path
    programs: Path

    @property
    def admin(self) -> Path:
        """Kubeconfig of somebody who may do everything."""
        return self.folder / "admin.kubeconfig"

    @property
    def operator(self) -> Path:
        """Kubeconfig of the operator: what its ClusterRole allows."""
        return self.folder / "operator.kubeconfig"

    def kubectl(self, *arguments: str, stdin: str = "", check: bool = True) -> subprocess.CompletedProcess[str]:
        """Runs kubectl as administrator; its output is in the result."""
        argv = [str(self.programs / "kubectl"), f"--kubeconfig={self.admin}", *arguments]
        done = subprocess.run(argv, input=stdin, capture_output=True, text=True, check=False)
        if check and done.returncode:
            raise AssertionError(f"kubectl {' '.join(arguments)} failed: {done.stderr}")
        return done

    def apply(self, *manifests: dict[str, Any], check: bool = True) -> subprocess.CompletedProcess[str]:
        """kubectl apply, as a person does it."""
        return self.kubectl("apply", "-f", "-", stdin=yaml.safe_dump_all(manifests), check=check)

    def get(self, kind: str, name: str, namespace: str) -> dict[str, Any] | None:
        """One object; None where there is none."""
        done = self.kubectl("get", kind, name, f"--namespace={namespace}", "--output=json", "--ignore-not-found")
        return json.loads(done.stdout) if done.stdout else None

    def list(self, kind: str, namespace: str) -> list[dict[str, Any]]:
        """All objects of a kind in a namespace."""
        done = self.kubectl("get", kind, f"--namespace={namespace}", "--output=json")
        return json.loads(done.stdout)["items"]

    def patch_status(self, kind: str, name: str, namespace: str, status: dict[str, Any]) -> None:
        """Writes what a kubelet would write."""
        body = json.dumps({"status": status})
        self.kubectl(
            "patch", kind, name, f"--namespace={namespace}", "--subresource=status", "--type=merge", f"--patch={body}"
        )  # fmt: skip


@contextmanager
def control_plane(folder: Path) -> Iterator[ControlPlane]:
    """Starts everything, waits until the API server is ready, ends everything."""
    plane = ControlPlane(folder, programs())
    etcd, server = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
    api_port = free_port()
    _write_credentials(plane, f"https://127.0.0.1:{api_port}")
    with ExitStack() as running:
        running.callback(shutil.rmtree, folder / "etcd", ignore_errors=True)
        start = lambda name, *flags: running.enter_context(  # noqa: E731
            process([str(plane.programs / name), *flags], folder / f"{name}.log")
        )
        start(
            "etcd", f"--data-dir={folder}/etcd", f"--listen-client-urls={etcd}", f"--advertise-client-urls={etcd}",
            f"--listen-peer-urls={server}", "--unsafe-no-fsync", "--log-level=warn",
        )  # fmt: skip
        start(
            "kube-apiserver", f"--etcd-servers={etcd}", "--bind-address=127.0.0.1", f"--secure-port={api_port}",
            f"--cert-dir={folder}/certificates", "--authorization-mode=RBAC", f"--token-auth-file={folder}/tokens.csv",
            "--service-account-issuer=https://kubernetes.default.svc", f"--service-account-key-file={folder}/accounts.key",
            f"--service-account-signing-key-file={folder}/accounts.key", "--service-cluster-ip-range=10.96.0.0/16",
            "--endpoint-reconciler-type=none", "--watch-cache=true",
        )  # fmt: skip
        eventually(lambda: plane.kubectl("get", "--raw=/readyz", check=False).returncode == 0, "API server", START_S)
        configs = [f"--{kind}kubeconfig={plane.admin}" for kind in ("", "authentication-", "authorization-")]
        start(
            "kube-controller-manager", *configs, "--leader-elect=false", "--secure-port=0",
            f"--controllers={CONTROLLERS}", f"--service-account-private-key-file={folder}/accounts.key",
        )  # fmt: skip
        start("kube-scheduler", *configs, "--leader-elect=false", "--secure-port=0")
        yield plane


def _write_credentials(plane: ControlPlane, url: str) -> None:
    (plane.folder / "tokens.csv").write_text(
        "admin,admin,admin,system:masters\n"
        f'operator,{OPERATOR_USER},operator,"system:serviceaccounts,system:serviceaccounts:sd-triton"\n'
    )
    subprocess.run(
        ["openssl", "genrsa", "-out", str(plane.folder / "accounts.key"), "2048"], check=True, capture_output=True
    )
    for token, path in (("admin", plane.admin), ("operator", plane.operator)):
        path.write_text(yaml.safe_dump(_kubeconfig(url, token)))


def _kubeconfig(url: str, token: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "test",
        # The API server makes itself a certificate that nothing vouches for.
        "clusters": [{"name": "test", "cluster": {"server": url, "insecure-skip-tls-verify": True}}],
        "users": [{"name": "test", "user": {"token": token}}],
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
    }
