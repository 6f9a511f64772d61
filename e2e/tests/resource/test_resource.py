"""A DiarizationService on a real cluster: validation, scaling, changes, restored children and deletion."""

import json
from typing import Any

import pytest
from sd_harness.cluster import cluster, model_services
from sd_kit.cluster import diarization_service
from sd_kit.images.build import references

SELECTOR = "app.kubernetes.io/name=sd-triton,app.kubernetes.io/instance=paused"
CHILD_KINDS = "deployments,services,serviceaccounts,configmaps,networkpolicies,poddisruptionbudgets"


def _manifest(name: str, namespace: str, **spec: Any) -> dict[str, Any]:
    base = {"model": {"source": {"demo": {}}}, "compute": {"accelerator": "cpu"}, "replicas": 0}
    return {
        "apiVersion": "sd-triton.dev/v1alpha1",
        "kind": "DiarizationService",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {**base, **spec},
    }


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        (
            {"model": {"source": {"demo": {}, "persistentVolumeClaim": {"claimName": "models"}}}},
            "spec.model.source: Invalid value: exactly one model source must be set: demo, huggingFace, ",
        ),
        ({"serving": {"maxRequestBytes": "-64Mi"}}, "must be a size from 1Ki to 1Gi, such as 64Mi"),
        ({"serving": {"adapters": -1}}, "spec.serving.adapters in body should be greater than or equal to 1"),
        ({"replicas": -1}, "spec.replicas in body should be greater than or equal to 0"),
        ({"compute": {"accelerator": "tpu"}}, 'Unsupported value: "tpu"'),
    ],
)
def test_an_invalid_spec_is_rejected_with_the_message_of_the_crd(
    namespace: str, spec: dict[str, Any], words: str
) -> None:
    manifest = json.dumps(_manifest("invalid", namespace, **spec))
    assert words in cluster.kubectl_error("apply", "-f", "-", stdin=manifest)


@pytest.fixture
def paused(namespace: str) -> str:
    """The namespace of a service with 0 replicas, whose spec the operator has applied."""
    cluster.apply(_manifest("paused", namespace))
    cluster.wait_until(lambda: _is_applied(namespace), timeout_s=30)
    return namespace


def _is_applied(namespace: str) -> bool:
    """Return True if the latest spec is reported and the ConfigMaps of earlier specs are gone."""
    is_paused = model_services.current_ready_condition("paused", namespace)["reason"] == "Paused"
    return is_paused and [kind for kind, _ in _children(namespace)].count("ConfigMap") == 1


def _children(namespace: str) -> dict[tuple[str, str], str]:
    """Return the UIDs of the service's children, by kind and name."""
    items = cluster.read(CHILD_KINDS, "-n", namespace, "-l", SELECTOR)["items"]
    return {(item["kind"], item["metadata"]["name"]): item["metadata"]["uid"] for item in items}


def test_a_changed_spec_reaches_the_deployment(paused: str) -> None:
    before = _pod_template(paused)
    cluster.apply(_manifest("paused", paused, serving={"adapters": 3}))
    cluster.wait_until(lambda: _settings(paused)["SD_ADAPTERS"] == "3", timeout_s=30)
    # Only a changed pod template replaces the pods, which read the settings at their start.
    cluster.wait_until(lambda: _pod_template(paused) != before, timeout_s=30)


def _settings(namespace: str) -> dict[str, str]:
    [source] = _pod_template(namespace)["spec"]["initContainers"][0]["envFrom"]
    return cluster.read("configmap", source["configMapRef"]["name"], "-n", namespace)["data"]


def _pod_template(namespace: str) -> Any:
    return cluster.read("deployment", "paused", "-n", namespace)["spec"]["template"]


@pytest.mark.parametrize("kind", ["Deployment", "Service", "ServiceAccount"])
def test_a_deleted_child_is_created_again(paused: str, kind: str) -> None:
    before, child = _children(paused), (kind, "paused")
    cluster.kubectl("delete", kind, "paused", "-n", paused)
    cluster.wait_until(lambda: _children(paused).get(child, before[child]) != before[child], timeout_s=30)
    after = _children(paused)
    assert {k: uid for k, uid in after.items() if k != child} == {k: uid for k, uid in before.items() if k != child}


def test_a_deleted_service_leaves_no_objects(paused: str) -> None:
    cluster.apply(_manifest("paused", paused, replicas=1, images={"triton": references()["server"]}))
    diarization_service.wait_until_ready("paused", paused)
    cluster.kubectl("delete", "diar", "paused", "-n", paused, "--wait=true")
    cluster.wait_until(lambda: not _children(paused), timeout_s=60)
    pods = ("pods,replicasets,endpointslices", "-n", paused, "-l", SELECTOR)
    cluster.wait_until(lambda: not cluster.read(*pods)["items"], timeout_s=120)
