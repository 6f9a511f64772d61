"""The PromQL helpers select one service and combine its series."""

from sd_operator.children.monitoring.promql import (
    ServiceSeries,
    backlog_per_pod,
    failure_ratio,
    pod_count,
    selector,
)

SERIES = ServiceSeries("ns", "svc")
BACKLOG = 'sd_backlog_seconds{namespace="ns",service="svc"}'


def test_selector_joins_its_matchers() -> None:
    assert selector("up", 'a="b"', 'c!="d"') == 'up{a="b",c!="d"}'


def test_series_select_namespace_and_service_first() -> None:
    assert SERIES.select("up", 'pod="a"') == 'up{namespace="ns",service="svc",pod="a"}'


def test_backlog_per_pod_is_the_sum_over_the_count() -> None:
    assert pod_count(SERIES) == f"count({BACKLOG})"
    assert backlog_per_pod(SERIES) == f"sum({BACKLOG}) / count({BACKLOG})"


def test_failure_ratio_adds_the_failures_of_triton_to_failed_and_total() -> None:
    triton = (
        "(sum(increase(nv_inference_request_failure"
        '{namespace="ns",service="svc",model="speaker_diarization",reason="R"}[10m])) or vector(0))'
    )
    failed = f'(sum(increase(sd_requests_total{{namespace="ns",service="svc",outcome="o"}}[10m])) + {triton})'
    total = f'(sum(increase(sd_requests_total{{namespace="ns",service="svc"}}[10m])) + {triton})'
    expr = failure_ratio(SERIES, 'outcome="o"', 'reason="R"', above=0.1, at_least=3)
    assert expr == f"{failed} / {total} > 0.1 and {failed} >= 3"
