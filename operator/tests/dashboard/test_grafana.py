"""Rows and panels are laid out on Grafana's grid of 24 columns."""

from itertools import combinations
from typing import Any

from sd_operator.dashboard.dashboard import dashboard as product_dashboard
from sd_operator.dashboard.grafana import Panel, Query, Row, dashboard, datasource_variable, label_variable


def cells(panel: dict[str, Any]) -> set[tuple[int, int]]:
    """Return the grid cells that a panel covers."""
    position = panel["gridPos"]
    columns = range(position["x"], position["x"] + position["w"])
    lines = range(position["y"], position["y"] + position["h"])
    return {(column, line) for column in columns for line in lines}


def panel(title: str, *exprs: str, maximum: float | None = None) -> Panel:
    """Return a panel of seconds with some queries."""
    return Panel(title, "s", tuple(Query(expr, "{{pod}}") for expr in exprs), "A description.", maximum)


def test_panels_do_not_overlap_and_fill_the_grid() -> None:
    panels = product_dashboard()["panels"]
    for one, other in combinations(panels, 2):
        assert not cells(one) & cells(other), (one["title"], other["title"])
    columns_of_row: dict[int, set[int]] = {}
    for each in panels:
        for column, row in cells(each):
            columns_of_row.setdefault(row, set()).add(column)
    assert all(columns == set(range(24)) for columns in columns_of_row.values())


def test_panels_of_a_row_are_side_by_side_below_its_heading() -> None:
    rows = (Row("First", (panel("a"), panel("b"))), Row("Second", (panel("c"),)))
    positions = {each["title"]: each["gridPos"] for each in dashboard("uid", "Title", [], rows)["panels"]}
    assert positions == {
        "First": {"x": 0, "y": 0, "w": 24, "h": 1},
        "a": {"x": 0, "y": 1, "w": 12, "h": 8},
        "b": {"x": 12, "y": 1, "w": 12, "h": 8},
        "Second": {"x": 0, "y": 9, "w": 24, "h": 1},
        "c": {"x": 0, "y": 10, "w": 24, "h": 8},
    }


def test_queries_have_references_a_b_c() -> None:
    [_, made] = dashboard("uid", "Title", [], (Row("Row", (panel("a", "up", "down", maximum=1),)),))["panels"]
    assert [(target["refId"], target["expr"]) for target in made["targets"]] == [("A", "up"), ("B", "down")]
    assert made["fieldConfig"]["defaults"] == {"unit": "s", "min": 0, "max": 1}


def test_label_variable_queries_the_chosen_data_source() -> None:
    variable = label_variable("pod", "Pod", "up")
    assert variable["query"]["query"] == "label_values(up, pod)"
    assert variable["datasource"]["uid"] == "${" + datasource_variable()["name"] + "}"
