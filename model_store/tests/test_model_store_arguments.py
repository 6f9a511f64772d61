"""The command line: required options, defaults, and the exit code of an invalid one."""

from __future__ import annotations

from pathlib import Path

import pytest
from sd_harness.hub.model_store_command import ModelStoreCommand
from sd_model_store import arguments
from sd_model_store.deadline import Timeouts

DOWNLOAD = ("download", "--pipeline", "a/b", "--revision", "main", "--cache", "/cache")


@pytest.mark.parametrize("argv", [("download",), ("verify",), ("download", "--file-timeout", "-1")])
def test_an_invalid_command_line_exits_with_2(command: ModelStoreCommand, argv: tuple[str, ...]) -> None:
    process = command.start(*argv)
    assert "usage:" in process.communicate()[1]
    assert process.returncode == 2


@pytest.mark.parametrize("seconds", ["0", "-1", "inf", "nan", "ten"])
def test_a_timeout_that_is_not_a_positive_number_is_rejected(seconds: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_info:
        arguments.parse([*DOWNLOAD, "--idle-timeout", seconds])
    assert exit_info.value.code == 2
    assert "is not a number of seconds above 0" in capsys.readouterr().err


def test_the_timeouts_of_a_download_are_its_options() -> None:
    options = arguments.parse([*DOWNLOAD, "--idle-timeout", "1", "--file-timeout", "2", "--total-timeout", "3"])
    assert arguments.timeouts(options) == Timeouts(idle_s=1, file_s=2, total_s=3)
    assert options.endpoint == "https://huggingface.co"


def test_another_command_has_a_total_timeout_only() -> None:
    options = arguments.parse(["remove", "--cache", "/cache", "--pipeline", "a/b", "--total-timeout", "3"])
    assert arguments.timeouts(options) == Timeouts(total_s=3)
    assert (options.cache, options.keep) == (Path("/cache"), [])
