"""GPUs and resources of the engine. Tests of api/compute.py."""

import pytest
from pydantic import ValidationError
from sd_operator.api.compute import Compute


@pytest.mark.parametrize(
    ("compute", "limits"),
    [
        ({}, {"nvidia.com/gpu": "1"}),
        ({"gpu": {"resource": "amd.com/gpu", "count": 2}}, {"amd.com/gpu": "2"}),
        ({"accelerator": "cpu"}, {}),
    ],
)
def test_gpu_limits(compute: dict[str, object], limits: dict[str, str]) -> None:
    assert Compute.model_validate(compute).gpu_limits() == limits


@pytest.mark.parametrize(
    ("request_", "limit", "valid"), [("1", "1000m", True), ("1Gi", "1025Mi", True), ("1001m", "1", False)]
)
def test_request_must_not_exceed_the_limit(request_: str, limit: str, *, valid: bool) -> None:
    resources = {"requests": {"memory": request_}, "limits": {"memory": limit}}
    if valid:
        Compute.model_validate({"resources": resources})
    else:
        with pytest.raises(ValidationError, match="a request must not be larger than the limit"):
            Compute.model_validate({"resources": resources})


def test_request_without_a_limit_is_not_compared() -> None:
    resources = {"requests": {"memory": "8Gi"}, "limits": {"cpu": "1"}}
    assert Compute.model_validate({"resources": resources}).resources.requests == {"memory": "8Gi"}
