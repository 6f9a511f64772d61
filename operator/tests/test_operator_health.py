"""The endpoints tell the kubelet when to wait and when to restart the operator."""

import pytest
from aiohttp.test_utils import TestClient, TestServer
from sd_operator.health import STUCK_AFTER_S, application
from sd_operator.metrics import Metrics


@pytest.mark.parametrize(
    ("path", "readiness", "longest_running_s", "status", "text"),
    [
        ("/healthz", "not ready", 0.0, 200, "is running"),
        ("/healthz", "ready", STUCK_AFTER_S + 1, 503, "A reconcile has run for more than 600 s"),
        ("/readyz", "ready", 0.0, 200, "cache is synced"),
        ("/readyz", "not ready", 0.0, 503, "cache is not synced"),
        ("/metrics", "not ready", 0.0, 200, "# TYPE controller_runtime_reconcile_total counter"),
    ],
)
async def test_an_endpoint_reports_the_operators_state(
    path: str, readiness: str, longest_running_s: float, status: int, text: str
) -> None:
    endpoints = application(lambda: readiness == "ready", lambda: longest_running_s, Metrics())
    async with TestClient(TestServer(endpoints)) as kubelet:
        response = await kubelet.get(path)
        assert response.status == status
        assert text in await response.text()
