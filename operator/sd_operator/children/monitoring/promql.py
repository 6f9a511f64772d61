"""PromQL about one service: every series is named with its namespace and its service."""

from dataclasses import dataclass

MODEL = 'model="speaker_diarization"'
"""Triton's metrics are by model, and this is the only one."""


@dataclass(frozen=True, slots=True)
class Series:
    """The series of one service, as the PodMonitor labels them; in a dashboard both may be variables."""

    namespace: str
    service: str

    def __call__(self, metric: str, *matchers: str) -> str:
        """The series of a metric that a pod of the service serves."""
        return selected(metric, f'namespace="{self.namespace}"', f'service="{self.service}"', *matchers)


def selected(metric: str, *matchers: str) -> str:
    """The series of a metric with these labels."""
    return f"{metric}{{{','.join(matchers)}}}"
