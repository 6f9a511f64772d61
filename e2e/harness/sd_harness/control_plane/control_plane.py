"""A Kubernetes control plane without nodes: etcd, API server, controllers and scheduler as plain processes."""

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

REPOSITORY = Path(__file__).resolve().parents[4]
CHART = REPOSITORY / "charts" / "sd-triton"
PROGRAMS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl", "helm")
CONTROLLERS = (
    "deployment-controller,replicaset-controller,garbage-collector-controller,namespace-controller,"
    "resourcequota-controller,job-controller,persistentvolumeclaim-protection-controller"
)
OPERATOR_USER = "system:serviceaccount:sd-triton:sd-triton-operator"
NAMESPACED_OPERATOR_USER = "system:serviceaccount:scoped:sd-triton-operator"
"""An operator that was installed for some namespaces only."""
OPERATOR_USERS = [OPERATOR_USER, NAMESPACED_OPERATOR_USER]
OPERATOR_NAMESPACE = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "sd-triton"}}
"""Where the operator lives, and its Lease."""
START_S = 60

AUDIT = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived", "ResponseStarted"],
    "rules": [
        {"level": "Metadata", "users": OPERATOR_USERS, "verbs": ["create", "update", "patch", "delete"]},
        {
            "level": "Metadata",
            "verbs": ["create", "update", "patch", "delete"],
            "resources": [{"group": "sd-triton.dev", "resources": ["diarizationservices"]}],
        },
        {"level": "None"},
    ],
}
"""The API server writes down what operators write, and what people do with a DiarizationService."""

Manifest = dict[str, Any]


def build_programs() -> Path:
    """The folder of the kit's binaries; those that are missing are built, which takes minutes the first time."""
    argv = [sys.executable, "-m", "sd_kit", "tools", *PROGRAMS]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY / "e2e" / "kit")}
    made = subprocess.run(argv, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return Path(made.stdout.strip())


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
        """Kubeconfig of the operator, who may do what its ClusterRole allows."""
        return self.folder / "operator.kubeconfig"

    @property
    def namespaced_operator(self) -> Path:
        """Kubeconfig of the operator that may only do what Roles allow."""
        return self.folder / "scoped.kubeconfig"

    def kubeconfig_for(self, url: str) -> Path:
        """Kubeconfig of the operator that goes to another address."""
        path = self.folder / f"operator-{url.rpartition(':')[2]}.kubeconfig"
        path.write_text(yaml.safe_dump(_kubeconfig(url, "operator")))
        return path

    @property
    def url(self) -> str:
        """The API server's own address."""
        return yaml.safe_load(self.admin.read_text())["clusters"][0]["cluster"]["server"]

    def audit_events(self) -> list[Manifest]:
        """Every change of a DiarizationService and every write of an operator, with times to the microsecond."""
        whole, _, _begun = (self.folder / "audit.log").read_text().rpartition("\n")
        return [json.loads(line) for line in whole.splitlines()]

    def operator_writes(self, user_agent: str = "") -> list[Manifest]:
        """Writes of operators whose user agent contains `user_agent`, without writes of Leases."""
        return [event for event in self.audit_events() if is_write(event) and user_agent in event["userAgent"]]

    def kubectl(self, *arguments: str, stdin: str = "", check: bool = True) -> subprocess.CompletedProcess[str]:
        """Runs kubectl as administrator; its output is in the result."""
        argv = [str(self.programs / "kubectl"), f"--kubeconfig={self.admin}", *arguments]
        done = subprocess.run(argv, input=stdin, capture_output=True, text=True, check=False)
        if check and done.returncode:
            raise AssertionError(f"kubectl {' '.join(arguments)} failed: {done.stderr}")
        return done

    def apply(self, *manifests: Manifest, check: bool = True) -> subprocess.CompletedProcess[str]:
        """What a person does with a file."""
        return self.kubectl("apply", "-f", "-", stdin=yaml.safe_dump_all(manifests), check=check)

    def get(self, kind: str, name: str, namespace: str) -> Manifest | None:
        """One object; None where there is none."""
        done = self.kubectl("get", kind, name, f"--namespace={namespace}", "--output=json", "--ignore-not-found")
        return json.loads(done.stdout) if done.stdout else None

    def list(self, kinds: str, namespace: str) -> list[Manifest]:
        """All objects of some kinds in a namespace."""
        done = self.kubectl("get", kinds, f"--namespace={namespace}", "--output=json")
        return json.loads(done.stdout)["items"]

    def patch_status(self, kind: str, name: str, namespace: str, status: Manifest) -> None:
        """Writes what a kubelet would write."""
        patch = f"--patch={json.dumps({'status': status})}"
        self.kubectl("patch", kind, name, f"--namespace={namespace}", "--subresource=status", "--type=merge", patch)


def is_write(event: Manifest) -> bool:
    """Whether an event of the audit log is an operator's change of something."""
    return event["user"]["username"] in OPERATOR_USERS and event["objectRef"]["resource"] != "leases"


@contextmanager
def control_plane(
    folder: Path, tools: Path, parts: list[Manifest], flags: dict[str, list[str]] | None = None
) -> Iterator[ControlPlane]:
    """Starts everything with `parts` in place, ends everything; `flags` are more flags by the program's name.

    The garbage collector looks for new kinds every 30 s: the CRD has to be there before it starts.
    """
    plane, more = ControlPlane(folder, tools), flags or {}
    etcd, port = f"http://127.0.0.1:{free_port()}", free_port()
    _write_credentials(plane, f"https://127.0.0.1:{port}")
    configs = [f"--{kind}kubeconfig={plane.admin}" for kind in ("", "authentication-", "authorization-")]
    alone = [*configs, "--leader-elect=false", "--secure-port=0"]
    with ExitStack() as running:
        _start(running, plane, "etcd", *_etcd_flags(folder, etcd))
        server = [*_api_server_flags(folder, etcd, port), *more.get("kube-apiserver", [])]
        _start(running, plane, "kube-apiserver", *server)
        eventually(lambda: plane.kubectl("get", "--raw=/readyz", check=False).returncode == 0, "API server", START_S)
        plane.kubectl("apply", "--server-side", "-f", "-", stdin=yaml.safe_dump_all([OPERATOR_NAMESPACE, *parts]))
        plane.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=30s")
        controllers = [f"--controllers={CONTROLLERS}", *more.get("kube-controller-manager", [])]
        _start(running, plane, "kube-controller-manager", *alone, *controllers)
        _start(running, plane, "kube-scheduler", *alone)
        yield plane


def _start(running: ExitStack, plane: ControlPlane, name: str, *flags: str) -> None:
    running.enter_context(process([str(plane.programs / name), *flags], plane.folder / f"{name}.log"))


def _etcd_flags(folder: Path, url: str) -> list[str]:
    return [
        f"--data-dir={folder / 'etcd'}",
        f"--listen-client-urls={url}",
        f"--advertise-client-urls={url}",
        f"--listen-peer-urls=http://127.0.0.1:{free_port()}",
        "--unsafe-no-fsync",
        "--log-level=warn",
    ]


def _api_server_flags(folder: Path, etcd: str, port: int) -> list[str]:
    return [
        f"--etcd-servers={etcd}",
        "--bind-address=127.0.0.1",
        f"--secure-port={port}",
        f"--cert-dir={folder / 'certificates'}",
        "--authorization-mode=RBAC",
        f"--token-auth-file={folder / 'tokens.csv'}",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={folder / 'accounts.key'}",
        f"--service-account-signing-key-file={folder / 'accounts.key'}",
        "--service-cluster-ip-range=10.96.0.0/16",
        "--endpoint-reconciler-type=none",
        f"--audit-policy-file={folder / 'audit.yaml'}",
        f"--audit-log-path={folder / 'audit.log'}",
    ]


def _write_credentials(plane: ControlPlane, url: str) -> None:
    groups = "system:serviceaccounts"
    users = ["admin,admin,admin,system:masters"]
    users += [
        f'{name},{user},{name},"{groups}"'
        for name, user in (("operator", OPERATOR_USER), ("scoped", NAMESPACED_OPERATOR_USER))
    ]
    (plane.folder / "tokens.csv").write_text("\n".join(users))
    (plane.folder / "audit.yaml").write_text(yaml.safe_dump(AUDIT))
    key = ["openssl", "genrsa", "-out", str(plane.folder / "accounts.key"), "2048"]
    subprocess.run(key, check=True, capture_output=True)
    for token, path in (("admin", plane.admin), ("operator", plane.operator), ("scoped", plane.namespaced_operator)):
        path.write_text(yaml.safe_dump(_kubeconfig(url, token)))


def _kubeconfig(url: str, token: str) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "test",
        # The API server makes itself a certificate that nothing vouches for.
        "clusters": [{"name": "test", "cluster": {"server": url, "insecure-skip-tls-verify": True}}],
        "users": [{"name": "test", "user": {"token": token}}],
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
    }
