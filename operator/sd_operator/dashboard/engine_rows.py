"""The dashboard's rows about the engines: stages and batches, device, errors and restarts."""

from sd_operator.children.monitoring.promql import MODEL_MATCHER
from sd_operator.dashboard.grafana import Panel, Query, Row
from sd_operator.dashboard.queries import SERIES, increase, quantile, rate


def rows() -> tuple[Row, ...]:
    """Return the rows from top to bottom."""
    return (_stages(), _device(), _errors())


def _stages() -> Row:
    return Row(
        "Stages and batches of the engine",
        (
            Panel(
                "Duration of a stage, 95th percentile",
                "s",
                (Query(quantile(0.95, "stage", "sd_stage_duration_seconds"), "{{stage}}"),),
                "Includes the time in the queue of the stage.",
            ),
            Panel(
                "Windows processed",
                "ops",
                (Query(f"sum by (kind) ({rate('sd_windows_total')})", "{{kind}}"),),
                "Mode reference does not count windows.",
            ),
            Panel(
                "Units in a full batch",
                "short",
                (Query(SERIES.select("sd_batch_size"), "{{kind}} {{pod}}"),),
                "The size is reduced when the device runs out of memory, until the engine restarts.",
            ),
            Panel(
                "Batches that ran out of memory",
                "short",
                (Query(f"sum by (kind) ({increase('sd_out_of_memory_backoffs_total')})", "{{kind}}"),),
                "The engine retries them at half the size; no request is lost.",
            ),
        ),
    )


def _device() -> Row:
    return Row(
        "Device",
        (
            Panel(
                "Device utilization",
                "percentunit",
                (
                    Query(f"sum by (pod) ({rate('sd_device_busy_seconds_total')})", "engine {{pod}}"),
                    Query(f"sum by (pod) ({SERIES.select('sd_device_utilisation')})", "NVML {{pod}}"),
                ),
                "Share of the time in which the engine ran batches, and the GPU utilization as reported by NVML.",
                maximum=1,
            ),
            Panel(
                "Efficiency",
                "percentunit",
                (Query(SERIES.select("sd_device_efficiency"), "{{pod}}"),),
                "Share of busy time in the time with pending batches, since the start. "
                "The rest is the engine's overhead between batches.",
                maximum=1,
            ),
            Panel(
                "Memory",
                "bytes",
                (
                    Query(SERIES.select("sd_device_memory_used_bytes"), "GPU {{pod}}"),
                    Query(SERIES.select("sd_device_memory_total_bytes"), "GPU total {{pod}}"),
                    Query(SERIES.select("process_resident_memory_bytes"), "engine {{pod}}"),
                ),
                "GPU memory used by all processes (NVML), and the resident memory of the engine process.",
            ),
            Panel(
                "CPU",
                "short",
                (
                    Query(f"sum by (pod) ({rate('sd_device_cpu_seconds_total')})", "batches {{pod}}"),
                    Query(f"sum by (pod) ({rate('process_cpu_seconds_total')})", "engine {{pod}}"),
                ),
                "Cores in use by the batches of the networks, and by the whole engine process.",
            ),
        ),
    )


def _errors() -> Row:
    failed = rate("sd_requests_total", 'outcome=~"unavailable|internal"')
    return Row(
        "Errors and restarts",
        (
            Panel(
                "Share of failed requests",
                "percentunit",
                (
                    Query(
                        f"sum by (outcome) ({failed}) / scalar(sum({rate('sd_requests_total')}))",
                        "{{outcome}}",
                    ),
                ),
                "Responses 503 (unavailable) and 500 (internal) as a share of all requests.",
                maximum=1,
            ),
            Panel(
                "Failures in Triton",
                "reqps",
                (Query(f"sum by (reason) ({rate('nv_inference_request_failure', MODEL_MATCHER)})", "{{reason}}"),),
                "Requests that failed before or after the engine. Triton counts an error of the engine as a success.",
            ),
            Panel(
                "Restarts",
                "short",
                (
                    Query(
                        f"sum by (pod) (changes({SERIES.select('process_start_time_seconds')}[10m]))", "engine {{pod}}"
                    ),
                    Query(
                        f"sum by (pool, reason) ({increase('sd_worker_restarts_total')})", "{{pool}} worker: {{reason}}"
                    ),
                ),
                "Restarts of engines within ten minutes, and replaced worker processes.",
            ),
            Panel(
                "Connected adapters",
                "short",
                (Query(SERIES.select("sd_adapters_connected"), "{{pod}}"),),
                "Triton adapters that are connected to the engine. A pod without any receives no requests.",
            ),
        ),
    )
