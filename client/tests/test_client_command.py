"""The `sd` command: formats, exit codes and messages."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from fake_http_service import TIMELINE, HttpService, Reply, delayed, error, eventually, reset, text
from sd_client.__main__ import main


@pytest.fixture
def recording(tmp_path: Path) -> str:
    file = tmp_path / "board meeting.wav"
    file.write_bytes(b"RIFF" * 512)
    return str(file)


def test_a_table_is_the_default(service: HttpService, recording: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diarize", recording, "--url", service.url]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("board meeting.wav (2.0 KiB)\n2 speakers, 3 segments")
    assert "     0:03.00     1:01.50    58.50 s   SPEAKER_01\n" in out
    assert err == ""


def test_json_is_that_of_the_service(service: HttpService, recording: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diarize", recording, "--url", service.url, "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out) == TIMELINE


def test_rttm_names_the_recording(service: HttpService, recording: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diarize", recording, "--url", service.url, "--format", "rttm"]) == 0
    assert capsys.readouterr().out.startswith("SPEAKER board_meeting 1 0.500 2.750 <NA> <NA> SPEAKER_00 <NA> <NA>\n")


def test_options_reach_the_service(service: HttpService, recording: str) -> None:
    options = ["--speakers", "2", "--min-speakers", "1", "--max-speakers", "4"]
    main(["diarize", recording, "--url", service.url, *options, "--include", "exclusive,embeddings", "--format=json"])
    (request,) = service.requests
    assert request.tensors["NUM_SPEAKERS"] == b"2"
    assert request.document["parameters"]["min_speakers"] == 1
    assert request.document["parameters"]["max_speakers"] == 4
    assert request.document["parameters"]["include"] == "exclusive,embeddings"


EXIT_CODES: list[tuple[Reply, int, str]] = [
    (error(500, "It broke."), 1, "failed (500): It broke."),
    (text("nonsense"), 1, "response is not a timeline"),
    (reset, 3, "cannot be reached: connection"),
    (delayed(60), 3, "did not respond within 2 s."),
    (error(400, "AUDIO_DATA is empty."), 4, "rejected the request (400): AUDIO_DATA is empty."),
    (error(503, "Full."), 5, "cannot process the recording now (503): Full."),
]


@pytest.mark.parametrize("failure", EXIT_CODES)
def test_a_failure_has_one_message_and_its_exit_code(
    service: HttpService, recording: str, capsys: pytest.CaptureFixture[str], failure: tuple[Reply, int, str]
) -> None:
    reply, exit_code, message = failure
    service.replies = [reply]
    assert main(["diarize", recording, "--url", service.url, "--retries", "0", "--timeout", "2s"]) == exit_code
    out, err = capsys.readouterr()
    assert out == ""
    assert message in err
    assert err.count("\n") == 1


def test_a_missing_file_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diarize", "nowhere.wav"]) == 2
    assert capsys.readouterr().err == "nowhere.wav cannot be read: No such file or directory.\n"


INVALID = [
    (["--speakers", "two"], "invalid int value: 'two'"),
    (["--include", "exclusive"], "--include adds to the JSON only; write --format json, not --format table"),
    (["--timeout", "0"], "'0' is not a time; write it like 90s, 10m or 2h"),
    (["--timeout", "1d"], "'1d' is not a time"),
    (["--retries", "-1"], "'-1' is not a whole number"),
    (["--url", "localhost:8700"], "'localhost:8700' is not a service's URL; write it like http://localhost:8700"),
    (["--format", "xml"], "invalid choice: 'xml'"),
]


@pytest.mark.parametrize(("options", "message"), INVALID)
def test_an_invalid_option_is_a_usage_error(
    options: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as exited:
        main(["diarize", "meeting.wav", *options])
    assert exited.value.code == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "sent"),
    [
        (["--speakers", "0"], (b"0", {})),
        (["--speakers", "1000", "--max-speakers", "2"], (b"1000", {"max_speakers": 2})),
        (["--min-speakers", "3", "--max-speakers", "-2"], (None, {"min_speakers": 3, "max_speakers": -2})),
        (["--include", "words", "--format", "json"], (None, {"include": "words"})),
    ],
)
def test_the_service_alone_checks_the_values_of_options(
    service: HttpService,
    recording: str,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    sent: tuple[bytes | None, dict[str, object]],
) -> None:
    service.replies = [error(400, "The option is invalid.")]
    assert main(["diarize", recording, "--url", service.url, *options]) == 4
    assert capsys.readouterr().err.endswith("rejected the request (400): The option is invalid.\n")
    (request,) = service.requests
    parameters = {"binary_data_output": True, **sent[1]}
    assert (request.tensors.get("NUM_SPEAKERS"), request.document["parameters"]) == (sent[0], parameters)


def test_the_url_is_read_from_the_environment(
    service: HttpService, recording: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SD_URL", service.url)
    assert main(["diarize", recording]) == 0
    assert len(service.requests) == 1


def test_help_lists_the_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exited:
        main(["diarize", "--help"])
    assert exited.value.code == 0
    assert "  5  the service is full or restarting, also at the last retry" in capsys.readouterr().out


def test_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exited:
        main(["--version"])
    assert exited.value.code == 0
    assert capsys.readouterr().out.startswith("sd 0.")


def _sd(*arguments: str, stdin: bytes = b"", stdout: int = subprocess.PIPE) -> subprocess.CompletedProcess[bytes]:
    """Run the command in a process of its own, with all warnings."""
    command = [sys.executable, "-W", "default", "-m", "sd_client", *arguments]
    return subprocess.run(command, input=stdin, stdout=stdout, stderr=subprocess.PIPE, timeout=60, check=False)


def test_a_recording_is_read_from_stdin(service: HttpService) -> None:
    completed = _sd("diarize", "-", "--url", service.url, stdin=b"RIFF")
    assert (completed.returncode, completed.stderr) == (0, b"")
    assert completed.stdout.startswith(b"stdin (0.0 KiB)\n")
    assert service.requests[0].tensors["AUDIO_DATA"] == b"RIFF"


def test_a_retry_is_logged_on_stderr(service: HttpService) -> None:
    service.replies = [error(503, "The engine is restarting.")]
    completed = _sd("diarize", "-", "--url", service.url, stdin=b"RIFF")
    assert completed.returncode == 0
    assert b"(503): The engine is restarting. Trying again in 0." in completed.stderr


def test_an_interrupted_command_ends_without_a_traceback(service: HttpService) -> None:
    service.replies = [delayed(60.0)]
    command = [sys.executable, "-m", "sd_client", "diarize", "-", "--url", service.url]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stdin
        running.stdin.close()
        eventually(lambda: bool(service.requests))
        running.send_signal(signal.SIGINT)
        assert running.wait(timeout=30) == 130
        assert running.stderr
        assert running.stderr.read() == b""


def test_a_closed_pipe_is_not_an_error(service: HttpService) -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    try:
        completed = _sd("diarize", "-", "--url", service.url, stdin=b"RIFF", stdout=write_end)
    finally:
        os.close(write_end)
    assert (completed.returncode, completed.stderr) == (0, b"")


@pytest.mark.parametrize(("no_color", "coloured"), [("", True), ("1", False)])
def test_a_terminal_gets_bars_and_colour_unless_no_color_is_set(
    service: HttpService,
    monkeypatch: pytest.MonkeyPatch,
    no_color: str,
    coloured: bool,  # noqa: FBT001 - a table
) -> None:
    monkeypatch.setenv("NO_COLOR", no_color)
    monkeypatch.setenv("COLUMNS", "80")
    terminal, write_end = pty.openpty()
    try:
        assert _sd("diarize", "-", "--url", service.url, stdin=b"RIFF", stdout=write_end).returncode == 0
        shown = os.read(terminal, 10_000).decode()
    finally:
        os.close(terminal)
        os.close(write_end)
    assert "━" in shown
    assert ("\033[36m" in shown) is coloured
