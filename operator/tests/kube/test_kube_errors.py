"""Error responses of the API server are either a rejection or a reason to retry later."""

import json
from typing import Any

import pytest
from sd_harness.control_plane.fake_api_server import connected, respond
from sd_harness.services.live_objects import deployment
from sd_operator.kube.errors import RejectedError, UnavailableError, error_from_response


@pytest.mark.parametrize(
    ("status", "body", "error", "sentence"),
    [
        (403, {"message": "pods is forbidden"}, RejectedError, "pods is forbidden"),
        (422, {"message": "is invalid"}, RejectedError, "is invalid"),
        (429, {"message": "too many requests"}, UnavailableError, "too many requests"),
        (500, "<html>", UnavailableError, "the API server returned HTTP 500 Internal Server Error"),
        (503, {}, UnavailableError, "the API server returned HTTP 503 Service Unavailable"),
        (410, {"message": "too old"}, RejectedError, "too old"),
    ],
)
async def test_a_status_is_a_rejection_or_a_reason_to_retry(
    status: int, body: Any, error: type[Exception], sentence: str
) -> None:
    async with connected(respond(status, body)) as (kube, _, _):
        with pytest.raises(error, match=sentence):
            await kube.apply(deployment(1))


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", json.dumps("text").encode()])
def test_a_body_that_is_no_status_object_is_replaced_by_the_http_status(body: bytes) -> None:
    error = error_from_response(404, "Not Found", body)
    assert isinstance(error, RejectedError)
    assert (str(error), error.status) == ("the API server returned HTTP 404 Not Found", 404)
