"""An hour, and four: what they take of memory, and what everything but the networks costs."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

from benchmarks.engine import conversations, voices
from benchmarks.engine.cache import folder, kept, sources
from benchmarks.engine.conversations import Scene, conversation, write_flac
from benchmarks.engine.corpus import spoken
from benchmarks.engine.memory import MB, Watch
from benchmarks.engine.processes import cpu_s
from benchmarks.engine.shared import Shared
from benchmarks.engine.under_test import EngineUnderTest, engine
from benchmarks.record import Row

SETTLE_S = 3.0
IDLE_S = 2.0
MAX_REQUEST_BYTES = 256 * 1024 * 1024
"""Four hours of FLAC are more than the default admits."""
TELEPHONE = ("-ar", "8000", "-af", "volume=-12dB", "-sample_fmt", "s16", "-compression_level", "8")


def measure(shared: Shared) -> list[Row]:
    return [_hour(shared), *_four_hours(shared)]


def _hour(shared: Shared) -> Row:
    with _idle_engine(shared) as running:
        recording = _flac(Scene(seed=60, duration_s=shared.size.hour_s, speakers=4))
        growth_mb, detail = _growth(running, recording)
    return Row("memory_growth_1h_mb", growth_mb, "MB", "<= 900", detail)


def _four_hours(shared: Shared) -> list[Row]:
    recording = _flac(Scene(seed=240, duration_s=shared.size.four_hours_s, speakers=6), TELEPHONE)
    with _idle_engine(shared) as running:
        before_s, networks_before_s = cpu_s(running.process_id), _networks_s(running)
        growth_mb, detail = _growth(running, recording)
        total_s, networks_s = cpu_s(running.process_id) - before_s, _networks_s(running) - networks_before_s
    besides = f"CPU {total_s:.0f} s of all processes less {networks_s:.0f} s in the networks; {detail}"
    return [
        Row("memory_growth_4h_mb", growth_mb, "MB", "<= 1500", detail),
        Row("four_hours_besides_networks_s", total_s - networks_s, "s", "<= 60", besides),
    ]


def _idle_engine(shared: Shared):  # noqa: ANN202 - a context of an EngineUnderTest
    return engine(shared.size.exact, max_request_bytes=MAX_REQUEST_BYTES)


def _networks_s(running: EngineUnderTest) -> float:
    return running.metric("sd_device_cpu_seconds_total")


def _growth(running: EngineUnderTest, recording: Path) -> tuple[float, str]:
    """How far the tree's memory rose above idle, and what was heard."""
    running.ask(spoken("warm up", Scene(seed=1, duration_s=20, speakers=2)).content())
    time.sleep(SETTLE_S)
    with Watch(running.process_id) as idle:
        time.sleep(IDLE_S)
    started = time.monotonic()
    with Watch(running.process_id) as busy:
        document = running.ask(recording.read_bytes(), include=())
    wall_s = time.monotonic() - started
    detail = (
        f"peak {busy.peak_mb:.0f} MB over {idle.median_mb:.0f} MB idle, {len(busy.bytes)} samples in {wall_s:.0f} s; "
        f"FLAC of {recording.stat().st_size / MB:.0f} MB, {document['num_speakers']} speakers found; demo model"
    )
    return busy.peak_mb - idle.median_mb, detail


def _flac(scene: Scene, options: tuple[str, ...] = ()) -> Path:
    """The conversation as a FLAC file, written once and then kept."""
    name = f"{scene.duration_s:g}s-{sources([__file__, conversations.__file__, voices.__file__])}.flac"
    return kept(folder() / name, lambda path: _write(path, scene, options))


def _write(path: Path, scene: Scene, options: tuple[str, ...]) -> None:
    write_flac(path, conversation(scene)[0])
    if options:
        whole = path.with_suffix(".whole.flac")
        path.rename(whole)
        subprocess.run(["ffmpeg", "-v", "error", "-i", whole, *options, "-f", "flac", path], check=True)
        whole.unlink()
