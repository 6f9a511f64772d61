"""The manifests of a service's children, for the tests of single children."""

from typing import Any

from sd_harness.services.live_objects import INSTALLATION, service
from sd_harness.services.service_specs import Spec
from sd_operator.children import desired


def children(spec: Spec, kind: str) -> list[dict[str, Any]]:
    """Return all children of a kind."""
    return [manifest for manifest in desired(service(spec), INSTALLATION) if manifest["kind"] == kind]


def child(spec: Spec, kind: str, name: str = "demo") -> dict[str, Any]:
    """Return one child."""
    [manifest] = [manifest for manifest in children(spec, kind) if manifest["metadata"]["name"] == name]
    return manifest


def pod_template(spec: Spec) -> dict[str, Any]:
    """Return the pod template of the Deployment."""
    return child(spec, "Deployment")["spec"]["template"]


def pod(spec: Spec) -> dict[str, Any]:
    """Return the pod spec of the Deployment."""
    return pod_template(spec)["spec"]


def containers(spec: Spec) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the containers of the engine and of Triton."""
    [engine], [triton] = pod(spec)["initContainers"], pod(spec)["containers"]
    return engine, triton


def engine_settings(spec: Spec) -> dict[str, str]:
    """Return the data of the ConfigMap that the engine container reads."""
    engine, _ = containers(spec)
    [source] = engine["envFrom"]
    return child(spec, "ConfigMap", source["configMapRef"]["name"])["data"]
