"""What the alerts ask about a service as a whole."""

from sd_operator.children.autoscaling.scaling_policy import BACKLOG_METRIC
from sd_operator.children.monitoring.promql import MODEL, Series


def pods(series: Series) -> str:
    """How many pods are measured."""
    return f"count({series(BACKLOG_METRIC)})"


def owed_per_pod(series: Series) -> str:
    """The device time that a pod still owes, on average."""
    return f"sum({series(BACKLOG_METRIC)}) / {pods(series)}"


def share(series: Series, engine: str, triton: str, *, above: float, at_least: int) -> str:
    """The share of the requests of ten minutes that ended so, in the engine or in Triton before it.

    Has a result only where it is above a share and they are not just a few. Triton counts what the engine answers as a
    success, so no request is counted twice.
    """
    in_triton = f"(sum({_increase(series('nv_inference_request_failure', MODEL, triton))}) or vector(0))"
    ended_so = f"(sum({_increase(series('sd_requests_total', engine))}) + {in_triton})"
    asked = f"(sum({_increase(series('sd_requests_total'))}) + {in_triton})"
    return f"{ended_so} / {asked} > {above} and {ended_so} >= {at_least}"


def _increase(series: str) -> str:
    return f"increase({series}[10m])"
