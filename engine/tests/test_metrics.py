"""Metrics: names, labels, and the page that documents them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from prometheus_client import generate_latest
from sd_engine.device.inference import NetworkKind
from sd_engine.metrics import Metrics

PAGE = Path(__file__).parents[2] / "docs" / "metrics.md"


class FakeGpu:
    """Readings of a GPU."""

    def memory_used_bytes(self) -> float:
        return 3e9

    def memory_total_bytes(self) -> float:
        return 24e9

    def utilisation(self) -> float:
        return 0.75


@pytest.fixture
def metrics() -> Metrics:
    metrics = Metrics()
    metrics.add_request_gauges(in_flight=lambda: 3, audio_s=lambda: 60, size_bytes=lambda: 9, adapters_connected=float)
    metrics.add_backlog_gauges(waiting=lambda: 2, backlog_s=lambda: 7.5)
    metrics.add_device_metrics(dict.fromkeys(NetworkKind, 4))
    metrics.add_gpu_metrics(FakeGpu())
    metrics.model.info({"mode": "exact"})
    return metrics


def exposition(metrics: Metrics) -> str:
    return generate_latest(metrics.registry).decode()


def test_the_documentation_lists_exactly_the_metrics_that_exist(metrics: Metrics) -> None:
    types = re.findall(r"^# TYPE (sd_\w+) (\w+)$", exposition(metrics), re.MULTILINE)
    rows = re.findall(r"^\| `(sd_\w+)` \| (\w+) \|", PAGE.read_text(), re.MULTILINE)

    assert sorted(types) == sorted(rows)


def test_gauges_are_read_at_each_scrape(metrics: Metrics) -> None:
    lines = exposition(metrics).splitlines()

    for line in (
        "sd_requests_in_flight 3.0",
        "sd_queued_audio_seconds 60.0",
        "sd_queued_bytes 9.0",
        "sd_adapters_connected 0.0",
        "sd_requests_waiting 2.0",
        "sd_backlog_seconds 7.5",
        "sd_device_utilisation 0.75",
    ):
        assert line in lines


def test_latency_is_grouped_by_the_length_of_the_recording(metrics: Metrics) -> None:
    for audio_s in (5, 59.9, 60, 3599, 3600, 14400):
        metrics.record_diarization(audio_s=audio_s, latency_s=audio_s / 100, device_s=1.0)

    text = exposition(metrics)
    for length, count in {"under_1m": 2, "under_10m": 1, "under_1h": 1, "over_1h": 2}.items():
        assert f'sd_request_duration_seconds_count{{length="{length}"}} {count}.0' in text
        assert f'sd_real_time_factor_bucket{{le="0.01",length="{length}"}} {count}.0' in text


def test_the_mean_request_cost_follows_the_cost_of_new_requests(metrics: Metrics) -> None:
    metrics.record_diarization(audio_s=10, latency_s=1, device_s=2.0)
    assert metrics.mean_request_cost_s == 2.0
    metrics.record_diarization(audio_s=10, latency_s=1, device_s=4.0)
    assert metrics.mean_request_cost_s == pytest.approx(2.2)


def test_efficiency_is_busy_time_divided_by_demand(metrics: Metrics) -> None:
    assert "sd_device_efficiency 1.0" in exposition(metrics)
    metrics.record_batch(NetworkKind.EMBEDDING, windows=8, duration_s=3.0, cpu_s=5.0)
    metrics.record_device_demand(4.0)

    text = exposition(metrics)
    assert "sd_device_efficiency 0.75" in text
    assert "sd_device_cpu_seconds_total 5.0" in text
    assert 'sd_windows_total{kind="embedding"} 8.0' in text


def test_failures_are_counted_by_their_labels(metrics: Metrics) -> None:
    metrics.record_response("unavailable")
    metrics.record_worker_restart("decode", "memory")
    metrics.record_out_of_memory(NetworkKind.SEGMENTATION, 8)

    text = exposition(metrics)
    assert 'sd_requests_total{outcome="unavailable"} 1.0' in text
    assert 'sd_worker_restarts_total{pool="decode",reason="memory"} 1.0' in text
    assert 'sd_out_of_memory_backoffs_total{kind="segmentation"} 1.0' in text


def test_series_of_failures_exist_before_the_first_failure(metrics: Metrics) -> None:
    text = exposition(metrics)

    assert 'sd_worker_restarts_total{pool="decode",reason="crashed"} 0.0' in text
    assert 'sd_out_of_memory_backoffs_total{kind="embedding"} 0.0' in text
    assert 'sd_requests_total{outcome="unavailable"} 0.0' in text
