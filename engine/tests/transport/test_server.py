"""A real engine, asked over its socket: every request is answered once, whatever its neighbours are."""

from __future__ import annotations

import math
import struct
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from conversation_recording import ConversationRecording
from sd_harness.engine.engine_process import Adapter, EngineProcess
from sd_harness.engine.recordings import (
    SAMPLE_RATE_HZ,
    encode,
    flac_decompression_bomb,
    flac_with_declared_samples,
    sweep,
    wav,
    wav_with_sample_rate,
)

DECODED = 'sd_stage_duration_seconds_count{stage="decode"}'
NOT_NUMBERS = encode(wav(sweep(1)), "-f wav -c:a pcm_f32le")[:-4] + struct.pack("<f", math.nan)
EMPTY = {"total_segments": 0, "num_speakers": 0, "speakers": [], "segments": []}


@pytest.mark.parametrize("duration_s", [0.001, 0.02, 0.1])
def test_a_recording_shorter_than_a_word_is_an_empty_timeline(adapter: Adapter, duration_s: float) -> None:
    assert adapter.diarize(wav(sweep(duration_s)), num_speakers=2) == EMPTY


def test_silence_is_an_empty_timeline(adapter: Adapter) -> None:
    assert adapter.diarize(wav(np.zeros(5 * SAMPLE_RATE_HZ, np.int16))) == EMPTY


def test_half_a_second_of_speech_is_answered(adapter: Adapter, conversation: ConversationRecording) -> None:
    assert adapter.diarize(conversation.excerpt(1.0), num_speakers=2)["num_speakers"] >= 1


def test_a_lossless_format_changes_nothing(adapter: Adapter, conversation: ConversationRecording) -> None:
    spoken = conversation.excerpt(6)

    assert adapter.diarize(encode(spoken, "-f flac")) == adapter.diarize(spoken)


@pytest.mark.parametrize(
    ("recording", "asked", "sentence"),
    [
        (b"", {}, "AUDIO_DATA is empty"),
        (b"Who spoke when?", {}, "This is not a recording that sd-triton can read (it is text)"),
        (wav(sweep(3))[:-1000], {}, "The recording is truncated (1000 bytes are missing)"),
        (wav(sweep(121)), {}, "The recording is longer than the allowed 120 s (maxAudioDuration)."),
        (bytes(4 * 1024 * 1024 + 1), {}, "The recording is 4.0 MiB large; allowed are 4.0 MiB (maxRequestBytes)."),
        (wav(sweep(1)), {"num_speakers": 0}, "num_speakers is 0; it must be a whole number from 1 to 256."),
        (wav(sweep(1)), {"min_speakers": 3, "max_speakers": 2}, "min_speakers (3) is greater than max_speakers (2)."),
        (wav(np.zeros((1600, 33), np.int16)), {}, "The recording has 33 channels; 1 to 32 are allowed."),
        (wav_with_sample_rate(10), {}, "The recording's sample rate is 10 Hz; it must be between 1000 and 768000 Hz."),
        (wav_with_sample_rate(0), {}, "The WAV recording is damaged or truncated"),
        (flac_with_declared_samples(16000), {}, "The recording is longer than its header declares (1.0 s)"),
        (NOT_NUMBERS, {}, "The recording holds samples that are not numbers (NaN or infinite)."),
        (
            flac_decompression_bomb(4 * 1024 * 1024),
            {},
            "The recording is longer than the allowed 120 s (maxAudioDuration).",
        ),
    ],
)
def test_a_wrong_request_is_refused_with_its_sentence(
    adapter: Adapter, recording: bytes, asked: dict[str, int], sentence: str
) -> None:
    kind, text = adapter.refusal(recording, **asked)

    assert kind == "invalid_argument"
    assert text.startswith(sentence)


def test_a_bad_request_does_not_harm_the_good_one_beside_it(
    adapter: Adapter, conversation: ConversationRecording
) -> None:
    good = adapter.send(conversation.excerpt(3))
    bad = adapter.send(b"not a recording")
    answers = {
        message["call"]: (message["type"], timeline) for message, timeline in (adapter.receive(), adapter.receive())
    }

    assert answers[bad] == ("error", None)
    assert answers[good][0] == "result"


def test_sixteen_at_once_are_all_answered(engine: EngineProcess, conversation: ConversationRecording) -> None:
    spoken = conversation.excerpt(3)
    answered_before = engine.metric('sd_requests_total{outcome="ok"}')

    def ask(number: int) -> int:
        with engine.adapter(f"adapter-{number}") as adapter:
            return adapter.diarize(spoken)["num_speakers"]

    with ThreadPoolExecutor(16) as threads:
        counts = list(threads.map(ask, range(16)))

    assert len(set(counts)) == 1
    assert engine.metric('sd_requests_total{outcome="ok"}') - answered_before == 16


def test_a_cancelled_request_that_waits_is_answered_before_its_turn(
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
        "call": waiting,
        "kind": "unavailable",
        "sentence": "The caller has cancelled this request.",
    }
    assert adapter.receive()[0] == {"type": "result", "call": running}
    assert engine.metric('sd_requests_total{outcome="cancelled"}') - cancelled_before == 1


def test_a_cancelled_request_that_runs_stops_costing_device_time(
    engine: EngineProcess, adapter: Adapter, conversation: ConversationRecording
) -> None:
    """Embedding begins after the last of its 179 windows is segmented: cancelled long before, it never does."""
    segmented, embedded = ('sd_windows_total{kind="' + kind + '"}' for kind in ("segmentation", "embedding"))
    before, embedded_before = engine.metric(segmented), engine.metric(embedded)
    running = adapter.send(conversation.excerpt(75))
    while engine.metric(segmented) == before:
        time.sleep(0.01)
    adapter.cancel(running)

    message, _ = adapter.receive()
    assert (message["call"], message["sentence"]) == (running, "The caller has cancelled this request.")
    adapter.diarize(wav(sweep(0.1)))  # by then the device has dropped the other
    assert engine.metric("sd_backlog_seconds") == 0
    assert engine.metric(segmented) - before < 179
    assert engine.metric(embedded) == embedded_before


def test_a_full_engine_refuses_at_once_and_says_what_to_do(engine: EngineProcess, adapter: Adapter) -> None:
    """Told by the packets alone, while the device is busy and nothing of the refused one has been decoded."""
    held = [adapter.send(wav(np.zeros(118 * SAMPLE_RATE_HZ, np.int16))) for _ in range(2)]
    while engine.metric("sd_queued_audio_seconds") < 236:
        time.sleep(0.005)
    decoded = engine.metric(DECODED)
    refused = adapter.send(wav(sweep(10)))
    answers = [adapter.receive() for _ in range(3)]

    message = next(message for message, _ in answers if message["call"] == refused)
    assert message["kind"] == "unavailable"
    assert message["sentence"] == (
        "The engine is full: 236 s of audio are waiting, and 10 s more would exceed the allowed 240 s "
        "(maxQueuedAudio). Try again later, or give the service more replicas."
    )
    assert {message["call"]: timeline for message, timeline in answers if timeline} == dict.fromkeys(held, EMPTY)
    assert engine.metric(DECODED) - decoded <= 2


def test_what_waits_for_an_adapter_that_has_gone_is_dropped(
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


def test_probes_are_answered_while_the_pipeline_runs(
    engine: EngineProcess, adapter: Adapter, conversation: ConversationRecording
) -> None:
    adapter.send(conversation.excerpt(20))
    while not engine.metric("sd_requests_in_flight"):
        time.sleep(0.005)
    answered = 0
    while engine.metric("sd_requests_in_flight"):
        assert engine.get("/readyz") == (200, "The engine is ready.\n")
        answered += 1
    adapter.receive()

    assert answered >= 3


def test_a_requests_id_cannot_forge_a_line_of_the_log(engine: EngineProcess, adapter: Adapter) -> None:
    adapter.diarize(wav(sweep(0.1)), request_id="a\nevent=forged")

    assert 'id="a\\nevent=forged" audio_s=0.100 speakers=0' in engine.log()


def test_the_log_holds_the_engines_own_lines_only(engine: EngineProcess, adapter: Adapter) -> None:
    for duration_s in (0.1, 1.0, 3.0):
        adapter.diarize(wav(sweep(duration_s)), num_speakers=3)

    assert [line for line in engine.log().splitlines() if not line.startswith("time=")] == []


def test_the_pages_for_people_and_probes(engine: EngineProcess) -> None:
    assert engine.get("/startupz") == (200, "The engine's socket is open.\n")
    assert engine.get("/adapterz") == (200, "No adapter is missing.\n")
    assert engine.get("/nothing") == (
        404,
        "There are: /startupz, /readyz, /adapterz, /drain, /metrics.\n",
    )


def test_a_drain_takes_five_seconds_and_leaves_the_engine_ready(engine: EngineProcess, adapter: Adapter) -> None:
    started = time.monotonic()
    status, sentence = engine.get("/drain")

    assert 5 <= time.monotonic() - started < 30
    assert (status, sentence.partition(",")[0]) == (200, "Nothing is in flight any more")
    assert adapter.diarize(wav(sweep(0.1))) == EMPTY


def test_the_metrics_name_the_model_and_count_time_and_audio(engine: EngineProcess, adapter: Adapter) -> None:
    audio_before_s = engine.metric("sd_audio_seconds_total")
    adapter.diarize(wav(sweep(2.0)))

    page = engine.get("/metrics")[1]
    assert 'device="cpu",mode="exact",pipeline="demo_model"' in page
    assert engine.metric("sd_audio_seconds_total") - audio_before_s == pytest.approx(2.0)
    assert engine.metric("sd_adapters_connected") == 1
    for stage in ("measure", "decode", "networks", "timeline"):
        assert engine.metric(f'sd_stage_duration_seconds_count{{stage="{stage}"}}') >= 1
    assert engine.metric("process_resident_memory_bytes") > 0
