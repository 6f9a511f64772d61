"""The deadline of a run and of a file, with a clock of the test and in a real download."""

from __future__ import annotations

import threading
import time

import pytest
from sd_harness.hub import hub_faults
from sd_harness.hub.hub_state import FakeHub
from sd_harness.hub.model_store_command import ModelStoreCommand
from sd_model_store.deadline import Deadline, Timeouts
from sd_model_store.errors import HubUnreachableError

WEIGHTS = "segmentation/pytorch_model.bin"
RUN_TIMEOUT_S = 40.0
"""Includes the start of Python on a busy machine; the faults would last for a minute or more."""


def test_a_deadline_ends_the_run_and_each_file_of_it() -> None:
    now_s = [100.0]
    deadline = Deadline(Timeouts(file_s=5, total_s=12), lambda: now_s[0])
    with deadline.for_file("a.bin"):
        now_s[0] += 4.9
        deadline.check()
        now_s[0] += 0.2
        with pytest.raises(HubUnreachableError, match=r"The download of a\.bin did not finish within 5 s"):
            deadline.check()
    deadline.check()
    assert deadline.remaining_s() == pytest.approx(6.9)
    now_s[0] += 7
    assert deadline.remaining_s() == 0
    with pytest.raises(HubUnreachableError, match="The download did not finish within 12 s"):
        deadline.check()


def test_a_hub_that_does_not_respond_ends_the_run_in_time(hub: FakeHub, command: ModelStoreCommand) -> None:
    fault_ended = threading.Event()
    hub.faults.append(hub_faults.no_response(fault_ended))
    started_s = time.monotonic()
    run = command.download(hub, "--idle-timeout", "0.5", "--file-timeout", "2")
    assert (run.exit_code, run.reason) == (1, "HubUnreachable")
    assert "did not finish within 2 s" in run.message
    assert time.monotonic() - started_s < RUN_TIMEOUT_S
    fault_ended.set()


@pytest.mark.parametrize(("option", "subject"), [("--file-timeout", WEIGHTS), ("--total-timeout", "The download did")])
def test_a_very_slow_response_ends_the_run_in_time(
    hub: FakeHub, command: ModelStoreCommand, option: str, subject: str
) -> None:
    hub.faults.append(hub_faults.slow_response(0.05))
    started_s = time.monotonic()
    run = command.download(hub, option, "2")
    assert (run.exit_code, run.reason) == (1, "HubUnreachable")
    assert subject in run.message
    assert time.monotonic() - started_s < RUN_TIMEOUT_S
