"""The alerts fire and stay silent as their cases in `promtool/` require, and each has a runbook."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import known_metrics
import pytest
import yaml
from promtool_program import check, promtool
from sd_harness.services.live_objects import INSTALLATION, service
from sd_harness.services.service_specs import Spec, with_demo
from sd_operator.children.monitoring.alert_rules import alerts

TESTS = Path(__file__).parents[2]
RUNBOOKS = TESTS.parents[1] / "docs" / "runbooks"
CASES = TESTS / "promtool"
HEADINGS = ["## Meaning", "## Impact", "## Diagnosis", "## Mitigation"]

Rule = dict[str, Any]


def rules(spec: Spec) -> list[Rule]:
    """Return the alerting rules of a service."""
    return [alert.rule(service(spec), INSTALLATION.runbooks_url) for alert in alerts(service(spec))]


def file_name(alert: str) -> str:
    """Return the base name of an alert's cases and runbook."""
    return alert.lower()


ALL = rules(with_demo(autoscaling={"mode": "keda"}))
NAMES = [rule["alert"] for rule in ALL]


@pytest.mark.timeout(900)  # the first run builds promtool
def test_promtool_accepts_the_rules(tmp_path: Path) -> None:
    assert f"{len(ALL)} rules found" in check(tmp_path, ALL)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", NAMES)
def test_alert_passes_its_promtool_cases(name: str, tmp_path: Path) -> None:
    check(tmp_path, ALL)
    (tmp_path / "cases.yaml").write_text((CASES / f"{file_name(name)}.yaml").read_text())
    promtool(tmp_path, "test", "rules", "cases.yaml")


@pytest.mark.parametrize("name", NAMES)
def test_cases_of_an_alert_include_firing_and_silent_ones(name: str) -> None:
    cases = yaml.safe_load((CASES / f"{file_name(name)}.yaml").read_text())
    for case in cases["tests"]:
        evaluations = case["alert_rule_test"]
        assert {evaluation["alertname"] for evaluation in evaluations} == {name}
        assert case["name"].startswith("firing" if evaluations[-1]["exp_alerts"] else "silent")
    assert {case["name"].split()[0] for case in cases["tests"]} == {"firing", "silent"}


def test_cases_and_runbooks_belong_to_existing_alerts() -> None:
    names = {file_name(name) for name in NAMES}
    assert {path.stem for path in CASES.glob("*.yaml")} == names
    assert {path.stem for path in RUNBOOKS.glob("*.md")} == names


@pytest.mark.parametrize("rule", ALL, ids=NAMES)
def test_alert_has_a_severity_a_summary_and_a_description(rule: Rule) -> None:
    assert rule["labels"] == {
        "severity": rule["labels"]["severity"],
        "namespace": "default",
        "service": "demo",
    }
    assert rule["labels"]["severity"] in {"critical", "warning"}
    assert rule["for"]
    for text in (rule["annotations"]["summary"], rule["annotations"]["description"]):
        assert text[0].isupper()
        assert text.endswith(".")
    assert "default/demo" in rule["annotations"]["summary"]


@pytest.mark.parametrize("rule", ALL, ids=NAMES)
def test_alert_has_a_runbook(rule: Rule) -> None:
    page = RUNBOOKS / rule["annotations"]["runbook_url"].rpartition("/")[2]
    lines = page.read_text().splitlines()
    assert lines[0] == f"# {rule['alert']}"
    assert [line for line in lines if line.startswith("## ")] == HEADINGS
    assert "kubectl" in page.read_text()


def test_runbook_url_starts_with_the_url_of_the_installation() -> None:
    installation = replace(INSTALLATION, runbooks_url="https://runbooks.example/sd")
    [down, *_] = alerts(service(with_demo()))
    rule = down.rule(service(with_demo()), installation.runbooks_url)
    assert rule["annotations"]["runbook_url"] == "https://runbooks.example/sd/diarizationdown.md"


@pytest.mark.parametrize("rule", ALL, ids=NAMES)
def test_alert_is_in_the_table_of_the_monitoring_page(rule: Rule) -> None:
    row = f"| [{rule['alert']}](runbooks/{file_name(rule['alert'])}.md) | {rule['labels']['severity']} |"
    assert row in (RUNBOOKS.parent / "monitoring.md").read_text()


@pytest.mark.parametrize("rule", ALL, ids=NAMES)
def test_alert_uses_existing_metrics_and_labels(rule: Rule) -> None:
    assert known_metrics.selectors(rule["expr"])
    assert known_metrics.unknown(rule["expr"]) == []


@pytest.mark.parametrize("rule", ALL, ids=NAMES)
def test_alert_selects_only_its_own_service(rule: Rule) -> None:
    for name, labels in known_metrics.selectors(rule["expr"]):
        own = "horizontalpodautoscaler" if name in known_metrics.KUBE_STATE else "service"
        assert {"namespace", own} <= labels


@pytest.mark.parametrize(
    ("autoscaling", "missing"),
    [
        ({}, {"DiarizationAtMaximum", "DiarizationAutoscalerInactive"}),
        ({"mode": "external"}, {"DiarizationAtMaximum", "DiarizationAutoscalerInactive"}),
        ({"mode": "hpa"}, set()),
    ],
    ids=["none", "external", "hpa"],
)
def test_alerts_about_autoscaling_need_an_autoscaler_of_the_operator(autoscaling: Spec, missing: set[str]) -> None:
    assert {rule["alert"] for rule in rules(with_demo(autoscaling=autoscaling))} == set(NAMES) - missing


def test_thresholds_are_derived_from_the_spec() -> None:
    autoscaling = {"mode": "hpa", "maxReplicas": 7, "targetWait": "2m"}
    exprs = {rule["alert"]: rule["expr"] for rule in rules(with_demo(autoscaling=autoscaling))}
    assert " > 360 and " in exprs["DiarizationBacklog"]
    assert " > 120 and " in exprs["DiarizationAtMaximum"]
    assert exprs["DiarizationAtMaximum"].endswith(" >= 7")
    assert 'horizontalpodautoscaler="demo"' in exprs["DiarizationAutoscalerInactive"]
