"""Running other programs: a failure is told with its log, and an end reaches every child."""

import subprocess
import sys
import time
from pathlib import Path

import pytest
from sd_kit import __main__ as command
from sd_kit import commands
from sd_kit.errors import KitError


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SD_TRITON_CACHE", str(tmp_path))


def test_a_failure_names_its_purpose_and_shows_the_end_of_its_log(tmp_path: Path) -> None:
    with pytest.raises(KitError) as failure:
        commands.run(["sh", "-c", "echo no space left; exit 7"], log="x", purpose="build the thing")
    said = str(failure.value)
    assert said.startswith(f"Cannot build the thing: it ended with code 7. The end of {tmp_path}/logs/x.log:\n")
    assert said.endswith("no space left")


def test_what_takes_too_long_is_ended_with_its_children() -> None:
    began = time.monotonic()
    with pytest.raises(KitError, match="ended by signal 15"):
        commands.run(["sh", "-c", "sleep 60 & wait"], log="x", purpose="wait", timeout_s=0.2)
    assert time.monotonic() - began < 5.0


def test_an_interrupt_ends_what_runs_and_says_how_to_go_on() -> None:
    script = (
        "import sys; from sd_kit import __main__, cluster, commands\n"
        "cluster.up = lambda: (print('runs', flush=True), commands.run(['sleep', '60'], log='x', purpose='wait'))\n"
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
        assert kit.wait(10) == command.INTERRUPTED
        assert kit.stderr.read() == "Interrupted. Run the same command again: it goes on from what is done.\n"


def test_an_unknown_log_is_a_sentence_and_exit_code_1(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["logs", "nothing"]) == 1
    assert capsys.readouterr().err == ("sd-kit: There is no log called nothing. `sd-kit logs` lists those there are.\n")
