"""The engine container has the device and the resources of the spec."""

from children_manifests import containers
from sd_harness.services.service_specs import ALL_FIELDS, DEMO, PINNED, with_compute


def test_only_the_engine_has_the_gpu() -> None:
    engine, triton = containers(ALL_FIELDS)
    assert engine["resources"]["limits"]["nvidia.com/mig-1g.10gb"] == "2"
    assert "limits" not in triton["resources"]
    assert {"name": "NVIDIA_VISIBLE_DEVICES", "value": "void"} in triton["env"]


def test_accelerator_cpu_needs_no_gpu() -> None:
    engine, _ = containers(with_compute(accelerator="cpu"))
    assert engine["resources"] == {"requests": {"cpu": "250m", "memory": "2Gi"}}


def test_limit_without_a_request_is_the_request() -> None:
    engine, _ = containers(with_compute(accelerator="cpu", resources={"limits": {"memory": "1Gi"}}))
    assert engine["resources"] == {"requests": {"cpu": "250m"}, "limits": {"memory": "1Gi"}}


def test_engine_is_a_native_sidecar_without_a_liveness_probe() -> None:
    engine, _ = containers(DEMO)
    assert engine["restartPolicy"] == "Always"
    assert "livenessProbe" not in engine
    assert engine["startupProbe"]["httpGet"] == {"path": "/startupz", "port": 8003}
    assert engine["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": 8003}


def test_image_is_that_of_the_spec_or_of_the_installation() -> None:
    assert containers(DEMO)[0]["image"] == "sd-triton-server:1"
    assert containers(ALL_FIELDS)[0]["image"] == f"registry.example/server@{PINNED}"
