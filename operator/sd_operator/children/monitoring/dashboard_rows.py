"""The dashboard's rows on what callers see: traffic, latency, backlog."""

from sd_operator.children.monitoring.dashboard_queries import SERIES, quantile, rate
from sd_operator.children.monitoring.grafana import Panel, Query, Row, Unit
from sd_operator.children.monitoring.promql import selected

DEPLOYMENT = ('namespace="$namespace"', 'deployment="$service"')


def rows() -> tuple[Row, ...]:
    """In the order of reading."""
    return (_traffic(), _latency(), _backlog())


def _traffic() -> Row:
    return Row(
        "Traffic",
        (
            Panel(
                "Requests answered",
                "reqps",
                (Query(f"sum by (outcome) ({rate('sd_requests_total')})", "{{outcome}}"),),
                "ok, 400 (invalid_argument), 503 (unavailable), 500 (internal), or given up by the caller (cancelled).",
            ),
            Panel(
                "Audio diarized per second",
                "s",
                (Query(f"sum({rate('sd_audio_seconds_total')})", "audio"),),
                "How many recordings, each played at its own speed, the service keeps up with.",
            ),
            Panel(
                "Requests there now",
                "short",
                (
                    Query(f"sum({SERIES('sd_requests_in_flight')})", "in the engines"),
                    Query(f"sum({SERIES('sd_requests_waiting')})", "in Triton's queue"),
                ),
                "Requests wait in Triton's queue only while all adapters of a pod are busy.",
            ),
            Panel(
                "Model",
                "none",
                (Query(SERIES("sd_model_info", 'pipeline!=""'), "{{pipeline}} {{revision}}, {{mode}} on {{device}}"),),
                "The pipeline that each pod has loaded.",
                kind="stat",
            ),
        ),
    )


def _latency() -> Row:
    return Row(
        "Latency and real-time factor, by length of the recording",
        (
            _by_length("Latency, half of the requests", "s", 0.5, "sd_request_duration_seconds"),
            _by_length("Latency, 95 of 100 requests", "s", 0.95, "sd_request_duration_seconds"),
            _by_length("Real-time factor, half", "none", 0.5, "sd_real_time_factor"),
            _by_length("Real-time factor, 95 of 100", "none", 0.95, "sd_real_time_factor"),
        ),
    )


def _backlog() -> Row:
    return Row(
        "Backlog and replicas",
        (
            Panel(
                "Backlog",
                "s",
                (Query(f"sum by (pod) ({SERIES('sd_backlog_seconds')})", "{{pod}}"),),
                "Device time that each pod still owes. The autoscalers keep it near targetWait.",
            ),
            Panel(
                "Audio in the engines",
                "s",
                (Query(f"sum by (pod) ({SERIES('sd_queued_audio_seconds')})", "{{pod}}"),),
                "Bounded by maxQueuedAudio; beyond it requests get 503.",
            ),
            Panel(
                "Size of the recordings in the engines",
                "bytes",
                (Query(f"sum by (pod) ({SERIES('sd_queued_bytes')})", "{{pod}}"),),
                "Bounded by eight times maxRequestBytes; beyond it requests get 503.",
            ),
            Panel(
                "Replicas",
                "short",
                (
                    Query(f"count({SERIES('sd_backlog_seconds')})", "measured"),
                    Query(f"max({selected('kube_deployment_spec_replicas', *DEPLOYMENT)})", "wanted"),
                    Query(f"max({selected('kube_deployment_status_replicas_ready', *DEPLOYMENT)})", "ready"),
                ),
                "Wanted and ready come from kube-state-metrics.",
            ),
        ),
    )


def _by_length(title: str, unit: Unit, share: float, histogram: str) -> Panel:
    return Panel(
        title,
        unit,
        (Query(quantile(share, "length", histogram), "{{length}}"),),
        "From arrival to answer, of those answered ok. Where nobody sent such a recording, there is no line.",
    )
