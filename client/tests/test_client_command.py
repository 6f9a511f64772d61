"""The `sd` command: formats, exit codes and sentences."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from sd_client.__main__ import main
from v2_stand_in import TIMELINE, Reply, Service, error, late, reset, text, until


@pytest.fixture
def recording(tmp_path: Path) -> str:
    file = tmp_path / "board meeting.wav"
    file.write_bytes(b"RIFF" * 512)
    return str(file)


def test_a_table_is_printed_by_default(service: Service, recording: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diarize", recording, "--url", service.url]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("board meeting.wav (2.0 KiB)\n2 speakers, 3 segments")
    assert "     0:03.00     1:01.50    58.50 s   SPEAKER_01\n" in out
    assert err == ""


def test_json_is_the_services_answer(service: Service, recording: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diarize", recording, "--url", service.url, "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out) == TIMELINE


def test_rttm_names_the_recording(service: Service, recording: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diarize", recording, "--url", service.url, "--format", "rttm"]) == 0
    assert capsys.readouterr().out.startswith("SPEAKER board_meeting 1 0.500 2.750 <NA> <NA> SPEAKER_00 <NA> <NA>\n")


def test_options_reach_the_service(service: Service, recording: str) -> None:
    question = ["--speakers", "2", "--min-speakers", "1", "--max-speakers", "4"]
    main(["diarize", recording, "--url", service.url, *question, "--include", "exclusive,embeddings", "--format=json"])
    (asked,) = service.asked
    assert asked.tensors["NUM_SPEAKERS"] == b"2"
    assert asked.document["parameters"]["min_speakers"] == 1
    assert asked.document["parameters"]["max_speakers"] == 4
    assert asked.document["parameters"]["include"] == "exclusive,embeddings"


EXIT_CODES: list[tuple[Reply, int, str]] = [
    (error(500, "It broke."), 1, "failed (500): It broke."),
    (text("nonsense"), 1, "answer is not a timeline"),
    (reset, 3, "cannot be reached: connection"),
    (late(60), 3, "gave no answer within 2 s."),
    (error(400, "AUDIO_DATA is empty."), 4, "refused (400): AUDIO_DATA is empty."),
    (error(503, "Full."), 5, "cannot take the recording now (503): Full."),
]


@pytest.mark.parametrize("failure", EXIT_CODES)
def test_a_failure_is_one_sentence_and_its_exit_code(
    service: Service, recording: str, capsys: pytest.CaptureFixture[str], failure: tuple[Reply, int, str]
) -> None:
    reply, exit_code, sentence = failure
    service.replies = [reply]
    assert main(["diarize", recording, "--url", service.url, "--retries", "0", "--timeout", "2s"]) == exit_code
    out, err = capsys.readouterr()
    assert out == ""
    assert sentence in err
    assert err.count("\n") == 1


def test_a_missing_file_is_a_wrong_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diarize", "nowhere.wav"]) == 2
    assert capsys.readouterr().err == "nowhere.wav cannot be read: No such file or directory.\n"


WRONG = [
    (["--speakers", "0"], "'0' is not a number of speakers; it must be 1 to 256"),
    (["--speakers", "two"], "'two' is not a number of speakers"),
    (["--max-speakers", "257"], "'257' is not a number of speakers"),
    (["--include", "words"], "'words' is none of: exclusive, embeddings"),
    (["--include", "exclusive"], "--include adds to the JSON only; write --format json, not --format table"),
    (["--timeout", "0"], "'0' is not a time; write it like 90s, 10m or 2h"),
    (["--timeout", "1d"], "'1d' is not a time"),
    (["--retries", "-1"], "'-1' is not a whole number"),
    (["--url", "localhost:8700"], "'localhost:8700' is not a service's URL; write it like http://localhost:8700"),
    (["--format", "xml"], "invalid choice: 'xml'"),
]


@pytest.mark.parametrize(("options", "sentence"), WRONG)
def test_a_wrong_option_says_what_would_be_right(
    options: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        main(["diarize", "meeting.wav", *options])
    assert left.value.code == 2
    assert sentence in capsys.readouterr().err


def test_the_environment_says_where_the_service_is(
    service: Service, recording: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SD_URL", service.url)
    assert main(["diarize", recording]) == 0
    assert len(service.asked) == 1


def test_help_tells_the_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["diarize", "--help"])
    assert left.value.code == 0
    assert "  5  the service is full or restarting, also after the last retry" in capsys.readouterr().out


def test_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["--version"])
    assert left.value.code == 0
    assert capsys.readouterr().out.startswith("sd 0.")


def _sd(*arguments: str, stdin: bytes = b"", stdout: int = subprocess.PIPE) -> subprocess.CompletedProcess[bytes]:
    """The command in a process of its own, where every warning would show."""
    command = [sys.executable, "-W", "default", "-m", "sd_client", *arguments]
    return subprocess.run(command, input=stdin, stdout=stdout, stderr=subprocess.PIPE, timeout=60, check=False)


def test_stdin_is_read_and_nothing_else_is_said(service: Service) -> None:
    ended = _sd("diarize", "-", "--url", service.url, stdin=b"RIFF")
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert ended.stdout.startswith(b"stdin (0.0 KiB)\n")
    assert service.asked[0].tensors["AUDIO_DATA"] == b"UklGRg=="


def test_a_further_try_is_announced_on_stderr(service: Service) -> None:
    service.replies = [error(503, "The engine is restarting.")]
    ended = _sd("diarize", "-", "--url", service.url, stdin=b"RIFF")
    assert ended.returncode == 0
    assert b"(503): The engine is restarting. Trying again in 0." in ended.stderr


def test_an_interrupted_command_leaves_without_a_traceback(service: Service) -> None:
    service.replies = [late(60.0)]
    command = [sys.executable, "-m", "sd_client", "diarize", "-", "--url", service.url]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stdin
        running.stdin.close()
        until(lambda: bool(service.asked))
        running.send_signal(signal.SIGINT)
        assert running.wait(timeout=30) == 130
        assert running.stderr
        assert running.stderr.read() == b""


def test_a_reader_that_has_seen_enough_is_no_error(service: Service) -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    try:
        ended = _sd("diarize", "-", "--url", service.url, stdin=b"RIFF", stdout=write_end)
    finally:
        os.close(write_end)
    assert (ended.returncode, ended.stderr) == (0, b"")


@pytest.mark.parametrize(("no_color", "coloured"), [("", True), ("1", False)])
def test_a_terminal_gets_bars_and_colour_unless_it_does_not_want_them(
    service: Service,
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
