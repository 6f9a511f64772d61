"""Grafana's JSON: panels with their queries, rows of panels, and where they lie on the grid."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import Literal

from sd_operator.resources import Manifest

COLUMNS = 24
PANEL_HEIGHT = 8
PROMETHEUS = {"type": "prometheus", "uid": "${datasource}"}
SCHEMA_VERSION = 39

Unit = Literal["s", "bytes", "reqps", "ops", "percentunit", "short", "none"]
"""Grafana's names; `short` counts things, `none` is a plain ratio."""


@dataclass(frozen=True, slots=True)
class Query:
    """One PromQL query; `legend` names each of its series, `{{label}}` stands for a label's value."""

    expr: str
    legend: str


@dataclass(frozen=True, slots=True)
class Panel:
    """A graph over time: what it shows, in which unit, and what a reader should know."""

    title: str
    unit: Unit
    queries: tuple[Query, ...]
    description: str
    most: float | None = None
    """The top of the axis, where there is one by nature."""
    kind: Literal["timeseries", "stat"] = "timeseries"


@dataclass(frozen=True, slots=True)
class Row:
    """Panels side by side, all of the same width."""

    title: str
    panels: tuple[Panel, ...]


def dashboard(uid: str, title: str, variables: list[Manifest], rows: tuple[Row, ...]) -> Manifest:
    """The whole dashboard, row under row."""
    return {
        "uid": uid,
        "title": title,
        "tags": ["sd-triton"],
        "schemaVersion": SCHEMA_VERSION,
        "editable": True,
        "graphTooltip": 1,  # one cross-hair over all panels: what happened there at that time?
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "timezone": "",
        "templating": {"list": variables},
        "panels": list(_laid_out(rows)),
    }


def datasource_variable() -> Manifest:
    """Which Prometheus is asked."""
    return {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus"}


def label_variable(name: str, label: str, values_of: str, preset: str) -> Manifest:
    """A choice among the values of a label in the series `values_of`."""
    query = f"label_values({values_of}, {name})"
    return {
        "name": name,
        "label": label,
        "type": "query",
        "datasource": PROMETHEUS,
        "definition": query,
        "query": {"query": query, "refId": "StandardVariableQuery"},
        "current": {"selected": True, "text": preset, "value": preset},
        "refresh": 2,  # whenever the time range changes: a service that is gone was there then
        "sort": 1,
    }


def _laid_out(rows: tuple[Row, ...]) -> Iterator[Manifest]:
    """Each row's heading and under it its panels; ids in the order of reading."""
    ids, top = count(1), 0
    for row in rows:
        yield {"id": next(ids), "type": "row", "title": row.title, "collapsed": False, "gridPos": _place(0, top)}
        width = COLUMNS // len(row.panels)
        for index, panel in enumerate(row.panels):
            yield _panel(panel, next(ids), _place(index * width, top + 1, width, PANEL_HEIGHT))
        top += 1 + PANEL_HEIGHT


def _place(left: int, top: int, width: int = COLUMNS, height: int = 1) -> Manifest:
    return {"x": left, "y": top, "w": width, "h": height}


def _panel(panel: Panel, number: int, place: Manifest) -> Manifest:
    bounds = {"min": 0} if panel.most is None else {"min": 0, "max": panel.most}
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.description,
        "datasource": PROMETHEUS,
        "gridPos": place,
        "fieldConfig": {"defaults": {"unit": panel.unit, **bounds}, "overrides": []},
        "options": _OPTIONS[panel.kind],
        "targets": [_target(query, chr(ord("A") + index)) for index, query in enumerate(panel.queries)],
    }


def _target(query: Query, reference: str) -> Manifest:
    return {"refId": reference, "datasource": PROMETHEUS, "expr": query.expr, "legendFormat": query.legend}


_OPTIONS: dict[str, Manifest] = {
    "timeseries": {
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
        "tooltip": {"mode": "multi", "sort": "desc"},
    },
    "stat": {"textMode": "name", "colorMode": "none", "reduceOptions": {"calcs": ["lastNotNull"], "values": False}},
}
