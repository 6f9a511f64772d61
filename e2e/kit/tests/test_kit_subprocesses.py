"""Subprocesses: errors quote the log, and termination reaches all children."""

import subprocess
import sys
import time
from pathlib import Path

import pytest
from sd_kit import __main__ as command
from sd_kit import subprocesses
from sd_kit.errors import KitError


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SD_TRITON_CACHE", str(tmp_path))


def test_an_error_names_the_purpose_and_quotes_the_end_of_the_log(tmp_path: Path) -> None:
    with pytest.raises(KitError) as failure:
        subprocesses.run(["sh", "-c", "echo no space left; exit 7"], log="x", purpose="build the thing")
    message = str(failure.value)
    assert message.startswith(f"Cannot build the thing: it exited with code 7. The end of {tmp_path}/logs/x.log:\n")
    assert message.endswith("no space left")


def test_a_timeout_terminates_the_command_and_its_children() -> None:
    started_s = time.monotonic()
    with pytest.raises(KitError, match="terminated by signal 15"):
        subprocesses.run(["sh", "-c", "sleep 60 & wait"], log="x", purpose="wait", timeout_s=0.2)
    assert time.monotonic() - started_s < 5.0


def test_an_interrupt_terminates_subprocesses_and_prints_how_to_resume() -> None:
    script = (
        "import sys; from sd_kit import __main__, subprocesses as s\nfrom sd_kit.cluster import lifecycle\n"
        "lifecycle.up = lambda: (print('runs', flush=True), s.run(['sleep', '60'], log='x', purpose='wait'))\n"
        "sys.exit(__main__.main(['up']))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as kit:
        assert kit.stdout is not None
        assert kit.stderr is not None
        kit.stdout.readline()
        time.sleep(0.3)
        kit.terminate()
        assert kit.wait(10) == command.EXIT_INTERRUPTED
        assert kit.stderr.read() == (
            "Interrupted. Run the same command again; it resumes after the last completed step.\n"
        )


def test_an_unknown_log_is_an_error_message_and_exit_code_1(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["logs", "nothing"]) == 1
    assert capsys.readouterr().err == ("sd-kit: The log nothing does not exist. `sd-kit logs` lists all logs.\n")
