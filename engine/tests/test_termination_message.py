"""The termination message: what a process leaves behind when it cannot continue."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

CODE = """
import pathlib, sys, threading, time
from sd_engine import termination_message
termination_message.TERMINATION_LOG = pathlib.Path(sys.argv[1])
threading.Thread(target=time.sleep, args=[60]).start()
termination_message.exit_with_message("The model is corrupt.", termination_message.MODEL_CORRUPT)
"""


def exit_with_message(log: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", CODE, str(log)], capture_output=True, text=True, check=False, timeout=30
    )


def test_the_message_is_written_for_people_and_for_kubernetes_while_threads_run(tmp_path: Path) -> None:
    log = tmp_path / "termination-log"
    log.touch()
    ended = exit_with_message(log)

    assert (ended.returncode, ended.stderr) == (4, "The model is corrupt.\n")
    assert log.read_text() == "The model is corrupt."


def test_without_kubernetes_the_message_is_on_stderr_only(tmp_path: Path) -> None:
    log = tmp_path / "termination-log"

    assert exit_with_message(log).stderr == "The model is corrupt.\n"
    assert not log.exists()
