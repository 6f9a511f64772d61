"""The request pipeline of a real engine: a recording in, a timeline or an error out."""

from __future__ import annotations

import math
import struct
import time

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


def test_a_second_of_speech_has_a_speaker(adapter: Adapter, conversation: ConversationRecording) -> None:
    assert adapter.diarize(conversation.excerpt(1.0), num_speakers=2)["num_speakers"] >= 1


def test_a_lossless_format_gives_the_same_timeline(adapter: Adapter, conversation: ConversationRecording) -> None:
    speech = conversation.excerpt(6)

    assert adapter.diarize(encode(speech, "-f flac")) == adapter.diarize(speech)


@pytest.mark.parametrize(
    ("recording", "options", "message"),
    [
        (b"", {}, "AUDIO_DATA is empty"),
        (b"Who spoke when?", {}, "This is not a recording that sd-triton can read (it is text)"),
        (wav(sweep(3))[:-1000], {}, "The recording is truncated (1000 bytes are missing)"),
        (wav(sweep(121)), {}, "The recording is longer than the allowed 120 s (maxAudioDuration)."),
        (
            bytes(4 * 1024 * 1024 + 1),
            {},
            "The recording has 4194305 bytes; at most 4194304 are allowed (maxRequestBytes).",
        ),
        (wav(sweep(1)), {"num_speakers": 0}, 'NUM_SPEAKERS is "0"; it must be a whole number from 1 to 256'),
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
def test_an_invalid_request_is_rejected_with_a_message(
    adapter: Adapter, recording: bytes, options: dict[str, int], message: str
) -> None:
    code, text = adapter.error(recording, **options)

    assert code == "invalid_argument"
    assert text.startswith(message)


def test_a_full_engine_rejects_immediately_with_a_remedy(engine: EngineProcess, adapter: Adapter) -> None:
    """The duration is measured from the packets, while the device is busy; the rejected recording is not decoded."""
    held = [adapter.send(wav(np.zeros(118 * SAMPLE_RATE_HZ, np.int16))) for _ in range(2)]
    while engine.metric("sd_queued_audio_seconds") < 236:
        time.sleep(0.005)
    decoded = engine.metric(DECODED)
    rejected = adapter.send(wav(sweep(10)))
    responses = [adapter.receive() for _ in range(3)]

    message = next(message for message, _ in responses if message["number"] == rejected)
    assert message["code"] == "unavailable"
    assert message["message"] == (
        "The engine is full: 236 s of audio are waiting, and 10 s more would exceed the allowed 240 s "
        "(maxQueuedAudio). Try again later, or give the service more replicas."
    )
    assert {message["number"]: timeline for message, timeline in responses if timeline} == dict.fromkeys(held, EMPTY)
    assert engine.metric(DECODED) - decoded <= 2


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


def test_a_request_id_cannot_add_a_line_to_the_log(engine: EngineProcess, adapter: Adapter) -> None:
    adapter.diarize(wav(sweep(0.1)), request_id="a\nevent=forged")

    assert 'id="a\\nevent=forged" audio_s=0.100 num_speakers=0' in engine.log()


def test_the_log_holds_only_the_engines_own_lines(engine: EngineProcess, adapter: Adapter) -> None:
    for duration_s in (0.1, 1.0, 3.0):
        adapter.diarize(wav(sweep(duration_s)), num_speakers=3)

    assert [line for line in engine.log().splitlines() if not line.startswith("time=")] == []
