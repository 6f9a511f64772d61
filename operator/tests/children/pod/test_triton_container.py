"""The Triton container has probes, a preStop hook and enough memory."""

from children_manifests import containers
from sd_harness.services.service_specs import ALL_FIELDS, DEMO


def test_liveness_tolerates_a_restart_of_the_engine() -> None:
    _, triton = containers(DEMO)
    liveness = triton["livenessProbe"]
    assert liveness["httpGet"] == {"path": "/adapterz", "port": 8003}
    assert liveness["periodSeconds"] * liveness["failureThreshold"] == 60
    assert liveness["terminationGracePeriodSeconds"] == 60


def test_startup_and_readiness_are_those_of_the_protocol() -> None:
    _, triton = containers(DEMO)
    for probe in ("startupProbe", "readinessProbe"):
        assert triton[probe]["httpGet"] == {"path": "/v2/health/ready", "port": 8000}


def test_pre_stop_hook_waits_for_the_engine_to_drain() -> None:
    _, triton = containers(DEMO)
    assert triton["lifecycle"]["preStop"]["httpGet"] == {"path": "/drain", "port": 8003}


def test_memory_is_requested_and_not_limited() -> None:
    _, triton = containers(DEMO)
    assert triton["resources"] == {"requests": {"cpu": "100m", "memory": "3659Mi"}}


def test_image_is_that_of_the_spec_or_of_the_installation() -> None:
    assert containers(DEMO)[1]["image"] == "nvcr.io/nvidia/tritonserver:26.07-py3"
    assert containers(ALL_FIELDS)[1]["image"] == "registry.example/triton:26.07"


def test_log_verbosity_is_that_of_the_spec() -> None:
    assert {"name": "TRITON_LOG_VERBOSE", "value": "1"} in containers(ALL_FIELDS)[1]["env"]
