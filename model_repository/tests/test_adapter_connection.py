"""The adapter's way to the engine: many calls at once, cancels, and an engine that goes and comes back."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import engine_link
import pytest
import wire
from connection import ABSENT, LOST, Call, Connection
from engine_link import EngineLink
from refusal import Refusal
from sd_harness.engine.stand_in_engine import StandInEngine, eventually, order


@pytest.fixture
def link(engine: StandInEngine) -> Iterator[EngineLink]:
    link = EngineLink(str(engine.socket_path), "speaker_diarization_0_3")
    eventually(lambda: engine.connections and link._connection)
    yield link
    link.close()


def started(link: EngineLink, recording: bytes, asked: dict[str, object] | None = None) -> Call:
    recording_fd = wire.write_memory("recording", recording)
    try:
        return link.start("request-1", asked or {}, recording_fd)
    finally:
        os.close(recording_fd)


def never() -> bool:
    return False


def open_file_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_the_engine_gets_the_recording_and_its_answer_comes_back(link: EngineLink) -> None:
    timeline = json.loads(started(link, order(work_s=0), {"num_speakers": 2}).timeline(never))
    assert timeline == {
        "request_id": "request-1",
        "asked": {"num_speakers": 2},
        "order": {"work_s": 0},
        "adapter": "speaker_diarization_0_3",
    }


def test_the_engines_refusal_comes_back_as_it_is(link: EngineLink) -> None:
    with pytest.raises(Refusal) as refused:
        started(link, order(refuse=[wire.INVALID_ARGUMENT, "This is not a recording."])).timeline(never)
    assert (refused.value.kind, refused.value.sentence) == (wire.INVALID_ARGUMENT, "This is not a recording.")


def test_a_short_call_overtakes_a_long_one_on_the_same_connection(link: EngineLink, engine: StandInEngine) -> None:
    long, short = started(link, order(work_s=3)), started(link, order(work_s=0))
    before = time.monotonic()
    short.timeline(never)
    assert time.monotonic() - before < 2.5
    assert json.loads(long.timeline(never))["order"] == {"work_s": 3}
    assert [call["call"] for call in engine.calls] == [1, 2]


def test_a_cancel_reaches_the_engine_once_and_soon(link: EngineLink, engine: StandInEngine) -> None:
    started(link, order(work_s=5)).timeline(is_cancelled=lambda: True)
    assert len(engine.cancelled_after_s) == 1
    assert engine.cancelled_after_s[0] < 4


def test_calls_in_flight_are_each_refused_when_the_engine_goes(link: EngineLink, engine: StandInEngine) -> None:
    calls = [started(link, order(work_s=5)) for _ in range(8)]
    with ThreadPoolExecutor(8) as threads:
        answers = [threads.submit(call.timeline, never) for call in calls]
        eventually(lambda: len(engine.calls) == 8)
        engine.stop()
        refusals = [answer.exception(timeout=4) for answer in answers]
    engine.start()
    assert [(type(each), str(each), getattr(each, "kind", "")) for each in refusals] == [
        (Refusal, LOST, wire.UNAVAILABLE)
    ] * 8


def test_without_an_engine_a_call_is_refused_at_once_and_with_one_again_it_is_answered(
    link: EngineLink, engine: StandInEngine
) -> None:
    engine.stop()
    eventually(lambda: _refused(link))
    before = time.monotonic()
    assert _refused(link) == ABSENT
    assert time.monotonic() - before < 4
    engine.start()
    eventually(lambda: not _refused(link))


def test_an_engine_that_is_not_there_yet_is_found_when_it_comes(tmp_path: Path) -> None:
    link = EngineLink(str(tmp_path / "engine.sock"), "speaker_diarization_0_0")
    assert _refused(link) == ABSENT
    with StandInEngine(tmp_path / "engine.sock") as engine:
        eventually(lambda: engine.connections)
        eventually(lambda: not _refused(link))
        link.close()


def test_a_link_that_is_closed_while_it_connects_ends(engine: StandInEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, go_on = threading.Event(), threading.Event()

    class Slow(Connection):
        def __init__(self, socket_path: str, adapter: str) -> None:
            begun.set()
            assert go_on.wait(10)
            super().__init__(socket_path, adapter)

    monkeypatch.setattr(engine_link, "Connection", Slow)
    link = EngineLink(str(engine.socket_path), "speaker_diarization_0_0")
    assert begun.wait(10)
    closing = threading.Thread(target=link.close, daemon=True)
    closing.start()
    time.sleep(0.2)  # until it waits for the thread
    go_on.set()
    closing.join(10)
    assert not closing.is_alive()


def test_no_file_descriptor_is_left_behind(link: EngineLink) -> None:
    before = open_file_descriptors()
    for _ in range(50):
        started(link, order()).timeline(never)
    eventually(lambda: open_file_descriptors() == before)


def _refused(link: EngineLink, is_cancelled: Callable[[], bool] = never) -> str:
    try:
        started(link, order()).timeline(is_cancelled)
    except Refusal as refusal:
        return refusal.sentence
    return ""
