"""The duration is measured from the packets, whether or not the header declares one."""

from __future__ import annotations

import pytest
from audio_calls import decoded, measured_s
from sd_engine.audio.duration import check_not_longer
from sd_engine.errors import InvalidArgumentError
from sd_harness.engine.recordings import (
    FORMATS,
    SAMPLE_RATE_HZ,
    encode,
    encode_to_pipe,
    flac_with_declared_samples,
    sweep,
    wav,
)

DURATION_S = 3.0


@pytest.mark.parametrize("name", FORMATS)
def test_the_duration_is_measured_from_the_packets(name: str) -> None:
    recording = encode(wav(sweep(DURATION_S)), FORMATS[name])

    assert measured_s(recording) == pytest.approx(DURATION_S, abs=0.1)


@pytest.mark.parametrize("arguments", ["-f wav", "-f flac", "-f webm -c:a libopus", "-f mp3"])
def test_the_duration_of_a_piped_file_is_measured(arguments: str) -> None:
    recording = encode_to_pipe(wav(sweep(DURATION_S)), arguments)

    assert measured_s(recording) == pytest.approx(DURATION_S, abs=0.1)


@pytest.mark.parametrize("name", ["wav 8 kHz", "wav 44.1 kHz stereo", "flac 24 bit 48 kHz", "mp3", "ogg opus", "m4a"])
def test_a_recording_of_exactly_the_maximum_duration_is_accepted(name: str) -> None:
    recording = encode(wav(sweep(3.0)), FORMATS[name])

    assert measured_s(recording, max_duration_s=3.0) == pytest.approx(3.0, abs=0.3)
    assert len(decoded(recording, max_duration_s=3.0)) / SAMPLE_RATE_HZ == pytest.approx(3.0, abs=0.3)


@pytest.mark.parametrize("arguments", ["-f wav", "-f flac", "-f mp3", "-f ogg -c:a libopus", "-f webm -c:a libopus"])
def test_a_recording_above_the_maximum_duration_is_rejected_before_decoding(arguments: str) -> None:
    for recording in (encode(wav(sweep(3.0)), arguments), encode_to_pipe(wav(sweep(3.0)), arguments)):
        with pytest.raises(InvalidArgumentError, match=r"longer than the allowed 2 s \(maxAudioDuration\)\."):
            measured_s(recording, max_duration_s=2)


def test_a_flac_file_longer_than_its_header_declares_is_rejected() -> None:
    message = (
        r"longer than its header declares \(1\.0 s\): it is damaged, or its declared duration is wrong\. "
        "Convert it again, for instance to FLAC"
    )

    with pytest.raises(InvalidArgumentError, match=message):
        measured_s(flac_with_declared_samples(16000))


@pytest.mark.parametrize(("duration_s", "is_accepted"), [(9.0, True), (11.4, True), (11.6, False), (100.0, False)])
def test_a_duration_may_exceed_the_expected_one_by_rounding_only(duration_s: float, *, is_accepted: bool) -> None:
    if is_accepted:
        check_not_longer(duration_s, 10.0, "its header declares")
    else:
        with pytest.raises(InvalidArgumentError, match=r"longer than its header declares \(10\.0 s\)"):
            check_not_longer(duration_s, 10.0, "its header declares")
