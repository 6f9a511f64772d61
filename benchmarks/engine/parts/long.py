"""Recordings of one hour and of four hours: memory growth, and the CPU time of everything except the networks."""

from __future__ import annotations

import subprocess
import time
from contextlib import AbstractContextManager
from pathlib import Path

from benchmarks.engine.cache import cache_dir, cached, source_digest
from benchmarks.engine.memory import MB, MemorySampler
from benchmarks.engine.processes import cpu_s
from benchmarks.engine.recordings import conversations, voices
from benchmarks.engine.recordings.conversations import Scene, conversation, write_flac
from benchmarks.engine.recordings.corpus import synthesise
from benchmarks.engine.shared import SharedResults
from benchmarks.engine.under_test import EngineUnderTest, engine
from benchmarks.record import Row

SETTLE_S = 3.0
IDLE_S = 2.0
MAX_REQUEST_BYTES = 256 * 1024 * 1024
"""A FLAC file of four hours exceeds the default limit."""
TELEPHONE_QUALITY = ("-ar", "8000", "-af", "volume=-12dB", "-sample_fmt", "s16", "-compression_level", "8")


def measure(shared: SharedResults) -> list[Row]:
    return [_hour(shared), *_four_hours(shared)]


def _hour(shared: SharedResults) -> Row:
    with _engine(shared) as running:
        recording = _flac(Scene(seed=60, duration_s=shared.size.hour_s, speakers=4))
        growth_mb, detail = _memory_growth(running, recording)
    return Row("memory_growth_1h_mb", growth_mb, "MB", "<= 900", detail)


def _four_hours(shared: SharedResults) -> list[Row]:
    recording = _flac(Scene(seed=240, duration_s=shared.size.four_hours_s, speakers=6), TELEPHONE_QUALITY)
    with _engine(shared) as running:
        before_s, networks_before_s = cpu_s(running.process_id), _networks_cpu_s(running)
        growth_mb, detail = _memory_growth(running, recording)
        total_s, networks_s = cpu_s(running.process_id) - before_s, _networks_cpu_s(running) - networks_before_s
    other_detail = f"CPU {total_s:.0f} s of all processes less {networks_s:.0f} s in the networks; {detail}"
    return [
        Row("memory_growth_4h_mb", growth_mb, "MB", "<= 1500", detail),
        Row("four_hours_besides_networks_s", total_s - networks_s, "s", "<= 60", other_detail),
    ]


def _engine(shared: SharedResults) -> AbstractContextManager[EngineUnderTest]:
    return engine(shared.size.exact, max_request_bytes=MAX_REQUEST_BYTES)


def _networks_cpu_s(running: EngineUnderTest) -> float:
    return running.metric("sd_device_cpu_seconds_total")


def _memory_growth(running: EngineUnderTest, recording: Path) -> tuple[float, str]:
    """Return the peak memory of the process tree above its idle memory in MB, and the row's detail."""
    running.diarize(synthesise("warm up", Scene(seed=1, duration_s=20, speakers=2)).content())
    time.sleep(SETTLE_S)
    with MemorySampler(running.process_id) as idle:
        time.sleep(IDLE_S)
    started = time.monotonic()
    with MemorySampler(running.process_id) as busy:
        document = running.diarize(recording.read_bytes(), include=())
    wall_s = time.monotonic() - started
    detail = (
        f"peak {busy.peak_mb:.0f} MB over {idle.median_mb:.0f} MB idle, "
        f"{len(busy.samples_bytes)} samples in {wall_s:.0f} s; "
        f"FLAC of {recording.stat().st_size / MB:.0f} MB, {document['num_speakers']} speakers found; demo model"
    )
    return busy.peak_mb - idle.median_mb, detail


def _flac(scene: Scene, options: tuple[str, ...] = ()) -> Path:
    """Return a FLAC file of the conversation, from the cache where it exists."""
    name = f"{scene.duration_s:g}s-{source_digest([__file__, conversations.__file__, voices.__file__])}.flac"
    return cached(cache_dir() / name, lambda path: _write(path, scene, options))


def _write(path: Path, scene: Scene, options: tuple[str, ...]) -> None:
    write_flac(path, conversation(scene)[0])
    if options:
        whole = path.with_suffix(".whole.flac")
        path.rename(whole)
        subprocess.run(["ffmpeg", "-v", "error", "-i", whole, *options, "-f", "flac", path], check=True)
        whole.unlink()
