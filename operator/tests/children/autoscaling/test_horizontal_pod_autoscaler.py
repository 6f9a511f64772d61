"""The HorizontalPodAutoscaler queries existing metrics of its own service."""

from pathlib import Path
from typing import Any

import known_metrics
import yaml
from children_manifests import child
from sd_harness.services.service_specs import with_demo

SPEC = with_demo(
    autoscaling={"mode": "hpa", "minReplicas": 2, "maxReplicas": 9, "targetWait": "1m30s"}, serving={"adapters": 4}
)
MONITORING_PAGE = Path(__file__).parents[4] / "docs" / "monitoring.md"


def hpa() -> dict[str, Any]:
    """Return the spec of the autoscaler."""
    return child(SPEC, "HorizontalPodAutoscaler")["spec"]


def test_bounds_are_those_of_the_spec() -> None:
    assert (hpa()["minReplicas"], hpa()["maxReplicas"]) == (2, 9)


def test_metrics_are_the_backlog_and_the_queue_of_this_service() -> None:
    targets = {"sd_backlog_seconds": "90", "nv_inference_pending_request_count": "4"}
    metrics = [metric["external"] for metric in hpa()["metrics"]]
    assert {each["metric"]["name"]: each["target"]["averageValue"] for each in metrics} == targets
    for each in metrics:
        assert each["target"]["type"] == "AverageValue"
        assert each["metric"]["selector"]["matchLabels"] == {"namespace": "default", "service": "demo"}
        assert each["metric"]["name"] in known_metrics.known()


def test_adapter_rules_of_the_monitoring_page_serve_these_metrics() -> None:
    blocks = MONITORING_PAGE.read_text().split("```yaml\n")[1:]
    [values] = [block for block in blocks if block.startswith("prometheus:")]
    rules = yaml.safe_load(values.split("```")[0])["rules"]["external"]
    metrics = [metric["external"]["metric"] for metric in hpa()["metrics"]]
    assert [rule["name"]["as"] for rule in rules] == [metric["name"] for metric in metrics]
    for rule, metric in zip(rules, metrics, strict=True):
        matchers = ",".join(f'{label}="{value}"' for label, value in metric["selector"]["matchLabels"].items())
        query = rule["metricsQuery"].replace("<<.LabelMatchers>>", matchers)
        assert known_metrics.unknown(query) == known_metrics.unknown(rule["seriesQuery"]) == []
        assert [name for name, _ in known_metrics.selectors(query)] == [metric["name"]]
