"""The fake hub as a pod of the cluster: the demo model in a gated repository, over TLS with a private certificate."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sd_kit import paths
from sd_kit.images.build import references

from sd_harness.cluster import cluster

PIPELINE = "pyannote/speaker-diarization-community-1"
FOLDER = PIPELINE.replace("/", "--")
"""The folder of the pipeline in a cache."""
COMMIT = "a" * 40
LATER_COMMIT = "b" * 40
PAGE = f"https://huggingface.co/{PIPELINE}"
CA_BUNDLE = {"name": "hub-ca", "key": "ca.crt"}
"""The ConfigMap with the hub's certificate."""
_MODULES = ("fake_hub.py", "hub_faults.py", "hub_handler.py", "hub_models.py", "hub_server.py", "hub_state.py")
_SOURCES = paths.REPOSITORY / "e2e" / "harness" / "sd_harness" / "hub"
_PORT, _CDN_PORT, _CONTROL_PORT = 8443, 8080, 9000
_MODEL = "/opt/sd/sd_engine/demo_model"


@dataclass(frozen=True)
class HubPod:
    """A running hub, whose accounts, fault and commit can be changed at any time."""

    namespace: str

    @property
    def url(self) -> str:
        """The endpoint for services."""
        return f"https://{_host(self.namespace)}:{_PORT}"

    def set_accounts(self, **permissions: dict[str, Any]) -> None:
        """Replace the known tokens. Permissions: `accepted` (list of repositories, None = all) and `reads_gated`."""
        self._post_state(accounts={token: {"accepted": None} | each for token, each in permissions.items()})

    def set_fault(self, fault: str) -> None:
        """Set the fault: `down`, `delayed`, or empty for none."""
        self._post_state(fault=fault)

    def publish_later_commit(self) -> None:
        """Replace the commit of the repository by the later one."""
        self._post_state(commit=LATER_COMMIT)

    def requests(self) -> list[dict[str, Any]]:
        """Return the received requests: `method`, `path`, `cdn`, and `token`, which is none, good or bad."""
        return self._state()["requests"]

    def sent_bytes(self) -> int:
        """Return the number of bytes of files that the hub has sent."""
        return self._state()["sent_bytes"]

    def _state(self) -> dict[str, Any]:
        return json.loads(cluster.kubectl("get", "--raw", self._control_path("requests")))

    def _post_state(self, **state: Any) -> None:
        path = self._control_path("state")
        cluster.kubectl_with_stdin("create", "--raw", path, "-f", "-", stdin=json.dumps(state))

    def _control_path(self, path: str) -> str:
        return f"/api/v1/namespaces/{self.namespace}/pods/hub:{_CONTROL_PORT}/proxy/{path}"


@contextmanager
def hub_pod(namespace: str) -> Iterator[HubPod]:
    """Run a hub, which knows no token at first."""
    with TemporaryDirectory() as folder:
        _make_certificate(namespace, Path(folder))
        cluster.apply({"apiVersion": "v1", "kind": "List", "items": _manifests(namespace, Path(folder))})
    cluster.kubectl("wait", "pod/hub", "-n", namespace, "--for=condition=Ready", "--timeout=120s")
    yield HubPod(namespace)
    names = ("pod/hub", "service/hub", "configmap/hub", "configmap/hub-ca", "secret/hub-tls")
    cluster.kubectl("delete", *names, "-n", namespace, "--wait=false")


def _host(namespace: str) -> str:
    return f"hub.{namespace}.svc"


def _make_certificate(namespace: str, folder: Path) -> None:
    host = _host(namespace)
    arguments = f"req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN={host} -addext subjectAltName=DNS:{host}"
    files = ("-keyout", folder / "tls.key", "-out", folder / "tls.crt")
    subprocess.run(["openssl", *arguments.split(), *files], check=True, capture_output=True)


def _manifests(namespace: str, folder: Path) -> list[dict[str, Any]]:
    certificate, key = (folder / name for name in ("tls.crt", "tls.key"))
    modules = {name: (_SOURCES / name).read_text() for name in _MODULES}
    return [
        _object("ConfigMap", "hub", namespace, data=modules),
        _object("ConfigMap", "hub-ca", namespace, data={"ca.crt": certificate.read_text()}),
        _object(
            "Secret", "hub-tls", namespace, stringData={file.name: file.read_text() for file in (certificate, key)}
        ),
        _object("Service", "hub", namespace, spec={"selector": {"app": "hub"}, "ports": _service_ports()}),
        _object("Pod", "hub", namespace, spec=_pod(namespace)),
    ]


def _object(kind: str, name: str, namespace: str, **parts: Any) -> dict[str, Any]:
    metadata = {"name": name, "namespace": namespace, "labels": {"app": "hub"}}
    return {"apiVersion": "v1", "kind": kind, "metadata": metadata, **parts}


def _service_ports() -> list[dict[str, Any]]:
    return [{"name": f"p{port}", "port": port} for port in (_PORT, _CDN_PORT)]


def _pod(namespace: str) -> dict[str, Any]:
    program = ("/opt/engine/bin/python", "-m", "sd_harness.hub.hub_server")
    command = [*program, _host(namespace), _MODEL, "/tls/tls.crt", "/tls/tls.key"]
    return cluster.RESTRICTED_POD | {
        "restartPolicy": "Never",
        "containers": [
            {
                "name": "hub",
                "image": references()["server"],
                "command": command,
                "env": [{"name": "PYTHONPATH", "value": "/hub"}],
                "resources": {"requests": {"cpu": "10m", "memory": "64Mi"}},
                "readinessProbe": {"httpGet": {"path": "/requests", "port": _CONTROL_PORT}, "periodSeconds": 1},
                "securityContext": cluster.RESTRICTED_CONTAINER,
                "volumeMounts": [
                    {"name": "modules", "mountPath": "/hub/sd_harness/hub"},
                    {"name": "tls", "mountPath": "/tls"},
                ],
            }
        ],
        "volumes": [
            {"name": "modules", "configMap": {"name": "hub"}},
            {"name": "tls", "secret": {"secretName": "hub-tls"}},
        ],
    }
