"""The JSON model of a Grafana dashboard: queries, panels, rows, and their layout on the grid."""

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
"""Units of Grafana; `short` is a count, `none` a ratio."""


@dataclass(frozen=True, slots=True)
class Query:
    """One PromQL query and the legend of its series; `{{label}}` in the legend is replaced by the label's value."""

    expr: str
    legend: str


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel: its title, unit, queries and description."""

    title: str
    unit: Unit
    queries: tuple[Query, ...]
    description: str
    maximum: float | None = None
    """The upper end of the axis; None for an automatic one."""
    kind: Literal["timeseries", "stat"] = "timeseries"


@dataclass(frozen=True, slots=True)
class Row:
    """Panels side by side with the same width."""

    title: str
    panels: tuple[Panel, ...]


def dashboard(uid: str, title: str, variables: list[Manifest], rows: tuple[Row, ...]) -> Manifest:
    """Return the whole dashboard with the rows from top to bottom."""
    return {
        "uid": uid,
        "title": title,
        "tags": ["sd-triton"],
        "schemaVersion": SCHEMA_VERSION,
        "editable": True,
        "graphTooltip": 1,  # shared crosshair
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "timezone": "",
        "templating": {"list": variables},
        "panels": list(_layout(rows)),
    }


def datasource_variable() -> Manifest:
    """Return the variable that selects the Prometheus data source."""
    return {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus"}


def label_variable(name: str, label: str, series: str) -> Manifest:
    """Return a variable for the values of the label `name` of some series; Grafana preselects the first one."""
    query = f"label_values({series}, {name})"
    return {
        "name": name,
        "label": label,
        "type": "query",
        "datasource": PROMETHEUS,
        "definition": query,
        "query": {"query": query, "refId": "StandardVariableQuery"},
        "refresh": 2,  # on a change of the time range, which may include services that were deleted since
        "sort": 1,
    }


def _layout(rows: tuple[Row, ...]) -> Iterator[Manifest]:
    """Yield the heading of each row and its panels, with ascending ids."""
    ids, top = count(1), 0
    for row in rows:
        yield {"id": next(ids), "type": "row", "title": row.title, "collapsed": False, "gridPos": _position(0, top)}
        width = COLUMNS // len(row.panels)
        for index, panel in enumerate(row.panels):
            yield _panel(panel, next(ids), _position(index * width, top + 1, width, PANEL_HEIGHT))
        top += 1 + PANEL_HEIGHT


def _position(left: int, top: int, width: int = COLUMNS, height: int = 1) -> Manifest:
    return {"x": left, "y": top, "w": width, "h": height}


def _panel(panel: Panel, panel_id: int, position: Manifest) -> Manifest:
    axis = {"min": 0} if panel.maximum is None else {"min": 0, "max": panel.maximum}
    return {
        "id": panel_id,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.description,
        "datasource": PROMETHEUS,
        "gridPos": position,
        "fieldConfig": {"defaults": {"unit": panel.unit, **axis}, "overrides": []},
        "options": _OPTIONS[panel.kind],
        "targets": [_target(query, chr(ord("A") + index)) for index, query in enumerate(panel.queries)],
    }


def _target(query: Query, ref_id: str) -> Manifest:
    return {"refId": ref_id, "datasource": PROMETHEUS, "expr": query.expr, "legendFormat": query.legend}


_OPTIONS: dict[str, Manifest] = {
    "timeseries": {
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
        "tooltip": {"mode": "multi", "sort": "desc"},
    },
    "stat": {"textMode": "name", "colorMode": "none", "reduceOptions": {"calcs": ["lastNotNull"], "values": False}},
}
