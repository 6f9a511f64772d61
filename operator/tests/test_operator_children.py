"""The children of whole services, as files that a person has read, and what must hold for each of them."""

import json
from typing import Any

import pytest
from golden_services import path, render, specs
from live_objects import IMAGES, UID, service
from sd_engine.settings import Settings
from sd_operator.children import desired
from sd_operator.children.limits import LONGEST_GRACE_S, grace_period_s, shared_memory_mib
from service_specs import DEMO, EVERYTHING, GOOD, Spec, with_demo

MIB = 1024**2


def pod(spec: Spec) -> dict[str, Any]:
    """The pod of a service."""
    [deployment] = [child for child in desired(service(spec), IMAGES) if child["kind"] == "Deployment"]
    return deployment["spec"]["template"]["spec"]


def containers(spec: Spec) -> tuple[dict[str, Any], dict[str, Any]]:
    """Engine and Triton."""
    [engine], [triton] = pod(spec)["initContainers"], pod(spec)["containers"]
    return engine, triton


@pytest.mark.parametrize("name", specs())
def test_the_children_are_those_of_the_golden_file(name: str) -> None:
    assert render(name) == path(name).read_text(), "run operator/tests/golden_services.py and read the diff"


@pytest.mark.parametrize("spec", GOOD.values(), ids=GOOD)
def test_the_same_spec_gives_the_same_bytes(spec: Spec) -> None:
    first, second = (json.dumps(desired(service(spec), IMAGES)) for _ in range(2))
    assert first == second


def test_every_child_goes_with_its_service() -> None:
    for child in desired(service(DEMO), IMAGES):
        [owner] = child["metadata"]["ownerReferences"]
        assert (owner["uid"], owner["controller"]) == (UID, True)


@pytest.mark.parametrize("spec", [DEMO, EVERYTHING], ids=["smallest", "everything"])
def test_every_container_is_hardened(spec: Spec) -> None:
    for container in containers(spec):
        security = container["securityContext"]
        assert security["readOnlyRootFilesystem"]
        assert security["allowPrivilegeEscalation"] is False
        assert security["capabilities"] == {"drop": ["ALL"]}
    assert pod(spec)["securityContext"]["runAsNonRoot"]
    assert pod(spec)["automountServiceAccountToken"] is False


@pytest.mark.parametrize("spec", [DEMO, EVERYTHING], ids=["smallest", "everything"])
def test_the_engine_understands_its_settings(spec: Spec) -> None:
    engine, _ = containers(spec)
    variables = {each["name"]: each["value"] for each in engine["env"]}
    settings = Settings.from_environment(variables)
    known = {f"SD_{name.upper()}" for name in Settings.__dataclass_fields__}
    assert variables.keys() <= known
    assert settings.adapters == service(spec).spec.serving.adapters


def test_the_engine_reads_every_limit_of_the_spec() -> None:
    engine, _ = containers(EVERYTHING)
    settings = Settings.from_environment({each["name"]: each["value"] for each in engine["env"]})
    assert str(settings.model_dir) == "/model/a/b"
    assert settings.preferred_batch_sizes == (2, 8)
    assert settings.max_audio_duration_s == 5400
    assert settings.max_queued_audio_s == 7200
    assert settings.max_request_bytes == MIB
    assert settings.log_level == "DEBUG"


def test_only_the_engine_gets_the_gpu() -> None:
    engine, triton = containers(EVERYTHING)
    assert engine["resources"]["limits"]["nvidia.com/mig-1g.10gb"] == "2"
    assert "limits" not in triton["resources"]
    assert {"name": "NVIDIA_VISIBLE_DEVICES", "value": "void"} in triton["env"]


def test_a_cpu_service_asks_for_no_gpu() -> None:
    engine, _ = containers(with_demo(compute={"accelerator": "cpu"}))
    assert engine["resources"] == {"requests": {"cpu": "250m", "memory": "2Gi"}}


def test_a_limit_without_a_request_is_the_request() -> None:
    engine, _ = containers(with_demo(compute={"accelerator": "cpu", "resources": {"limits": {"memory": "1Gi"}}}))
    assert engine["resources"] == {"requests": {"cpu": "250m"}, "limits": {"memory": "1Gi"}}


def test_triton_outlives_an_engine_restart() -> None:
    _, triton = containers(DEMO)
    liveness = triton["livenessProbe"]
    assert liveness["httpGet"] == {"path": "/adapterz", "port": 8003}
    assert liveness["periodSeconds"] * liveness["failureThreshold"] == 60


@pytest.mark.parametrize(
    ("serving", "mib"),
    [
        ({}, 32 + 2731),  # (16 + 16) requests of 64 MiB in base64
        ({"adapters": 1, "maxBatchSize": 1, "maxRequestBytes": "3Mi"}, 2 + 8),
    ],
)
def test_shared_memory_holds_the_largest_batches(serving: dict[str, Any], mib: int) -> None:
    assert shared_memory_mib(service(with_demo(serving=serving)).spec.serving) == mib


@pytest.mark.parametrize(
    ("accelerator", "serving", "grace_s"),
    [
        ("cpu", {}, 8640 + 45),  # 8 h of audio at 0.3 s of work per second
        ("gpu", {}, 864 + 45),
        ("gpu", {"maxAudioDuration": "10s", "maxQueuedAudio": "10s"}, 60),
        ("cpu", {"maxQueuedAudio": "100h"}, LONGEST_GRACE_S),
    ],
)
def test_a_pod_that_ends_has_the_time_for_what_it_holds(
    accelerator: str, serving: dict[str, Any], grace_s: int
) -> None:
    spec = service(with_demo(compute={"accelerator": accelerator}, serving=serving)).spec
    assert grace_period_s(spec.serving, spec.compute) == grace_s
