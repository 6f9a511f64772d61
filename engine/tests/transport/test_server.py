"""The socket server of a real engine: concurrent requests, cancellation, and adapters that disconnect."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

from conversation_recording import ConversationRecording
from sd_harness.engine.engine_process import Adapter, EngineProcess
from sd_harness.engine.recordings import sweep, wav

DECODED = 'sd_stage_duration_seconds_count{stage="decode"}'


def test_an_invalid_request_does_not_affect_a_valid_one_beside_it(
    adapter: Adapter, conversation: ConversationRecording
) -> None:
    valid = adapter.send(conversation.excerpt(3))
    invalid = adapter.send(b"not a recording")
    responses = {
        message["number"]: (message["type"], timeline) for message, timeline in (adapter.receive(), adapter.receive())
    }

    assert responses[invalid] == ("error", None)
    assert responses[valid][0] == "result"


def test_sixteen_concurrent_requests_receive_the_same_response(
    engine: EngineProcess, conversation: ConversationRecording
) -> None:
    speech = conversation.excerpt(3)
    successes_before = engine.metric('sd_requests_total{outcome="ok"}')

    def diarize(number: int) -> int:
        with engine.adapter(f"adapter-{number}") as adapter:
            return adapter.diarize(speech)["num_speakers"]

    with ThreadPoolExecutor(16) as threads:
        counts = list(threads.map(diarize, range(16)))

    assert len(set(counts)) == 1
    assert engine.metric('sd_requests_total{outcome="ok"}') - successes_before == 16


def test_a_waiting_request_is_cancelled_immediately(
    engine: EngineProcess, adapter: Adapter, conversation: ConversationRecording
) -> None:
    cancelled_before = engine.metric('sd_requests_total{outcome="cancelled"}')
    decoded_before = engine.metric(DECODED)
    running = adapter.send(conversation.excerpt(20))
    while engine.metric(DECODED) == decoded_before:
        time.sleep(0.02)
    waiting = adapter.send(conversation.excerpt(3))
    adapter.cancel(waiting)

    message, _ = adapter.receive()
    assert message == {
        "type": "error",
        "number": waiting,
        "code": "unavailable",
        "message": "The caller has cancelled this request.",
    }
    assert adapter.receive()[0] == {"type": "result", "number": running}
    assert engine.metric('sd_requests_total{outcome="cancelled"}') - cancelled_before == 1


def test_a_cancelled_request_that_runs_uses_no_more_device_time(
    engine: EngineProcess, adapter: Adapter, conversation: ConversationRecording
) -> None:
    """Embedding starts after the last of its 179 windows is segmented; a request cancelled before never gets there."""
    segmented, embedded = ('sd_windows_total{kind="' + kind + '"}' for kind in ("segmentation", "embedding"))
    before, embedded_before = engine.metric(segmented), engine.metric(embedded)
    running = adapter.send(conversation.excerpt(75))
    while engine.metric(segmented) == before:
        time.sleep(0.01)
    adapter.cancel(running)

    message, _ = adapter.receive()
    assert (message["number"], message["message"]) == (running, "The caller has cancelled this request.")
    adapter.diarize(wav(sweep(0.1)))  # once this has a response, the device has dropped the cancelled one
    assert engine.metric("sd_backlog_seconds") == 0
    assert engine.metric(segmented) - before < 179
    assert engine.metric(embedded) == embedded_before


def test_requests_of_an_adapter_that_disconnects_are_cancelled(
    engine: EngineProcess, conversation: ConversationRecording
) -> None:
    cancelled = 'sd_requests_total{outcome="cancelled"}'
    before = engine.metric(cancelled)
    with engine.adapter("short-lived") as adapter:
        for _ in range(4):
            adapter.send(conversation.excerpt(58))
        while engine.metric("sd_queued_audio_seconds") < 4 * 58:
            time.sleep(0.02)
    while engine.metric("sd_requests_in_flight"):
        time.sleep(0.02)
    assert engine.metric(cancelled) - before >= 3
