"""A worker process that dies during a request fails only that request."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

import pytest
from conversation_recording import ConversationRecording
from sd_engine.audio.decoder_pool import PROCESSES_PER_JOB
from sd_engine.diarization.exact import TIMELINE_WORKERS
from sd_harness.engine.engine_process import EngineProcess

pytestmark = pytest.mark.slow

WORKERS = 2 * PROCESSES_PER_JOB + TIMELINE_WORKERS
"""Those that measure, decode and build timelines."""


def children(process_id: int) -> set[int]:
    """Return the ids of a process's child processes."""
    found: set[int] = set()
    for path in Path(f"/proc/{process_id}/task").glob("*/children"):
        with suppress(FileNotFoundError, ProcessLookupError):  # a thread that has ended
            found |= {int(child) for child in path.read_text().split()}
    return found


def workers(engine: EngineProcess) -> set[int]:
    """Return the engine's worker processes: the children of its fork server, its only child with children."""
    return {worker for child in children(engine.process.pid) for worker in children(child)}


def signal_all(process_ids: set[int], number: signal.Signals) -> None:
    for process_id in process_ids:
        os.kill(process_id, number)


def restarts(engine: EngineProcess) -> float:
    """Return the number of workers of all pools that were replaced after a crash."""
    pools = ("measure", "decode", "timeline")
    return sum(engine.metric(f'sd_worker_restarts_total{{pool="{pool}",reason="crashed"}}') for pool in pools)


def test_a_request_whose_worker_is_killed_fails_and_the_next_one_succeeds(
    run_dir: Path, conversation: ConversationRecording
) -> None:
    with EngineProcess(run_dir) as engine:
        engine.wait_for("/readyz")
        while len(workers(engine)) < WORKERS:  # the pools start in the background
            time.sleep(0.02)
        engine_id, killed = engine.process.pid, workers(engine)
        with engine.adapter() as adapter:
            signal_all(killed, signal.SIGSTOP)
            number = adapter.send(conversation.content())
            while not engine.metric("sd_requests_in_flight"):
                time.sleep(0.02)
            time.sleep(0.5)  # until it has reached a worker that does not run
            signal_all(killed, signal.SIGKILL)
            message, _ = adapter.receive()
            assert (message["type"], message["number"], message["code"]) == ("error", number, "unavailable")
            assert "process crashed on this recording and was replaced. Send the recording again" in message["message"]

            while workers(engine) & killed:  # a worker that is still ending would accept a recording and lose it
                time.sleep(0.02)
            speakers = {turn.speaker for turn in conversation.turns}
            assert adapter.diarize(conversation.content())["num_speakers"] == len(speakers)
        assert engine.process.pid == engine_id
        assert engine.process.poll() is None
        assert restarts(engine) >= 1
        assert not workers(engine) & killed
