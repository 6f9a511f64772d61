"""Flags, users and audit policy of the programs of a control plane."""

import subprocess
from pathlib import Path
from typing import Any

import yaml

from sd_harness.control_plane.processes import free_port

OPERATOR_USER = "system:serviceaccount:sd-triton:sd-triton-operator"
NAMESPACED_OPERATOR_USER = "system:serviceaccount:scoped:sd-triton-operator"
"""The operator of an installation that is restricted to some namespaces."""
OPERATOR_USERS = [OPERATOR_USER, NAMESPACED_OPERATOR_USER]
OPERATOR_TOKENS = {"operator": OPERATOR_USER, "scoped": NAMESPACED_OPERATOR_USER}
"""User names by token."""

AUDIT_POLICY = {
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
"""Log all writes of operators, and all writes of DiarizationServices."""


def etcd_flags(folder: Path, url: str) -> list[str]:
    """Flags of etcd with its data in the folder."""
    return [
        f"--data-dir={folder / 'etcd'}",
        f"--listen-client-urls={url}",
        f"--advertise-client-urls={url}",
        f"--listen-peer-urls=http://127.0.0.1:{free_port()}",
        "--unsafe-no-fsync",
        "--log-level=warn",
    ]


def api_server_flags(folder: Path, etcd: str, port: int) -> list[str]:
    """Flags of kube-apiserver with token authentication, RBAC and an audit log in the folder."""
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


def write_credentials(folder: Path, url: str) -> None:
    """Write users, audit policy, the key for service account tokens, and a kubeconfig for each user."""
    groups = "system:serviceaccounts"
    users = ["admin,admin,admin,system:masters"]
    users += [f'{name},{user},{name},"{groups}"' for name, user in OPERATOR_TOKENS.items()]
    (folder / "tokens.csv").write_text("\n".join(users))
    (folder / "audit.yaml").write_text(yaml.safe_dump(AUDIT_POLICY))
    key = ["openssl", "genrsa", "-out", str(folder / "accounts.key"), "2048"]
    subprocess.run(key, check=True, capture_output=True)
    for token in ("admin", *OPERATOR_TOKENS):
        (folder / f"{token}.kubeconfig").write_text(yaml.safe_dump(kubeconfig(url, token)))


def kubeconfig(url: str, token: str) -> dict[str, Any]:
    """A kubeconfig that authenticates with the token of a user."""
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "test",
        # The API server generates a self-signed certificate.
        "clusters": [{"name": "test", "cluster": {"server": url, "insecure-skip-tls-verify": True}}],
        "users": [{"name": "test", "user": {"token": token}}],
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
    }
