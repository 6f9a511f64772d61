"""PromQL about one service: every selector names the namespace and the service."""

from dataclasses import dataclass

from sd_operator.children.autoscaling.scaling_policy import BACKLOG_METRIC

MODEL_MATCHER = 'model="speaker_diarization"'
"""Triton labels its metrics with the model; the server has only this one."""


@dataclass(frozen=True, slots=True)
class ServiceSeries:
    """The series of one service by the labels that the PodMonitor adds; both values can be dashboard variables."""

    namespace: str
    service: str

    def select(self, metric: str, *matchers: str) -> str:
        """Return the selector of a metric of the service's pods."""
        return selector(metric, f'namespace="{self.namespace}"', f'service="{self.service}"', *matchers)


def selector(metric: str, *matchers: str) -> str:
    """Return the selector of a metric with label matchers."""
    return f"{metric}{{{','.join(matchers)}}}"


def pod_count(series: ServiceSeries) -> str:
    """Return the number of pods with metrics."""
    return f"count({series.select(BACKLOG_METRIC)})"


def backlog_per_pod(series: ServiceSeries) -> str:
    """Return the average backlog of a pod in seconds of device time."""
    return f"sum({series.select(BACKLOG_METRIC)}) / {pod_count(series)}"


def failure_ratio(series: ServiceSeries, engine: str, triton: str, *, above: float, at_least: int) -> str:
    """Return the share of failed requests in ten minutes, by matchers of the engine's and of Triton's failures.

    The result is empty unless it is above a threshold and at least so many requests failed. Triton counts a response of
    the engine, also an error, as a success, so no request is counted twice.
    """
    in_triton = f"(sum({_increase(series.select('nv_inference_request_failure', MODEL_MATCHER, triton))}) or vector(0))"
    failed = f"(sum({_increase(series.select('sd_requests_total', engine))}) + {in_triton})"
    total = f"(sum({_increase(series.select('sd_requests_total'))}) + {in_triton})"
    return f"{failed} / {total} > {above} and {failed} >= {at_least}"


def _increase(series: str) -> str:
    return f"increase({series}[10m])"
