"""What scales a service by itself, and that it asks for what is there."""

from pathlib import Path
from typing import Any

import known_metrics
import pytest
import yaml
from sd_harness.services.live_objects import INSTALLATION, service
from sd_harness.services.service_specs import Spec, with_demo
from sd_operator.children import desired
from sd_operator.children.autoscaling import horizontal_pod_autoscaler, scaled_object
from sd_operator.children.autoscaling.scaling_policy import stabilization_window_s
from sd_operator.resources import Manifest

TARGET = {"apiVersion": "sd-triton.dev/v1alpha1", "kind": "DiarizationService", "name": "demo"}


def scaled(mode: str, **parts: Any) -> Spec:
    """A service that this mode scales between 2 and 9 pods, at 90 s each."""
    return with_demo(autoscaling={"mode": mode, "minReplicas": 2, "maxReplicas": 9, "targetWait": "1m30s"}, **parts)


def hpa(spec: Spec) -> Manifest:
    made = horizontal_pod_autoscaler.build(service(spec), INSTALLATION)
    assert made is not None
    return made["spec"]


def keda(spec: Spec) -> Manifest:
    made = scaled_object.build(service(spec), INSTALLATION)
    assert made is not None
    return made["spec"]


@pytest.mark.parametrize(
    ("mode", "replicas", "made"),
    [
        ("none", 1, set()),
        ("external", 1, set()),
        ("hpa", 1, {"HorizontalPodAutoscaler"}),
        ("keda", 1, {"ScaledObject"}),
        ("hpa", 0, set()),
        ("keda", 0, set()),
    ],
)
def test_only_the_autoscaler_that_was_asked_for_is_made_and_none_wakes_a_paused_service(
    mode: str, replicas: int, made: set[str]
) -> None:
    spec = with_demo(autoscaling={"mode": mode}, replicas=replicas)
    kinds = {child["kind"] for child in desired(service(spec), INSTALLATION)}
    assert kinds & {"HorizontalPodAutoscaler", "ScaledObject"} == made


def test_both_scale_the_service_itself_within_its_bounds() -> None:
    by_hpa, by_keda = hpa(scaled("hpa")), keda(scaled("keda"))
    assert by_hpa["scaleTargetRef"] == by_keda["scaleTargetRef"] == TARGET
    assert (by_hpa["minReplicas"], by_hpa["maxReplicas"]) == (2, 9)
    assert (by_keda["minReplicaCount"], by_keda["maxReplicaCount"]) == (2, 9)


def test_the_hpa_asks_for_the_backlog_and_the_queue_of_this_service() -> None:
    wanted = {"sd_backlog_seconds": "90", "nv_inference_pending_request_count": "4"}
    metrics = [metric["external"] for metric in hpa(scaled("hpa", serving={"adapters": 4}))["metrics"]]
    assert {each["metric"]["name"]: each["target"]["averageValue"] for each in metrics} == wanted
    for each in metrics:
        assert each["target"]["type"] == "AverageValue"
        assert each["metric"]["selector"]["matchLabels"] == {"namespace": "default", "service": "demo"}
        assert each["metric"]["name"] in known_metrics.known()


def test_keda_adds_up_the_backlog_of_the_pods() -> None:
    [trigger] = keda(scaled("keda"))["triggers"]
    asks = trigger["metadata"]
    assert (trigger["type"], trigger["metricType"]) == ("metrics-api", "AverageValue")
    assert (asks["format"], asks["targetValue"], asks["aggregationType"]) == ("prometheus", "90", "sum")
    # KEDA takes the first sample that has the labels in its question: here none are asked for, and there must be none.
    assert known_metrics.engine()[asks["valueLocation"]] == set()


def test_keda_asks_behind_a_service_that_is_there_at_a_port_that_the_pods_have() -> None:
    [trigger] = keda(scaled("keda"))["triggers"]
    host, _, rest = trigger["metadata"]["url"].removeprefix("http://").partition(":")
    name, namespace, _ = host.split(".")
    children = desired(service(scaled("keda")), INSTALLATION)
    [asked] = [child for child in children if (child["kind"], child["metadata"]["name"]) == ("Service", name)]
    assert (namespace, rest) == (asked["metadata"]["namespace"], "8003/metrics")
    assert 8003 in [port["targetPort"] for port in asked["spec"]["ports"]]
    assert asked["spec"]["clusterIP"] == "None"


def test_no_pod_is_taken_away_while_keda_learns_nothing() -> None:
    fallback = keda(scaled("keda"))["fallback"]
    assert fallback == {"failureThreshold": 3, "replicas": 2, "behavior": "currentReplicasIfHigher"}


@pytest.mark.parametrize(
    ("accelerator", "longest", "expected_s"),
    [
        ("gpu", "1h", 300),  # shorter than anybody should notice
        ("gpu", "4h", 432),  # 4 h at a real-time factor of 0.03
        ("cpu", "1h", 1080),  # at 0.3
        ("cpu", "4h", 3600),  # as long as Kubernetes lets it be
    ],
)
def test_less_must_have_been_needed_for_as_long_as_the_longest_recording_takes(
    accelerator: str, longest: str, expected_s: int
) -> None:
    spec = scaled("hpa", compute={"accelerator": accelerator}, serving={"maxAudioDuration": longest})
    assert stabilization_window_s(service(spec)) == expected_s
    assert hpa(spec)["behavior"]["scaleDown"]["stabilizationWindowSeconds"] == expected_s


def test_both_go_up_at_once_and_down_slowly_alike() -> None:
    behaviour = hpa(scaled("hpa"))["behavior"]
    assert keda(scaled("keda"))["advanced"]["horizontalPodAutoscalerConfig"]["behavior"] == behaviour
    up, down = behaviour["scaleUp"], behaviour["scaleDown"]
    assert up["stabilizationWindowSeconds"] == 0
    assert {policy["type"]: policy["value"] for policy in up["policies"]} == {"Percent": 100, "Pods": 4}
    assert {policy["type"]: policy["value"] for policy in down["policies"]} == {"Pods": 1, "Percent": 10}


def test_the_rules_that_the_docs_show_for_the_adapter_serve_what_the_hpa_asks_for() -> None:
    page = (Path(__file__).parents[4] / "docs" / "monitoring.md").read_text()
    [shown] = [block for block in page.split("```yaml\n")[1:] if block.startswith("prometheus:")]
    rules = yaml.safe_load(shown.split("```")[0])["rules"]["external"]
    asked = [metric["external"]["metric"] for metric in hpa(scaled("hpa"))["metrics"]]
    assert [rule["name"]["as"] for rule in rules] == [metric["name"] for metric in asked]
    for rule, metric in zip(rules, asked, strict=True):
        matchers = ",".join(f'{label}="{value}"' for label, value in metric["selector"]["matchLabels"].items())
        query = rule["metricsQuery"].replace("<<.LabelMatchers>>", matchers)
        assert known_metrics.unknown(query) == known_metrics.unknown(rule["seriesQuery"]) == []
        assert [name for name, _ in known_metrics.selectors(query)] == [metric["name"]]
