"""A DiarizationService on a real cluster: refused when wrong, scaled, changed, mended and gone without a trace."""

import json
from typing import Any

import pytest
from sd_harness.cluster import cluster, demo_service, model_services
from sd_kit.cluster import diarization_service
from sd_kit.images.build import references

OWNED = "app.kubernetes.io/name=sd-triton,app.kubernetes.io/instance=paused"
CHILDREN = "deployments,services,serviceaccounts,configmaps,networkpolicies,poddisruptionbudgets"


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
            "spec.model.source: Invalid value: give exactly one model source: demo, huggingFace, ",
        ),
        ({"serving": {"maxRequestBytes": "-64Mi"}}, "must be a size from 1Ki to 1Gi, such as 64Mi"),
        ({"serving": {"adapters": -1}}, "spec.serving.adapters in body should be greater than or equal to 1"),
        ({"replicas": -1}, "spec.replicas in body should be greater than or equal to 0"),
        ({"compute": {"accelerator": "tpu"}}, 'Unsupported value: "tpu"'),
    ],
)
def test_a_wrong_spec_is_refused_with_the_crds_sentence(namespace: str, spec: dict[str, Any], words: str) -> None:
    assert words in cluster.kubectl_error("apply", "-f", "-", stdin=json.dumps(_manifest("wrong", namespace, **spec)))


def test_the_demo_scales_to_two_pods_and_back() -> None:
    cluster.kubectl("scale", "diar/demo", "--replicas=2")
    cluster.wait_until(lambda: sum(map(cluster.is_ready, demo_service.pods())) == 2, timeout_s=180)
    cluster.kubectl("scale", "diar/demo", "--replicas=1")
    cluster.wait_until(lambda: len(demo_service.pods()) == 1, timeout_s=60)
    diarization_service.wait_until_ready("demo")


@pytest.fixture
def paused(namespace: str) -> str:
    """A service without pods: it shows what the operator does in seconds."""
    cluster.apply(_manifest("paused", namespace))
    cluster.wait_until(lambda: _is_settled(namespace), timeout_s=30)
    return namespace


def _is_settled(namespace: str) -> bool:
    """Whether the latest spec is reported, and settings of an earlier one are gone."""
    is_paused = model_services.reported("paused", namespace)["reason"] == "Paused"
    return is_paused and [kind for kind, _ in _children(namespace)].count("ConfigMap") == 1


def _children(namespace: str) -> dict[tuple[str, str], str]:
    found = cluster.read(CHILDREN, "-n", namespace, "-l", OWNED)["items"]
    return {(item["kind"], item["metadata"]["name"]): item["metadata"]["uid"] for item in found}


def test_a_changed_spec_reaches_the_deployment(paused: str) -> None:
    before = _template(paused)
    cluster.apply(_manifest("paused", paused, serving={"adapters": 3}))
    assert cluster.wait_until(lambda: _settings(paused)["SD_ADAPTERS"] == "3", timeout_s=30)
    assert cluster.wait_until(lambda: _template(paused) != before, timeout_s=30), (
        "The pods would not read the new settings."
    )


def _settings(namespace: str) -> dict[str, str]:
    [source] = _template(namespace)["spec"]["initContainers"][0]["envFrom"]
    return cluster.read("configmap", source["configMapRef"]["name"], "-n", namespace)["data"]


def _template(namespace: str) -> Any:
    return cluster.read("deployment", "paused", "-n", namespace)["spec"]["template"]


@pytest.mark.parametrize("kind", ["Deployment", "Service", "ServiceAccount"])
def test_a_deleted_child_comes_back(paused: str, kind: str) -> None:
    before, place = _children(paused), (kind, "paused")
    cluster.kubectl("delete", kind, "paused", "-n", paused)
    cluster.wait_until(lambda: _children(paused).get(place, before[place]) != before[place], timeout_s=30)
    after = _children(paused)
    assert {k: uid for k, uid in after.items() if k != place} == {k: uid for k, uid in before.items() if k != place}


def test_deleting_a_service_that_serves_leaves_nothing(paused: str) -> None:
    cluster.apply(_manifest("paused", paused, replicas=1, images={"triton": references()["server"]}))
    diarization_service.wait_until_ready("paused", paused)
    cluster.kubectl("delete", "diar", "paused", "-n", paused, "--wait=true")
    cluster.wait_until(lambda: not _children(paused), timeout_s=60)
    pods = ("pods,replicasets,endpointslices", "-n", paused, "-l", OWNED)
    cluster.wait_until(lambda: not cluster.read(*pods)["items"], timeout_s=120)
