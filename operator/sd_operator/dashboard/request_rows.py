"""The dashboard's rows about requests: traffic, latency, backlog."""

from sd_operator.children.monitoring.promql import selector
from sd_operator.dashboard.grafana import Panel, Query, Row, Unit
from sd_operator.dashboard.queries import SERIES, quantile, rate

DEPLOYMENT = ('namespace="$namespace"', 'deployment="$service"')


def rows() -> tuple[Row, ...]:
    """Return the rows from top to bottom."""
    return (_traffic(), _latency(), _backlog())


def _traffic() -> Row:
    return Row(
        "Traffic",
        (
            Panel(
                "Completed requests",
                "reqps",
                (Query(f"sum by (outcome) ({rate('sd_requests_total')})", "{{outcome}}"),),
                "By outcome: ok, 400 (invalid_argument), 503 (unavailable), 500 (internal), or cancelled.",
            ),
            Panel(
                "Audio processed per second",
                "s",
                (Query(f"sum({rate('sd_audio_seconds_total')})", "audio"),),
                "Seconds of audio per second: the number of live recordings that the service keeps up with.",
            ),
            Panel(
                "Requests in progress",
                "short",
                (
                    Query(f"sum({SERIES.select('sd_requests_in_flight')})", "in the engines"),
                    Query(f"sum({SERIES.select('sd_requests_waiting')})", "in Triton's queue"),
                ),
                "Requests wait in Triton's queue only while all adapters of a pod are busy.",
            ),
            Panel(
                "Model",
                "none",
                (
                    Query(
                        SERIES.select("sd_model_info", 'pipeline!=""'),
                        "{{pipeline}} {{revision}}, {{mode}} on {{device}}",
                    ),
                ),
                "The pipeline that each pod has loaded.",
                kind="stat",
            ),
        ),
    )


def _latency() -> Row:
    return Row(
        "Latency and real-time factor by recording length",
        (
            _by_length("Latency, median", "s", 0.5, "sd_request_duration_seconds"),
            _by_length("Latency, 95th percentile", "s", 0.95, "sd_request_duration_seconds"),
            _by_length("Real-time factor, median", "none", 0.5, "sd_real_time_factor"),
            _by_length("Real-time factor, 95th percentile", "none", 0.95, "sd_real_time_factor"),
        ),
    )


def _backlog() -> Row:
    return Row(
        "Backlog and replicas",
        (
            Panel(
                "Backlog",
                "s",
                (Query(f"sum by (pod) ({SERIES.select('sd_backlog_seconds')})", "{{pod}}"),),
                "Device time of each pod's pending requests. Autoscalers keep it near targetWait.",
            ),
            Panel(
                "Audio in the engines",
                "s",
                (Query(f"sum by (pod) ({SERIES.select('sd_queued_audio_seconds')})", "{{pod}}"),),
                "Limited by maxQueuedAudio; requests above the limit get 503.",
            ),
            Panel(
                "Size of the recordings in the engines",
                "bytes",
                (Query(f"sum by (pod) ({SERIES.select('sd_queued_bytes')})", "{{pod}}"),),
                "Limited to eight times maxRequestBytes; requests above the limit get 503.",
            ),
            Panel(
                "Replicas",
                "short",
                (
                    Query(f"count({SERIES.select('sd_backlog_seconds')})", "with metrics"),
                    Query(f"max({selector('kube_deployment_spec_replicas', *DEPLOYMENT)})", "desired"),
                    Query(f"max({selector('kube_deployment_status_replicas_ready', *DEPLOYMENT)})", "ready"),
                ),
                "Desired and ready replicas need kube-state-metrics.",
            ),
        ),
    )


def _by_length(title: str, unit: Unit, share: float, histogram: str) -> Panel:
    return Panel(
        title,
        unit,
        (Query(quantile(share, "length", histogram), "{{length}}"),),
        "From arrival to response, for successful requests. A length without requests has no line.",
    )
