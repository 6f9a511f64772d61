"""The dashboard queries existing metrics of the selected service, and its committed file is up to date."""

from itertools import chain
from pathlib import Path
from typing import Any

import known_metrics
import pytest
from promtool_program import check
from sd_operator.dashboard.dashboard import dashboard, render

COMMITTED = Path(__file__).parents[3] / "charts" / "sd-triton" / "files" / "dashboard.json"

Panel = dict[str, Any]


def panels() -> list[Panel]:
    """Return all panels without the headings of rows."""
    return [panel for panel in dashboard()["panels"] if panel["type"] != "row"]


def queries() -> list[str]:
    """Return the PromQL of all panels."""
    return [target["expr"] for panel in panels() for target in panel["targets"]]


def test_committed_dashboard_is_up_to_date() -> None:
    assert COMMITTED.read_text() == render(), "run tools/generate"


@pytest.mark.parametrize("expr", sorted(set(queries())))
def test_query_uses_existing_metrics_and_labels(expr: str) -> None:
    assert known_metrics.selectors(expr)
    assert known_metrics.unknown(expr) == []


@pytest.mark.timeout(900)  # the first run builds promtool
def test_promtool_accepts_every_query(tmp_path: Path) -> None:
    exprs = [expr.replace("$__rate_interval", "5m") for expr in queries()]
    rules = [{"record": f"panel:query:{index}", "expr": expr} for index, expr in enumerate(exprs)]
    assert f"{len(exprs)} rules found" in check(tmp_path, rules)


@pytest.mark.parametrize("expr", sorted(set(queries())))
def test_query_selects_only_the_chosen_service(expr: str) -> None:
    for name, labels in known_metrics.selectors(expr):
        assert {"namespace", "deployment" if name in known_metrics.KUBE_STATE else "service"} <= labels
    assert expr.count('="$namespace"') == expr.count('="$service"') == len(known_metrics.selectors(expr))


def test_labels_in_a_legend_exist_in_the_result() -> None:
    for panel in panels():
        for target in panel["targets"]:
            named = {part.split("}}")[0] for part in target["legendFormat"].split("{{")[1:]}
            kept = set(chain.from_iterable(_grouping(target["expr"])))
            aggregated = target["expr"].startswith(("sum", "count", "max", "histogram_quantile"))
            assert named <= (kept if aggregated else kept | known_metrics.known()[_metric(target["expr"])])


def _grouping(expr: str) -> list[list[str]]:
    return [part.split(")")[0].split(", ") for part in expr.split("by (")[1:]]


def _metric(expr: str) -> str:
    return known_metrics.selectors(expr)[0][0]


def test_every_panel_has_a_unique_id_a_unit_and_a_description() -> None:
    ids = [panel["id"] for panel in dashboard()["panels"]]
    assert len(set(ids)) == len(ids)
    for panel in panels():
        assert panel["fieldConfig"]["defaults"]["unit"]
        assert panel["description"].endswith("."), panel["title"]


def test_rows_are_in_order() -> None:
    titles = [panel["title"] for panel in dashboard()["panels"] if panel["type"] == "row"]
    assert titles == [
        "Traffic",
        "Latency and real-time factor by recording length",
        "Backlog and replicas",
        "Stages and batches of the engine",
        "Device",
        "Errors and restarts",
    ]


def test_variables_choose_data_source_namespace_and_service() -> None:
    variables = {variable["name"]: variable for variable in dashboard()["templating"]["list"]}
    assert list(variables) == ["datasource", "namespace", "service"]
    assert variables["namespace"]["definition"] == "label_values(sd_requests_in_flight, namespace)"
    assert variables["service"]["definition"] == 'label_values(sd_requests_in_flight{namespace="$namespace"}, service)'
    targets = [target for panel in panels() for target in panel["targets"]]
    assert {source["datasource"]["uid"] for source in [*panels(), *targets]} == {"${datasource}"}


def test_uid_is_valid_and_constant() -> None:
    assert dashboard()["uid"] == "sd-triton"  # Grafana accepts at most 40 characters; links contain it
