"""Files that are not what their header says, in shape or in length, are refused before they cost anything."""

from __future__ import annotations

import io
import os
import struct
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import av.error
import numpy as np
import pytest
from sd_engine import wire
from sd_engine.audio import decoder_pool
from sd_engine.audio.decode import decode_blocks
from sd_engine.audio.duration import measure_duration_s
from sd_engine.audio.probe import AudioFile
from sd_engine.errors import InvalidArgumentError
from sd_engine.workers import worker_pool
from sd_engine.workers.rlimits import MEBIBYTE
from sd_engine.workers.worker_main import Job
from sd_engine.workers.worker_pool import WorkerPool
from sd_harness.engine.recordings import (
    encode,
    encode_to_pipe,
    flac_decompression_bomb,
    flac_with_declared_samples,
    patched,
    sweep,
    wav,
    wav_with_sample_rate,
)

FOUR_HOURS_S = 4 * 3600


def m4a_of_short_packets() -> bytes:
    """Its table of times gives each packet 64 ticks instead of 1024."""
    honest = encode(wav(sweep(10.0)), "-f ipod -c:a aac")
    table = honest.index(b"stts")
    (entries,) = struct.unpack(">I", honest[table + 8 : table + 12])
    for entry in range(entries):
        honest = patched(honest, table + 16 + 8 * entry, struct.pack(">I", 64))
    return honest


SHAPES = {
    "a rate of 0": (wav_with_sample_rate(0), "sample rate|damaged"),
    "a rate of 10 Hz": (wav_with_sample_rate(10), r"sample rate is 10 Hz; it must be between 1000 and 768000 Hz\."),
    "a rate of a megahertz": (wav_with_sample_rate(1_000_000), r"sample rate is 1000000 Hz; it must be between"),
    "a rate beyond all": (wav_with_sample_rate(0xFFFFFFFF), "sample rate|damaged"),
    "33 channels": (
        wav(np.zeros((1600, 33), np.int16)),
        r"has 33 channels; 1 to 32 are allowed\. Mix them down to one\.",
    ),
    "a FLAC that holds more than it says": (
        flac_with_declared_samples(16000),
        r"than its header declares \(1\.0 s\): it is damaged, or its declared duration is wrong\. Convert it again",
    ),
}


@pytest.mark.parametrize("name", SHAPES)
def test_what_can_be_told_without_decoding_is_refused_without_decoding(name: str) -> None:
    recording, sentence = SHAPES[name]

    with pytest.raises(InvalidArgumentError, match=sentence):
        measure_duration_s(io.BytesIO(recording), max_duration_s=3600)


def test_a_codec_that_keeps_its_channels_apart_may_have_eight() -> None:
    """A ninth would be read from memory that is not the frame's."""
    surround = encode(wav(np.zeros((1600, 9), np.int16)), "-f ogg -c:a libopus -mapping_family 255")

    with pytest.raises(InvalidArgumentError, match=r"has 9 channels; only WAV may have more than 8\."):
        np.concatenate(list(decode_blocks(io.BytesIO(surround), max_duration_s=3600)))


def test_32_channels_are_heard() -> None:
    assert (
        len(np.concatenate(list(decode_blocks(io.BytesIO(wav(np.ones((1600, 32), np.int16))), max_duration_s=3600))))
        == 1600
    )


@pytest.mark.parametrize("codec", ["pcm_s16le", "libmp3lame"])
def test_an_estimate_from_the_bit_rate_is_no_promise(codec: str) -> None:
    """In such a stream FFmpeg takes the container's own bytes for audio: more of it than there is."""
    stream = encode_to_pipe(wav(np.zeros(600 * 16000, np.int16)), f"-f matroska -c:a {codec}")

    assert len(np.concatenate(list(decode_blocks(io.BytesIO(stream), max_duration_s=3600)))) == pytest.approx(
        600 * 16000, rel=1e-3
    )


@pytest.mark.parametrize("scale", [1e20, 1e300])
def test_samples_beyond_all_sound_are_refused(scale: float) -> None:
    loud = encode(wav(sweep(1.0)), "-f wav -c:a pcm_f64le")[:-8] + struct.pack("<d", scale)

    with pytest.raises(InvalidArgumentError, match=r"1e\+20 times full scale|not numbers"):
        np.concatenate(list(decode_blocks(io.BytesIO(loud), max_duration_s=3600)))


@pytest.fixture(scope="module")
def measurer() -> Iterator[WorkerPool]:
    yield from started("measure", decoder_pool.measure_job)


@pytest.fixture(scope="module")
def decoder() -> Iterator[WorkerPool]:
    yield from started("decode", decoder_pool.decode_job)


def started(name: str, job: Job) -> Iterator[WorkerPool]:
    worker_pool.preload("sd_engine.audio.decoder_pool")
    limits = decoder_pool.MEASURE_LIMITS if name == "measure" else decoder_pool.DECODE_LIMITS
    pool = WorkerPool(name, job, 1, limits)
    pool.start()
    with Path(os.devnull).open("rb") as empty, suppress(InvalidArgumentError):
        pool.run({"max_duration_s": 1, "duration_s": 1}, [empty.fileno()])
    yield pool
    pool.close()


def most_memory_bytes(pool: WorkerPool) -> int:
    """The most that its one process has ever held."""
    (process_id,) = pool.process_ids()
    lines = Path(f"/proc/{process_id}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


def cpu_time_s(pool: WorkerPool) -> float:
    """What its one process has used: other tests may keep this machine busy."""
    (process_id,) = pool.process_ids()
    user, system = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def test_a_recording_is_measured_and_then_decoded_into_sealed_memory(measurer: WorkerPool, decoder: WorkerPool) -> None:
    memory_fd = wire.write_memory("recording", encode(wav(sweep(3.0)), "-f flac"))
    measured, nothing = measurer.run({"max_duration_s": 3600}, [memory_fd])
    answer, samples_fd = decoder.run({"max_duration_s": 3600, **measured}, [memory_fd])

    assert (measured, nothing, answer) == ({"duration_s": 3.0}, None, {"samples": 48000})
    assert samples_fd is not None
    with pytest.raises(PermissionError):
        os.ftruncate(samples_fd, 0)
    heard = decoder_pool.map_samples(samples_fd)
    os.close(samples_fd)
    os.close(memory_fd)
    np.testing.assert_array_equal(heard, sweep(3.0).astype(np.float32) / 32768)


def test_a_file_for_which_ffmpeg_finds_no_memory_is_damaged() -> None:
    """A few bytes can ask for gigabytes: that is the file's fault, and the process is as good as before."""
    recording = AudioFile(io.BytesIO(wav(sweep(1.0))), max_duration_s=10)
    asks_for_too_much = pytest.raises(InvalidArgumentError, match="it requires more memory than a recording needs")

    with recording, asks_for_too_much, recording.translated_errors():
        raise av.error.MemoryError(12, "Cannot allocate memory")


def test_64_mib_that_unpack_to_370_hours_are_refused_at_once_and_cost_no_memory(measurer: WorkerPool) -> None:
    memory_fd = wire.write_memory("bomb", flac_decompression_bomb(64 * MEBIBYTE))
    before_bytes = most_memory_bytes(measurer)
    before_s = cpu_time_s(measurer)

    with pytest.raises(InvalidArgumentError, match="longer than the allowed 14400 s"):
        measurer.run({"max_duration_s": FOUR_HOURS_S}, [memory_fd])

    assert cpu_time_s(measurer) - before_s < 5
    assert most_memory_bytes(measurer) - before_bytes < 64 * MEBIBYTE
    os.close(memory_fd)


def test_more_than_its_packets_said_is_noticed_while_decoding(measurer: WorkerPool, decoder: WorkerPool) -> None:
    memory_fd = wire.write_memory("recording", m4a_of_short_packets())
    measured, _ = measurer.run({"max_duration_s": 3600}, [memory_fd])

    assert measured["duration_s"] < 1
    with pytest.raises(InvalidArgumentError, match="longer than its packets declare"):
        decoder.run({"max_duration_s": 3600, **measured}, [memory_fd])
    os.close(memory_fd)
