"""The dashboard's rows on the engines: stages and batches, device, errors and restarts."""

from sd_operator.children.monitoring.dashboard_queries import SERIES, increase, quantile, rate
from sd_operator.children.monitoring.grafana import Panel, Query, Row
from sd_operator.children.monitoring.promql import MODEL


def rows() -> tuple[Row, ...]:
    """In the order of reading."""
    return (_stages(), _device(), _errors())


def _stages() -> Row:
    return Row(
        "Stages and batches of the engine",
        (
            Panel(
                "Time in a stage, 95 of 100 recordings",
                "s",
                (Query(quantile(0.95, "stage", "sd_stage_duration_seconds"), "{{stage}}"),),
                "With the wait for its turn.",
            ),
            Panel(
                "Windows computed",
                "ops",
                (Query(f"sum by (kind) ({rate('sd_windows_total')})", "{{kind}}"),),
                "Nothing in reference mode, which counts no windows.",
            ),
            Panel(
                "Units in a full batch",
                "short",
                (Query(SERIES("sd_batch_size"), "{{kind}} {{pod}}"),),
                "It shrinks when the device runs out of memory, and stays small until the engine starts again.",
            ),
            Panel(
                "Batches that did not fit",
                "short",
                (Query(f"sum by (kind) ({increase('sd_out_of_memory_backoffs_total')})", "{{kind}}"),),
                "Tried again at half the size; no request is lost.",
            ),
        ),
    )


def _device() -> Row:
    return Row(
        "Device",
        (
            Panel(
                "Device busy",
                "percentunit",
                (
                    Query(f"sum by (pod) ({rate('sd_device_busy_seconds_total')})", "computing {{pod}}"),
                    Query(f"sum by (pod) ({SERIES('sd_device_utilisation')})", "NVML {{pod}}"),
                ),
                "Share of the time in which the engine computed; beside it what NVML says of a GPU.",
                most=1,
            ),
            Panel(
                "Efficiency",
                "percentunit",
                (Query(SERIES("sd_device_efficiency"), "{{pod}}"),),
                "Busy time per wanted time since the start: what is missing is the engine's own work between batches.",
                most=1,
            ),
            Panel(
                "Memory",
                "bytes",
                (
                    Query(SERIES("sd_device_memory_used_bytes"), "GPU {{pod}}"),
                    Query(SERIES("sd_device_memory_total_bytes"), "GPU total {{pod}}"),
                    Query(SERIES("process_resident_memory_bytes"), "engine {{pod}}"),
                ),
                "The GPU's by anybody (NVML), and the resident memory of the engine's own process.",
            ),
            Panel(
                "CPU",
                "short",
                (
                    Query(f"sum by (pod) ({rate('sd_device_cpu_seconds_total')})", "batches {{pod}}"),
                    Query(f"sum by (pod) ({rate('process_cpu_seconds_total')})", "engine {{pod}}"),
                ),
                "Cores in use: by the networks' batches, and by the engine's process as a whole.",
            ),
        ),
    )


def _errors() -> Row:
    lost = rate("sd_requests_total", 'outcome=~"unavailable|internal"')
    return Row(
        "Errors and restarts",
        (
            Panel(
                "Share of requests without an answer",
                "percentunit",
                (
                    Query(
                        f"sum by (outcome) ({lost}) / scalar(sum({rate('sd_requests_total')}))",
                        "{{outcome}}",
                    ),
                ),
                "503 (unavailable) and 500 (internal), of all requests.",
                most=1,
            ),
            Panel(
                "Failed in Triton",
                "reqps",
                (Query(f"sum by (reason) ({rate('nv_inference_request_failure', MODEL)})", "{{reason}}"),),
                "Before the engine saw them or on the way back; what the engine refuses counts as a success here.",
            ),
            Panel(
                "Restarts",
                "short",
                (
                    Query(f"sum by (pod) (changes({SERIES('process_start_time_seconds')}[10m]))", "engine {{pod}}"),
                    Query(f"sum by (pool, why) ({increase('sd_worker_restarts_total')})", "{{pool}} worker: {{why}}"),
                ),
                "Engines started again in ten minutes, and worker processes replaced.",
            ),
            Panel(
                "Adapters connected",
                "short",
                (Query(SERIES("sd_adapters_connected"), "{{pod}}"),),
                "Of Triton, to the engine; a pod without any takes no requests.",
            ),
        ),
    )
