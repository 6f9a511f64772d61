"""`diarize` over HTTP: what is sent, what is raised, what is tried again."""

from __future__ import annotations

import base64
import os
import socket
import ssl
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import v2_stand_in
from sd_client import (
    AnswerError,
    BusyError,
    ConnectionFailedError,
    NoAnswerError,
    RefusedError,
    SdError,
    Segment,
    ServerError,
    UrlError,
    diarize,
    over_http,
)
from sd_client.service_url import ServiceUrl
from v2_stand_in import Reply, Service, error, late, page, reset, text, timeline

RECORDING = b"RIFF\x00\xff not really"


def test_a_recording_comes_back_as_a_timeline(service: Service) -> None:
    answer = diarize(RECORDING, url=service.url)
    assert answer.speakers == ("SPEAKER_00", "SPEAKER_01")
    assert answer.segments[1] == Segment(3.0, 61.5, "SPEAKER_01")


def test_the_recording_travels_in_base64_and_nothing_is_said_that_was_not_asked(service: Service) -> None:
    diarize(RECORDING, url=service.url)
    (asked,) = service.asked
    assert asked.path == "/v2/models/speaker_diarization/infer"
    assert asked.tensors == {"AUDIO_DATA": base64.b64encode(RECORDING)}
    assert asked.document["inputs"][0]["shape"] == [1, 1]
    assert asked.document["parameters"] == {"binary_data_output": True}
    assert len(asked.document["id"]) == 32


def test_everything_asked_arrives(service: Service) -> None:
    diarize(
        RECORDING,
        url=service.url,
        num_speakers=2,
        min_speakers=1,
        max_speakers=3,
        include=("exclusive", "embeddings"),
        request_id="call-7",
    )
    (asked,) = service.asked
    assert asked.tensors["NUM_SPEAKERS"] == b"2"
    assert asked.document["id"] == "call-7"
    assert asked.document["parameters"] == {
        "binary_data_output": True,
        "min_speakers": 1,
        "max_speakers": 3,
        "include": "exclusive,embeddings",
    }


def test_a_file_is_read_by_its_path(service: Service, tmp_path: Path) -> None:
    file = tmp_path / "meeting.wav"
    file.write_bytes(RECORDING)
    diarize(file, url=service.url)
    assert service.asked[0].tensors["AUDIO_DATA"] == base64.b64encode(RECORDING)


def test_a_missing_file_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        diarize(tmp_path / "none.wav")


FAILURES: list[tuple[Reply, type[SdError], str]] = [
    (error(400, "AUDIO_DATA is not base64."), RefusedError, "refused (400): AUDIO_DATA is not base64."),
    (error(413, "Too large."), RefusedError, "refused (413): Too large."),
    (error(503, "The engine is restarting."), BusyError, "cannot take the recording now (503): The engine is"),
    (page(502, "<html>bad gateway"), BusyError, "(502): not in Triton's words"),
    (error(500, "It broke."), ServerError, "failed (500): It broke."),
    (error(404, "Request for unknown model"), ServerError, "failed (404): Request for unknown model"),
    (page(404, "<html>nothing here"), ServerError, "failed (404): not in Triton's words; is this the URL"),
    (page(200, "<html>hello"), AnswerError, "gave an answer that cannot be read as Triton's"),
    (text("[]"), AnswerError, "answer is not a timeline"),
    (text("{}"), AnswerError, "answer is not a timeline (KeyError: 'speakers')"),
    (timeline(name="OTHER"), AnswerError, "holds no DIARIZATION_RESULT"),
    (reset, ConnectionFailedError, "cannot be reached: connection"),
]


@pytest.mark.parametrize(("reply", "raised", "sentence"), FAILURES)
def test_a_failure_is_raised_as_what_it_is(
    service: Service, reply: Reply, raised: type[SdError], sentence: str
) -> None:
    service.replies = [reply]
    with pytest.raises(raised) as caught:
        diarize(RECORDING, url=service.url, retries=0)
    assert sentence in str(caught.value)
    assert type(caught.value) is raised


@pytest.mark.parametrize("reply", [error(503, "Full."), reset])
def test_a_busy_service_and_a_broken_connection_are_tried_again_on_a_new_connection(
    service: Service, reply: Reply
) -> None:
    service.replies = [reply]
    assert len(diarize(RECORDING, url=service.url).segments) == 3
    first, second = service.asked
    assert first.client_port != second.client_port
    assert first.headers["Connection"] == "close"
    assert first.document["id"] == second.document["id"]


@pytest.mark.parametrize("status", [400, 500])
def test_a_refusal_and_a_failure_are_not_tried_again(service: Service, status: int) -> None:
    service.replies = [error(status, "No.")]
    with pytest.raises(SdError):
        diarize(RECORDING, url=service.url)
    assert len(service.asked) == 1


def test_a_service_that_does_not_answer_in_time_is_asked_once(service: Service) -> None:
    service.replies = [late(60)]
    with pytest.raises(NoAnswerError, match=r"gave no answer within 1 s\."):
        diarize(RECORDING, url=service.url, timeout_s=1.0)
    assert len(service.asked) == 1


def test_a_long_recording_may_take_as_long_as_the_timeout_says() -> None:
    client = over_http._client(ServiceUrl.parse("http://localhost:1"), 7200.0)
    assert client._client_stub._connection_pool.network_timeout == 7200.0
    assert client._client_stub._connection_pool.connection_timeout == 10.0


def test_a_closed_port_is_a_failed_connection(closed_port: int) -> None:
    with pytest.raises(ConnectionFailedError, match=r"cannot be reached: connection refused\."):
        diarize(RECORDING, url=f"http://127.0.0.1:{closed_port}", retries=0)


def test_a_host_that_never_accepts_is_a_failed_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(over_http, "CONNECT_TIMEOUT_S", 1.0)
    with socket.socket() as deaf, socket.socket() as queued, socket.socket() as queued_too:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)  # the kernel queues one connection more than asked, then drops what comes
        for connection in (queued, queued_too):
            connection.setblocking(False)  # noqa: FBT003 - the socket's own signature
            connection.connect_ex(deaf.getsockname())
        with pytest.raises(ConnectionFailedError, match="did not accept a connection within 1 s"):
            diarize(RECORDING, url=f"http://127.0.0.1:{deaf.getsockname()[1]}", timeout_s=30, retries=0)


def test_an_unknown_host_is_not_tried_again() -> None:
    with pytest.raises(UrlError, match="there is no host of that name"):
        diarize(RECORDING, url="http://nowhere.invalid:8000", timeout_s=20)


def test_sixteen_threads_may_ask_at_once(service: Service) -> None:
    service.replies = [late(0.2)] * 16
    with ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(lambda _: diarize(RECORDING, url=service.url), range(16)))
    assert {len(answer.segments) for answer in answers} == {3}
    assert len({asked.client_port for asked in service.asked}) == 16


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for localhost that is its own authority, with its key in the same file."""
    file = tmp_path / "localhost.pem"
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", *subject]
    subprocess.run([*make, "-keyout", file, "-out", tmp_path / "certificate"], check=True, capture_output=True)
    file.write_text(file.read_text() + (tmp_path / "certificate").read_text())
    return file


def test_a_certificate_of_an_unknown_authority_is_not_trusted(certificate: Path) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    with (
        v2_stand_in.running(tls) as service,
        pytest.raises(UrlError, match=r"is not trusted: self.signed certificate"),
    ):
        diarize(RECORDING, url=service.url)


def test_a_trusted_certificate_is_enough_for_https(certificate: Path) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    ask = "import sys, sd_client; print(len(sd_client.diarize(b'RIFF', url=sys.argv[1]).segments))"
    with v2_stand_in.running(tls) as service:
        answered = subprocess.run(
            [sys.executable, "-c", ask, service.url],
            env={**os.environ, "SSL_CERT_FILE": str(certificate)},  # libraries read it when they are imported
            check=True,
            capture_output=True,
        )
    assert answered.stdout == b"3\n"
