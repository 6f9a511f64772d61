"""The PrometheusRule contains the alerts of an active service that enables them."""

from dataclasses import replace

import pytest
from sd_harness.services.live_objects import INSTALLATION, service
from sd_harness.services.service_specs import DEMO, Spec, with_demo
from sd_operator.children.monitoring import prometheus_rule

WITH_ALERTS = with_demo(monitoring={"alerts": True, "labels": {"release": "prometheus"}})


@pytest.mark.parametrize("spec", [DEMO, with_demo(monitoring={"alerts": True}, replicas=0)], ids=["disabled", "paused"])
def test_no_rule_unless_enabled_and_active(spec: Spec) -> None:
    assert prometheus_rule.build(service(spec), INSTALLATION) is None


def test_rule_has_one_group_with_the_alerts_of_the_service() -> None:
    manifest = prometheus_rule.build(service(WITH_ALERTS), INSTALLATION)
    assert manifest is not None
    [group] = manifest["spec"]["groups"]
    assert group["name"] == "sd-triton.dev/default/demo"
    assert [rule["alert"] for rule in group["rules"]] == [
        "DiarizationDown",
        "DiarizationErrors",
        "DiarizationBacklog",
        "DiarizationRejections",
        "DiarizationEngineRestarting",
    ]


def test_runbooks_url_of_the_installation_is_used() -> None:
    installation = replace(INSTALLATION, runbooks_url="https://runbooks.example/sd")
    manifest = prometheus_rule.build(service(WITH_ALERTS), installation)
    assert manifest is not None
    [group] = manifest["spec"]["groups"]
    assert group["rules"][0]["annotations"]["runbook_url"] == "https://runbooks.example/sd/diarizationdown.md"


def test_rule_has_the_labels_for_the_selector_of_a_prometheus() -> None:
    manifest = prometheus_rule.build(service(WITH_ALERTS), INSTALLATION)
    assert manifest is not None
    assert manifest["metadata"]["labels"]["release"] == "prometheus"
