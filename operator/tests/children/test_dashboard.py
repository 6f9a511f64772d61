"""The dashboard: it asks for what is there, everything lies in its place, and Grafana finds it."""

import json
from itertools import chain, combinations
from pathlib import Path
from typing import Any

import known_metrics
import pytest
from promtool_program import check
from sd_harness.services.live_objects import INSTALLATION, resource, service
from sd_harness.services.service_specs import DEMO, with_demo
from sd_operator.api.service import DiarizationService
from sd_operator.children.monitoring import dashboard
from sd_operator.resources import Manifest

SPEC = with_demo(monitoring={"dashboard": True})


def config_map(diarization: DiarizationService | None = None) -> Manifest:
    made = dashboard.build(diarization or service(SPEC), INSTALLATION)
    assert made is not None
    return made


def content(diarization: DiarizationService | None = None) -> dict[str, Any]:
    """The JSON that Grafana reads."""
    [text] = config_map(diarization)["data"].values()
    return json.loads(text)


def in_namespace(namespace: str) -> DiarizationService:
    return DiarizationService.parse(resource(SPEC, namespace=namespace))


def panels() -> list[dict[str, Any]]:
    """All but the headings of rows."""
    return [panel for panel in content()["panels"] if panel["type"] != "row"]


def queries() -> list[str]:
    return [target["expr"] for panel in panels() for target in panel["targets"]]


def squares(panel: dict[str, Any]) -> set[tuple[int, int]]:
    """What a panel takes of the grid."""
    place = panel["gridPos"]
    columns, lines = range(place["x"], place["x"] + place["w"]), range(place["y"], place["y"] + place["h"])
    return {(column, line) for column in columns for line in lines}


def test_there_is_none_unasked() -> None:
    assert dashboard.build(service(DEMO), INSTALLATION) is None


def test_the_sidecar_of_grafana_finds_it() -> None:
    assert config_map()["metadata"]["name"] == "demo-dashboard"
    assert config_map()["metadata"]["labels"]["grafana_dashboard"] == "1"


@pytest.mark.parametrize("expr", sorted(set(queries())))
def test_every_query_asks_for_metrics_and_labels_that_there_are(expr: str) -> None:
    assert known_metrics.asked(expr)
    assert known_metrics.unknown(expr) == []


@pytest.mark.timeout(900)  # the first time, promtool is built
def test_prometheus_understands_every_query(tmp_path: Path) -> None:
    exprs = [expr.replace("$__rate_interval", "5m") for expr in queries()]
    rules = [{"record": f"panel:query:{index}", "expr": expr} for index, expr in enumerate(exprs)]
    assert f"{len(exprs)} rules found" in check(tmp_path, rules)


@pytest.mark.parametrize("expr", sorted(set(queries())))
def test_every_query_is_about_the_chosen_service_alone(expr: str) -> None:
    for name, labels in known_metrics.asked(expr):
        assert {"namespace", "deployment" if name in known_metrics.KUBE_STATE else "service"} <= labels
    assert expr.count('="$namespace"') == expr.count('="$service"') == len(known_metrics.asked(expr))


def test_what_a_legend_names_is_left_in_its_series() -> None:
    for panel in panels():
        for target in panel["targets"]:
            named = {part.split("}}")[0] for part in target["legendFormat"].split("{{")[1:]}
            kept = set(chain.from_iterable(_grouping(target["expr"])))
            aggregated = target["expr"].startswith(("sum", "count", "max", "histogram_quantile"))
            assert named <= (kept if aggregated else kept | known_metrics.known()[_first(target["expr"])])


def _grouping(expr: str) -> list[list[str]]:
    return [part.split(")")[0].split(", ") for part in expr.split("by (")[1:]]


def _first(expr: str) -> str:
    return known_metrics.asked(expr)[0][0]


def test_no_two_panels_lie_on_each_other_and_all_lie_on_the_grid() -> None:
    for one, other in combinations(content()["panels"], 2):
        assert not squares(one) & squares(other), (one["title"], other["title"])
    assert {column for panel in content()["panels"] for column, _ in squares(panel)} == set(range(24))


def test_every_panel_has_an_id_of_its_own_a_unit_and_a_sentence() -> None:
    ids = [panel["id"] for panel in content()["panels"]]
    assert len(set(ids)) == len(ids)
    for panel in panels():
        assert panel["fieldConfig"]["defaults"]["unit"]
        assert panel["description"].endswith("."), panel["title"]


def test_the_rows_are_those_that_are_promised() -> None:
    titles = [panel["title"] for panel in content()["panels"] if panel["type"] == "row"]
    assert titles == [
        "Traffic",
        "Latency and real-time factor, by length of the recording",
        "Backlog and replicas",
        "Stages and batches of the engine",
        "Device",
        "Errors and restarts",
    ]


def test_it_opens_on_its_own_service_and_asks_the_chosen_prometheus() -> None:
    variables = {variable["name"]: variable for variable in content()["templating"]["list"]}
    assert list(variables) == ["datasource", "namespace", "service"]
    assert variables["namespace"]["current"]["value"] == "default"
    assert variables["service"]["current"]["value"] == "demo"
    targets = [target for panel in panels() for target in panel["targets"]]
    assert {asking["datasource"]["uid"] for asking in [*panels(), *targets]} == {"${datasource}"}


def test_two_services_of_one_name_do_not_share_a_dashboard() -> None:
    mine, theirs = in_namespace("mine"), in_namespace("theirs")
    assert config_map(mine)["data"].keys() != config_map(theirs)["data"].keys()
    assert content(mine)["title"] != content(theirs)["title"]
    assert content(mine)["uid"] != content(theirs)["uid"]
    assert len(content(mine)["uid"]) == 40
