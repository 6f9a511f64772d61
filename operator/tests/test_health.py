"""The pages say what the kubelet has to do: wait, or restart."""

import pytest
from aiohttp.test_utils import TestClient, TestServer
from sd_operator.health import STUCK_AFTER_S, application
from sd_operator.metrics import Metrics


@pytest.mark.parametrize(
    ("page", "ready", "longest_s", "status"),
    [
        ("/healthz", "no", 0.0, 200),
        ("/healthz", "yes", STUCK_AFTER_S + 1, 503),
        ("/readyz", "yes", 0.0, 200),
        ("/readyz", "no", 0.0, 503),
        ("/metrics", "no", 0.0, 200),
    ],
)
async def test_a_page_tells_what_is_so(page: str, ready: str, longest_s: float, status: int) -> None:
    pages = application(lambda: ready == "yes", lambda: longest_s, Metrics())
    async with TestClient(TestServer(pages)) as kubelet:
        answer = await kubelet.get(page)
        assert (answer.status, bool(await answer.text())) == (status, True)
