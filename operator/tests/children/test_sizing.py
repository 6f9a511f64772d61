"""Memory and times are derived from the limits in the spec."""

from typing import Any

import pytest
from sd_harness.services.live_objects import service
from sd_harness.services.service_specs import DEMO, with_demo
from sd_operator.children.sizing import (
    device_time_s,
    grace_period_s,
    request_bytes,
    shared_memory_mib,
    triton_memory_mib,
)

SMALL = {"adapters": 1, "maxBatchSize": 1, "maxRequestBytes": "3Mi"}


@pytest.mark.parametrize(
    ("size", "size_bytes"), [("64Mi", 67108864), (1048576, 1048576), ("1.5k", 1500), ("1.001Ki", 1026)]
)
def test_request_size_is_rounded_up_to_bytes(size: object, size_bytes: int) -> None:
    assert request_bytes(service(with_demo(serving={"maxRequestBytes": size})).spec.serving) == size_bytes


@pytest.mark.parametrize(
    ("serving", "mib"),
    [
        ({}, 32 + 2731),  # (16 + 16) requests of 64 MiB in base64
        (SMALL, 2 + 8),
    ],
)
def test_shared_memory_holds_the_largest_batches(serving: dict[str, Any], mib: int) -> None:
    assert shared_memory_mib(service(with_demo(serving=serving)).spec.serving) == mib


@pytest.mark.parametrize(
    ("serving", "mib"),
    [
        ({}, 128 + 320 + 2763 + 448),  # Triton, 16 adapters, /dev/shm, and seven copies of a recording of 64 MiB
        (SMALL, 128 + 20 + 10 + 21),
    ],
)
def test_memory_of_triton_includes_shared_memory_and_one_request(serving: dict[str, Any], mib: int) -> None:
    assert triton_memory_mib(service(with_demo(serving=serving)).spec.serving) == mib


@pytest.mark.parametrize(
    ("accelerator", "mode", "expected_s"),
    [("cpu", "exact", 1080), ("gpu", "exact", 108), ("cpu", "reference", 7200), ("gpu", "reference", 360)],
)
def test_device_time_of_an_hour_of_audio(accelerator: str, mode: str, expected_s: float) -> None:
    spec = service(with_demo(model=DEMO["model"] | {"mode": mode}, compute={"accelerator": accelerator})).spec
    assert device_time_s(spec, "1h") == pytest.approx(expected_s)


@pytest.mark.parametrize(
    ("accelerator", "mode", "serving", "grace_s"),
    [
        ("cpu", "exact", {}, 8640 + 45),  # 8 h of audio with a real-time factor of 0.3
        ("gpu", "exact", {}, 864 + 45),
        ("gpu", "exact", {"maxAudioDuration": "10s", "maxQueuedAudio": "10s"}, 60),
        ("cpu", "exact", {"maxQueuedAudio": "100h"}, 4 * 3600),
        ("cpu", "reference", {"maxAudioDuration": "1h", "maxQueuedAudio": "1h"}, 7200 + 45),
        ("gpu", "reference", {}, 2880 + 45),
    ],
)
def test_grace_period_is_sufficient_for_a_full_queue(
    accelerator: str, mode: str, serving: dict[str, Any], grace_s: int
) -> None:
    model = DEMO["model"] | {"mode": mode}
    spec = service(with_demo(model=model, compute={"accelerator": accelerator}, serving=serving)).spec
    assert grace_period_s(spec) == grace_s
