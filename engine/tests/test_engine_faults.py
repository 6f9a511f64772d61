"""A worker process that dies in the middle of a request costs that request only; the engine goes on as it was."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

from conversation_recording import ConversationRecording
from sd_harness.engine.engine_process import EngineProcess


def children(process_id: int) -> set[int]:
    """The processes that a process has started."""
    found: set[int] = set()
    for path in Path(f"/proc/{process_id}/task").glob("*/children"):
        with suppress(FileNotFoundError, ProcessLookupError):  # a thread that has ended since
            found |= {int(child) for child in path.read_text().split()}
    return found


def workers(engine: EngineProcess) -> set[int]:
    """The engine's worker processes: children of its fork server, which alone of its children has any."""
    return {worker for child in children(engine.process.pid) for worker in children(child)}


def signal_all(process_ids: set[int], number: signal.Signals) -> None:
    for process_id in process_ids:
        os.kill(process_id, number)


def restarts(engine: EngineProcess) -> float:
    """Workers replaced because they had crashed, of all pools."""
    pools = ("measure", "decode", "timeline")
    return sum(engine.metric(f'sd_worker_restarts_total{{pool="{pool}",why="crashed"}}') for pool in pools)


def test_a_request_whose_worker_is_killed_is_answered_and_the_next_one_is_served(
    run_dir: Path, conversation: ConversationRecording
) -> None:
    with EngineProcess(run_dir) as engine:
        engine.wait_for("/readyz")
        engine_id, killed = engine.process.pid, workers(engine)
        assert killed
        with engine.adapter() as adapter:
            signal_all(killed, signal.SIGSTOP)
            call = adapter.send(conversation.content())
            while not engine.metric("sd_requests_in_flight"):
                time.sleep(0.02)
            time.sleep(0.5)  # it has reached a worker that will never answer
            signal_all(killed, signal.SIGKILL)
            message, _ = adapter.receive()
            assert (message["type"], message["call"], message["kind"]) == ("error", call, "unavailable")
            assert "process crashed on this recording and was replaced. Send the recording again" in message["sentence"]

            while workers(engine) & killed:  # one that is still dying takes a recording, and drops it
                time.sleep(0.02)
            voices = {turn.speaker for turn in conversation.turns}
            assert adapter.diarize(conversation.content())["num_speakers"] == len(voices)
        assert engine.process.pid == engine_id
        assert engine.process.poll() is None
        assert restarts(engine) >= 1
        assert not workers(engine) & killed
