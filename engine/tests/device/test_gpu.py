"""A GPU that NVML does not know is not measured."""

from __future__ import annotations

from sd_engine.device import gpu


def test_an_unknown_uuid_has_no_gpu() -> None:
    assert gpu.find("GPU-00000000-0000-0000-0000-000000000000") is None
