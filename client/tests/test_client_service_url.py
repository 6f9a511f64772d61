"""URLs of services: valid and invalid ones."""

from __future__ import annotations

import pytest
from sd_client import UrlError
from sd_client.service_url import ServiceUrl


@pytest.mark.parametrize(
    ("url", "location", "is_grpc", "is_encrypted"),
    [
        ("http://localhost:8700", "localhost:8700", False, False),
        ("http://demo.default.svc:8000/", "demo.default.svc:8000", False, False),
        ("https://speech.example/diarize", "speech.example/diarize", False, True),
        ("http://[::1]:8700", "[::1]:8700", False, False),
        ("grpc://localhost:8701", "localhost:8701", True, False),
        ("grpcs://speech.example:443", "speech.example:443", True, True),
    ],
)
def test_a_url_is_parsed(url: str, location: str, is_grpc: bool, is_encrypted: bool) -> None:  # noqa: FBT001 - a table
    service = ServiceUrl.parse(url)
    assert (service.location, service.is_grpc, service.is_encrypted) == (location, is_grpc, is_encrypted)


@pytest.mark.parametrize(
    "url", ["", "localhost:8700", "localhost", "ftp://host", "http://", "http://:8700", "http://a:x", "http://[::1"]
)
def test_an_invalid_url_is_rejected_with_an_example(url: str) -> None:
    with pytest.raises(UrlError, match="write it like http://localhost:8700 or grpc://localhost:8701"):
        ServiceUrl.parse(url)
