"""`diarize` over HTTP: requests, results, errors and retries."""

from __future__ import annotations

import os
import socket
import ssl
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import fake_http_service
import pytest
from fake_http_service import HttpService, Reply, delayed, error, page, reset, text, timeline
from sd_client import (
    ConnectionFailedError,
    InvalidRequestError,
    InvalidResponseError,
    ResponseTimeoutError,
    SdError,
    Segment,
    ServerError,
    ServiceUnavailableError,
    UrlError,
    diarize,
    http_transport,
)
from sd_client.service_url import ServiceUrl

RECORDING = b"RIFF\x00\xff not really"


def test_a_recording_gives_a_timeline(service: HttpService) -> None:
    result = diarize(RECORDING, url=service.url)
    assert result.speakers == ("SPEAKER_00", "SPEAKER_01")
    assert result.segments[1] == Segment(3.0, 61.5, "SPEAKER_01")


def test_the_recording_is_sent_as_raw_bytes_and_unset_options_are_not_sent(service: HttpService) -> None:
    diarize(RECORDING, url=service.url)
    (request,) = service.requests
    assert request.path == "/v2/models/speaker_diarization/infer"
    assert request.tensors == {"AUDIO_DATA": RECORDING}
    assert request.document["inputs"][0]["shape"] == [1, 1]
    assert request.document["parameters"] == {"binary_data_output": True}
    assert len(request.document["id"]) == 32


def test_all_options_are_sent(service: HttpService) -> None:
    diarize(
        RECORDING,
        url=service.url,
        num_speakers=2,
        min_speakers=1,
        max_speakers=3,
        include=("exclusive", "embeddings"),
        request_id="call-7",
    )
    (request,) = service.requests
    assert request.tensors["NUM_SPEAKERS"] == b"2"
    assert request.document["id"] == "call-7"
    assert request.document["parameters"] == {
        "binary_data_output": True,
        "min_speakers": 1,
        "max_speakers": 3,
        "include": "exclusive,embeddings",
    }


def test_a_file_is_read_by_its_path(service: HttpService, tmp_path: Path) -> None:
    file = tmp_path / "meeting.wav"
    file.write_bytes(RECORDING)
    diarize(file, url=service.url)
    assert service.requests[0].tensors["AUDIO_DATA"] == RECORDING


def test_a_missing_file_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        diarize(tmp_path / "none.wav")


FAILURES: list[tuple[Reply, type[SdError], str]] = [
    (
        error(400, "AUDIO_DATA is not base64."),
        InvalidRequestError,
        "rejected the request (400): AUDIO_DATA is not base64.",
    ),
    (error(413, "Too large."), InvalidRequestError, "rejected the request (413): Too large."),
    (
        error(503, "The engine is restarting."),
        ServiceUnavailableError,
        "cannot process the recording now (503): The engine is",
    ),
    (page(502, "<html>bad gateway"), ServiceUnavailableError, "(502): the response is not Triton's"),
    (error(500, "It broke."), ServerError, "failed (500): It broke."),
    (error(404, "Request for unknown model"), ServerError, "failed (404): Request for unknown model"),
    (page(404, "<html>nothing here"), ServerError, "failed (404): the response is not Triton's; is this the URL"),
    (page(200, "<html>hello"), InvalidResponseError, "sent a response that is not Triton's"),
    (text("[]"), InvalidResponseError, "response is not a timeline"),
    (text("{}"), InvalidResponseError, "response is not a timeline (KeyError: 'speakers')"),
    (timeline(name="OTHER"), InvalidResponseError, "has no DIARIZATION_RESULT"),
    (reset, ConnectionFailedError, "cannot be reached: connection"),
]


@pytest.mark.parametrize(("reply", "raised", "message"), FAILURES)
def test_each_failure_is_raised_as_its_exception(
    service: HttpService, reply: Reply, raised: type[SdError], message: str
) -> None:
    service.replies = [reply]
    with pytest.raises(raised) as caught:
        diarize(RECORDING, url=service.url, retries=0)
    assert message in str(caught.value)
    assert type(caught.value) is raised


@pytest.mark.parametrize("reply", [error(503, "Full."), reset])
def test_an_unavailable_service_and_a_broken_connection_are_retried_on_a_new_connection(
    service: HttpService, reply: Reply
) -> None:
    service.replies = [reply]
    assert len(diarize(RECORDING, url=service.url).segments) == 3
    first, second = service.requests
    assert first.client_port != second.client_port
    assert first.headers["Connection"] == "close"
    assert first.document["id"] == second.document["id"]


@pytest.mark.parametrize("status", [400, 500])
def test_an_invalid_request_and_a_server_error_are_not_retried(service: HttpService, status: int) -> None:
    service.replies = [error(status, "No.")]
    with pytest.raises(SdError):
        diarize(RECORDING, url=service.url)
    assert len(service.requests) == 1


def test_a_timeout_is_not_retried(service: HttpService) -> None:
    service.replies = [delayed(60)]
    with pytest.raises(ResponseTimeoutError, match=r"did not respond within 1 s\."):
        diarize(RECORDING, url=service.url, timeout_s=1.0)
    assert len(service.requests) == 1


def test_the_network_timeout_is_that_of_the_request() -> None:
    client = http_transport._client(ServiceUrl.parse("http://localhost:1"), 7200.0)
    assert client._client_stub._connection_pool.network_timeout == 7200.0
    assert client._client_stub._connection_pool.connection_timeout == 10.0


def test_a_closed_port_is_a_failed_connection(closed_port: int) -> None:
    with pytest.raises(ConnectionFailedError, match=r"cannot be reached: connection refused\."):
        diarize(RECORDING, url=f"http://127.0.0.1:{closed_port}", retries=0)


def test_a_host_that_never_accepts_is_a_failed_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_transport, "CONNECT_TIMEOUT_S", 1.0)
    with socket.socket() as server, socket.socket() as first, socket.socket() as second:
        server.bind(("127.0.0.1", 0))
        server.listen(0)  # the kernel queues one connection more than the backlog and drops the others
        for connection in (first, second):
            connection.setblocking(False)  # noqa: FBT003 - the socket's own signature
            connection.connect_ex(server.getsockname())
        with pytest.raises(ConnectionFailedError, match="did not accept a connection within 1 s"):
            diarize(RECORDING, url=f"http://127.0.0.1:{server.getsockname()[1]}", timeout_s=30, retries=0)


def test_an_unknown_host_is_not_retried() -> None:
    with pytest.raises(UrlError, match="there is no host of that name"):
        diarize(RECORDING, url="http://nowhere.invalid:8000", timeout_s=20)


def test_sixteen_threads_can_send_requests_at_the_same_time(service: HttpService) -> None:
    service.replies = [delayed(0.2)] * 16
    with ThreadPoolExecutor(16) as threads:
        results = list(threads.map(lambda _: diarize(RECORDING, url=service.url), range(16)))
    assert {len(result.segments) for result in results} == {3}
    assert len({request.client_port for request in service.requests}) == 16


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A self-signed certificate for localhost, with its key in the same file."""
    file = tmp_path / "localhost.pem"
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", *subject]
    subprocess.run([*make, "-keyout", file, "-out", tmp_path / "certificate"], check=True, capture_output=True)
    file.write_text(file.read_text() + (tmp_path / "certificate").read_text())
    return file


def test_a_certificate_of_an_unknown_authority_is_rejected(certificate: Path) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    with (
        fake_http_service.running(tls) as service,
        pytest.raises(UrlError, match=r"is not trusted: self.signed certificate"),
    ):
        diarize(RECORDING, url=service.url)


def test_a_trusted_certificate_is_accepted(certificate: Path) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    code = "import sys, sd_client; print(len(sd_client.diarize(b'RIFF', url=sys.argv[1]).segments))"
    with fake_http_service.running(tls) as service:
        completed = subprocess.run(
            [sys.executable, "-c", code, service.url],
            env={**os.environ, "SSL_CERT_FILE": str(certificate)},  # libraries read it when they are imported
            check=True,
            capture_output=True,
        )
    assert completed.stdout == b"3\n"
