"""The Deployment has the replicas, the rollout strategy and the pod metadata of the spec."""

import pytest
from children_manifests import child, pod, pod_template
from sd_harness.services.live_objects import service
from sd_harness.services.service_specs import ALL_FIELDS, DEMO, with_autoscaling, with_demo
from sd_operator.children import config_map


@pytest.mark.parametrize("mode", ["none", "hpa", "keda", "external"])
def test_replicas_are_those_of_the_resource_in_every_autoscaling_mode(mode: str) -> None:
    spec = {**with_autoscaling(mode=mode, maxReplicas=2), "replicas": 5}
    assert child(spec, "Deployment")["spec"]["replicas"] == 5


@pytest.mark.parametrize(
    ("rollout", "strategy"),
    [
        ("Surge", {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}}),
        ("Recreate", {"type": "Recreate"}),
    ],
)
def test_strategy(rollout: str, strategy: dict[str, object]) -> None:
    assert child(with_demo(rollout=rollout), "Deployment")["spec"]["strategy"] == strategy


def test_labels_and_annotations_of_the_spec_are_added_to_those_of_the_operator() -> None:
    metadata = pod_template(ALL_FIELDS)["metadata"]
    assert metadata["labels"]["team"] == "speech"
    assert metadata["annotations"]["example.com/owner"] == "speech@example.com"
    assert child(ALL_FIELDS, "Deployment")["spec"]["selector"]["matchLabels"].items() <= metadata["labels"].items()


def test_pods_name_their_settings() -> None:
    annotations = pod_template(DEMO)["metadata"]["annotations"]
    assert annotations == {"sd-triton.dev/settings": config_map.name(service(DEMO))}


def test_pods_have_no_service_account_token_and_no_service_environment() -> None:
    assert pod(DEMO)["serviceAccountName"] == "demo"
    assert pod(DEMO)["automountServiceAccountToken"] is False
    assert pod(DEMO)["enableServiceLinks"] is False


def test_pull_secrets_are_those_of_the_spec() -> None:
    assert pod(ALL_FIELDS)["imagePullSecrets"] == [{"name": "registry"}]
    assert "imagePullSecrets" not in pod(DEMO)
