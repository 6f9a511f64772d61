"""What Prometheus is told, and that the page which explains it is complete."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from prometheus_client import generate_latest
from sd_engine.device.inference import Kind
from sd_engine.metrics import Metrics
from sd_engine.serving.admission import Admission
from sd_engine.transport.adapter_liveness import Adapters

PAGE = Path(__file__).parents[2] / "docs" / "metrics.md"


class FakeGpu:
    """A GPU as NVML would describe it."""

    def memory_used_bytes(self) -> float:
        return 3e9

    def memory_total_bytes(self) -> float:
        return 24e9

    def utilisation(self) -> float:
        return 0.75


@pytest.fixture
def metrics() -> Metrics:
    metrics = Metrics(Admission(max_request_bytes=1, max_queued_audio_s=1), Adapters(1))
    metrics.watch_device(dict.fromkeys(Kind, 4))
    metrics.watch_gpu(FakeGpu())  # pyright: ignore[reportArgumentType]
    metrics.gauge("sd_requests_waiting", "", lambda: 0.0)
    metrics.gauge("sd_backlog_seconds", "", lambda: 0.0)
    metrics.model.info({"mode": "exact"})
    return metrics


def shown(metrics: Metrics) -> str:
    return generate_latest(metrics.registry).decode()


def test_every_metric_is_explained_and_none_is_made_up(metrics: Metrics) -> None:
    types = re.findall(r"^# TYPE (sd_\w+) (\w+)$", shown(metrics), re.MULTILINE)
    rows = re.findall(r"^\| `(sd_\w+)` \| (\w+) \|", PAGE.read_text(), re.MULTILINE)

    assert sorted(types) == sorted(rows)


def test_latency_is_told_by_the_length_of_the_recording(metrics: Metrics) -> None:
    for audio_s in (5, 59.9, 60, 3599, 3600, 14400):
        metrics.diarized(audio_s=audio_s, duration_s=audio_s / 100, device_s=1.0)

    text = shown(metrics)
    for length, count in {"under_1m": 2, "under_10m": 1, "under_1h": 1, "over_1h": 2}.items():
        assert f'sd_request_duration_seconds_count{{length="{length}"}} {count}.0' in text
        assert f'sd_real_time_factor_bucket{{le="0.01",length="{length}"}} {count}.0' in text


def test_the_usual_cost_follows_what_requests_cost(metrics: Metrics) -> None:
    metrics.diarized(audio_s=10, duration_s=1, device_s=2.0)
    assert metrics.usual_cost_s == 2.0
    metrics.diarized(audio_s=10, duration_s=1, device_s=4.0)
    assert metrics.usual_cost_s == pytest.approx(2.2)


def test_efficiency_is_busy_time_per_wanted_time(metrics: Metrics) -> None:
    assert "sd_device_efficiency 1.0" in shown(metrics)
    metrics.batch_done(Kind.EMBEDDING, windows=8, duration_s=3.0, cpu_s=5.0)
    metrics.wanted(4.0)

    text = shown(metrics)
    assert "sd_device_efficiency 0.75" in text
    assert "sd_device_cpu_seconds_total 5.0" in text
    assert 'sd_windows_total{kind="embedding"} 8.0' in text


def test_what_could_fail_is_shown_before_it_does(metrics: Metrics) -> None:
    text = shown(metrics)

    assert 'sd_worker_restarts_total{pool="decode",why="crashed"} 0.0' in text
    assert 'sd_out_of_memory_backoffs_total{kind="embedding"} 0.0' in text
    assert 'sd_requests_total{outcome="unavailable"} 0.0' in text
