"""Worker processes measure and decode recordings; files with false headers are rejected at little cost."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from sd_engine import wire
from sd_engine.audio import decoder_pool
from sd_engine.audio.decoder_pool import DecoderPool
from sd_engine.errors import InvalidArgumentError
from sd_engine.workers import worker_pool
from sd_engine.workers.rlimits import MEBIBYTE, ResourceLimits
from sd_engine.workers.worker_main import Job
from sd_engine.workers.worker_pool import WorkerPool
from sd_harness.engine.recordings import encode, flac_decompression_bomb, overwrite, sweep, wav

FOUR_HOURS_S = 4 * 3600


def m4a_with_short_packets() -> bytes:
    """Return an M4A file whose time-to-sample table (stts) declares 64 ticks per packet instead of 1024."""
    valid = encode(wav(sweep(10.0)), "-f ipod -c:a aac")
    table = valid.index(b"stts")
    (entries,) = struct.unpack(">I", valid[table + 8 : table + 12])
    for entry in range(entries):
        valid = overwrite(valid, table + 16 + 8 * entry, struct.pack(">I", 64))
    return valid


@pytest.fixture(scope="module")
def measure_pool() -> Iterator[WorkerPool]:
    yield from started_pool("measure", decoder_pool.measure_job, decoder_pool.MEASURE_LIMITS)


@pytest.fixture(scope="module")
def decode_pool() -> Iterator[WorkerPool]:
    yield from started_pool("decode", decoder_pool.decode_job, decoder_pool.DECODE_LIMITS)


def started_pool(name: str, job: Job, limits: ResourceLimits) -> Iterator[WorkerPool]:
    """Yield a pool of one process, after its first job."""
    worker_pool.preload("sd_engine.audio.decoder_pool")
    pool = WorkerPool(name, job, 1, limits)
    pool.start()
    with Path(os.devnull).open("rb") as empty, suppress(InvalidArgumentError):
        pool.run({"max_duration_s": 1, "duration_s": 1}, [empty.fileno()])
    yield pool
    pool.close()


def peak_memory_bytes(pool: WorkerPool) -> int:
    """Return the peak resident memory of the pool's only process."""
    (process_id,) = pool.process_ids()
    lines = Path(f"/proc/{process_id}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


def cpu_time_s(pool: WorkerPool) -> float:
    """Return the CPU time of the pool's only process; unlike wall time it does not depend on other tests."""
    (process_id,) = pool.process_ids()
    user, system = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def test_a_recording_is_measured_and_then_decoded_into_sealed_memory(
    measure_pool: WorkerPool, decode_pool: WorkerPool
) -> None:
    memory_fd = wire.write_memory("recording", encode(wav(sweep(3.0)), "-f flac"))
    measured, no_fd = measure_pool.run({"max_duration_s": 3600}, [memory_fd])
    result, samples_fd = decode_pool.run({"max_duration_s": 3600, **measured}, [memory_fd])

    assert (measured, no_fd, result) == ({"duration_s": 3.0}, None, {"samples": 48000})
    assert samples_fd is not None
    with pytest.raises(PermissionError):
        os.ftruncate(samples_fd, 0)
    samples = decoder_pool.map_samples(samples_fd)
    os.close(samples_fd)
    os.close(memory_fd)
    np.testing.assert_array_equal(samples, sweep(3.0).astype(np.float32) / 32768)


def test_64_mib_that_decompress_to_370_hours_are_rejected_quickly_and_use_no_memory(measure_pool: WorkerPool) -> None:
    memory_fd = wire.write_memory("recording", flac_decompression_bomb(64 * MEBIBYTE))
    before_bytes = peak_memory_bytes(measure_pool)
    before_s = cpu_time_s(measure_pool)

    with pytest.raises(InvalidArgumentError, match="longer than the allowed 14400 s"):
        measure_pool.run({"max_duration_s": FOUR_HOURS_S}, [memory_fd])

    assert cpu_time_s(measure_pool) - before_s < 5
    assert peak_memory_bytes(measure_pool) - before_bytes < 64 * MEBIBYTE
    os.close(memory_fd)


def test_audio_that_is_longer_than_its_packets_declare_is_rejected_while_decoding(
    measure_pool: WorkerPool, decode_pool: WorkerPool
) -> None:
    memory_fd = wire.write_memory("recording", m4a_with_short_packets())
    measured, _ = measure_pool.run({"max_duration_s": 3600}, [memory_fd])

    assert measured["duration_s"] < 1
    with pytest.raises(InvalidArgumentError, match="longer than its packets declare"):
        decode_pool.run({"max_duration_s": 3600, **measured}, [memory_fd])
    os.close(memory_fd)


def test_the_decoder_pool_returns_durations_and_samples_and_rejects_long_recordings() -> None:
    restarts: list[tuple[str, str]] = []
    pool = DecoderPool(max_duration_s=5, on_restart=lambda name, reason: restarts.append((name, reason)))
    pool.start()
    accepted, rejected = (wire.write_memory("recording", wav(sweep(duration_s))) for duration_s in (3.0, 6.0))
    try:
        assert pool.measure_duration_s(accepted) == 3.0
        np.testing.assert_array_equal(pool.decode(accepted, 3.0), sweep(3.0).astype(np.float32) / 32768)
        with pytest.raises(InvalidArgumentError, match="longer than the allowed 5 s"):
            pool.measure_duration_s(rejected)
    finally:
        for fd in (accepted, rejected):
            os.close(fd)
        pool.close()
    assert restarts == []
