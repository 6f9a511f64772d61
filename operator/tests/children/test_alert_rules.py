"""The alerts: whole, about one service, and each fires and keeps silent as its file in `promtool/` says."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import known_metrics
import pytest
import yaml
from promtool_program import check, promtool
from sd_harness.services.live_objects import INSTALLATION, service
from sd_harness.services.service_specs import DEMO, Spec, with_demo
from sd_operator.children.monitoring import prometheus_rule

RUNBOOKS = Path(__file__).parents[3] / "docs" / "runbooks"
CASES = Path(__file__).parents[1] / "promtool"
CHAPTERS = ["## Meaning", "## Impact", "## Diagnosis", "## Mitigation"]
SPEC = with_demo(monitoring={"alerts": True}, autoscaling={"mode": "keda"})

Rule = dict[str, Any]


def rules(spec: Spec) -> list[Rule]:
    """The alerts of a service."""
    made = prometheus_rule.build(service(spec), INSTALLATION)
    assert made is not None
    [group] = made["spec"]["groups"]
    return group["rules"]


def file_name(alert: str) -> str:
    """Under which an alert's cases and its runbook are kept."""
    return alert.lower()


EVERY = rules(SPEC)
NAMES = [rule["alert"] for rule in EVERY]


@pytest.mark.timeout(900)  # the first time, promtool is built
def test_prometheus_takes_the_rules(tmp_path: Path) -> None:
    assert f"{len(EVERY)} rules found" in check(tmp_path, EVERY)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", NAMES)
def test_an_alert_fires_when_it_should_and_only_then(name: str, tmp_path: Path) -> None:
    check(tmp_path, EVERY)
    (tmp_path / "cases.yaml").write_text((CASES / f"{file_name(name)}.yaml").read_text())
    promtool(tmp_path, "test", "rules", "cases.yaml")


@pytest.mark.parametrize("name", NAMES)
def test_the_cases_of_an_alert_show_it_firing_and_silent(name: str) -> None:
    cases = yaml.safe_load((CASES / f"{file_name(name)}.yaml").read_text())
    for case in cases["tests"]:
        looks = case["alert_rule_test"]
        assert {look["alertname"] for look in looks} == {name}
        assert case["name"].startswith("firing" if looks[-1]["exp_alerts"] else "silent")
    assert {case["name"].split()[0] for case in cases["tests"]} == {"firing", "silent"}


def test_there_are_no_cases_and_no_runbooks_of_alerts_that_are_not_there() -> None:
    names = {file_name(name) for name in NAMES}
    assert {path.stem for path in CASES.glob("*.yaml")} == names
    assert {path.stem for path in RUNBOOKS.glob("*.md")} == names


@pytest.mark.parametrize("rule", EVERY, ids=NAMES)
def test_an_alert_says_how_grave_it_is_and_what_happened(rule: Rule) -> None:
    assert rule["labels"] == {
        "severity": rule["labels"]["severity"],
        "namespace": "default",
        "service": "demo",
    }
    assert rule["labels"]["severity"] in {"critical", "warning"}
    assert rule["for"]
    for said in (rule["annotations"]["summary"], rule["annotations"]["description"]):
        assert said[0].isupper()
        assert said.endswith(".")
    assert "default/demo" in rule["annotations"]["summary"]


@pytest.mark.parametrize("rule", EVERY, ids=NAMES)
def test_an_alert_has_a_page_that_says_what_to_do(rule: Rule) -> None:
    page = RUNBOOKS / rule["annotations"]["runbook_url"].rpartition("/")[2]
    lines = page.read_text().splitlines()
    assert lines[0] == f"# {rule['alert']}"
    assert [line for line in lines if line.startswith("## ")] == CHAPTERS
    assert "kubectl" in page.read_text()


def test_the_pages_are_where_the_installation_says() -> None:
    elsewhere = replace(INSTALLATION, runbooks_url="https://runbooks.example/sd")
    manifest = prometheus_rule.build(service(with_demo(monitoring={"alerts": True})), elsewhere)
    assert manifest is not None
    [group] = manifest["spec"]["groups"]
    assert group["rules"][0]["annotations"]["runbook_url"] == "https://runbooks.example/sd/diarizationdown.md"


@pytest.mark.parametrize("rule", EVERY, ids=NAMES)
def test_an_alert_is_in_the_docs_list(rule: Rule) -> None:
    row = f"| [{rule['alert']}](runbooks/{file_name(rule['alert'])}.md) | {rule['labels']['severity']} |"
    assert row in (RUNBOOKS.parent / "monitoring.md").read_text()


@pytest.mark.parametrize("rule", EVERY, ids=NAMES)
def test_an_alert_asks_for_metrics_and_labels_that_there_are(rule: Rule) -> None:
    assert known_metrics.asked(rule["expr"])
    assert known_metrics.unknown(rule["expr"]) == []


@pytest.mark.parametrize("rule", EVERY, ids=NAMES)
def test_an_alert_is_about_its_own_service_alone(rule: Rule) -> None:
    for name, labels in known_metrics.asked(rule["expr"]):
        own = "horizontalpodautoscaler" if name in known_metrics.KUBE_STATE else "service"
        assert {"namespace", own} <= labels


@pytest.mark.parametrize(
    ("spec", "left_out"),
    [
        (with_demo(monitoring={"alerts": True}), {"DiarizationAtMaximum", "DiarizationAutoscalerInactive"}),
        (
            with_demo(monitoring={"alerts": True}, autoscaling={"mode": "external"}),
            {"DiarizationAtMaximum", "DiarizationAutoscalerInactive"},
        ),
        (with_demo(monitoring={"alerts": True}, autoscaling={"mode": "hpa"}), set()),
    ],
    ids=["nothing scales", "something else scales", "hpa"],
)
def test_alerts_on_autoscaling_are_for_those_whom_the_operator_scales(spec: Spec, left_out: set[str]) -> None:
    assert {rule["alert"] for rule in rules(spec)} == set(NAMES) - left_out


def test_the_thresholds_follow_the_spec() -> None:
    bounds = {"mode": "hpa", "maxReplicas": 7, "targetWait": "2m"}
    exprs = {rule["alert"]: rule["expr"] for rule in rules(with_demo(monitoring={"alerts": True}, autoscaling=bounds))}
    assert " > 360 and " in exprs["DiarizationBacklog"]
    assert " > 120 and " in exprs["DiarizationAtMaximum"]
    assert exprs["DiarizationAtMaximum"].endswith(" >= 7")
    assert 'horizontalpodautoscaler="demo"' in exprs["DiarizationAutoscalerInactive"]


@pytest.mark.parametrize("spec", [DEMO, with_demo(monitoring={"alerts": True}, replicas=0)], ids=["unasked", "paused"])
def test_there_are_no_alerts_unasked_or_about_a_paused_service(spec: Spec) -> None:
    assert prometheus_rule.build(service(spec), INSTALLATION) is None


def test_a_prometheus_can_select_the_rules() -> None:
    spec = with_demo(monitoring={"alerts": True, "labels": {"release": "prometheus"}})
    made = prometheus_rule.build(service(spec), INSTALLATION)
    assert made is not None
    assert made["metadata"]["labels"]["release"] == "prometheus"
