"""The settings ConfigMap has every limit of the spec, and its name changes with its content."""

import pytest
from children_manifests import child, engine_settings, pod_template
from sd_engine.settings import Settings
from sd_harness.services.live_objects import COMMIT, service
from sd_harness.services.service_specs import (
    ALL_FIELDS,
    DEMO,
    PINNED,
    Spec,
    with_autoscaling,
    with_compute,
    with_demo,
    with_network,
)
from sd_operator.children import config_map

DEMO_SETTINGS = {
    "SD_RUN_DIR": "/run/sd",
    "SD_MODE": "exact",
    "SD_DEVICE": "cuda",
    "SD_ADAPTERS": "16",
    "SD_MAX_BATCH_SIZE": "16",
    "SD_PREFERRED_BATCH_SIZES": "1,2,4,8,16",
    "SD_MAX_AUDIO_DURATION_S": "14400",
    "SD_MAX_REQUEST_BYTES": "67108864",
    "SD_MAX_QUEUED_AUDIO_S": "28800",
    "SD_HTTP_PORT": "8003",
    "SD_LOG_LEVEL": "INFO",
}


def test_settings_of_the_smallest_service() -> None:
    assert engine_settings(DEMO) == DEMO_SETTINGS
    assert engine_settings(with_compute(accelerator="cpu")) == DEMO_SETTINGS | {"SD_DEVICE": "cpu"}


@pytest.mark.parametrize("spec", [DEMO, ALL_FIELDS], ids=["smallest", "all fields"])
def test_engine_knows_every_setting(spec: Spec) -> None:
    assert engine_settings(spec).keys() <= {f"SD_{name.upper()}" for name in Settings.__dataclass_fields__}
    Settings.from_environment(engine_settings(spec))


def test_engine_reads_every_limit_of_the_spec() -> None:
    settings = Settings.from_environment(engine_settings(ALL_FIELDS))
    assert str(settings.model_dir) == f"/model/pyannote--speaker-diarization-3.1/{COMMIT}"
    assert (settings.model_digest, settings.model_name) == (PINNED, "pyannote/speaker-diarization-3.1@v3.1")
    assert (settings.adapters, settings.max_batch_size, settings.preferred_batch_sizes) == (4, 8, (2, 8))
    assert (settings.max_audio_duration_s, settings.max_queued_audio_s) == (5400, 7200)
    assert settings.max_request_bytes == 1024**2
    assert settings.log_level == "DEBUG"


def test_config_map_is_immutable_and_named_by_the_digest_of_its_data() -> None:
    name = pod_template(DEMO)["metadata"]["annotations"]["sd-triton.dev/settings"]
    manifest = child(DEMO, "ConfigMap", name)
    assert manifest["immutable"] is True
    assert name == "demo-2b7d074dca"
    assert config_map.name(service(DEMO)) == name


@pytest.mark.parametrize(
    "spec",
    [
        {"model": {"source": {"demo": {}}, "mode": "fast"}},
        with_demo(serving={"maxAudioDuration": "5h"}),
        with_demo(serving={"maxQueuedAudio": "9h"}),
        with_demo(serving={"preferredBatchSizes": [4]}),
    ],
)
def test_other_settings_replace_the_pods(spec: Spec) -> None:
    assert engine_settings(spec) != engine_settings(DEMO)
    assert pod_template(spec)["metadata"]["annotations"] != pod_template(DEMO)["metadata"]["annotations"]


@pytest.mark.parametrize(
    "spec",
    [
        with_demo(replicas=5),
        with_demo(rollout="Recreate"),
        with_autoscaling(mode="hpa", maxReplicas=9),
        with_network(service={"grpc": False}, policy={"allowFrom": [{}]}),
        with_demo(monitoring={"podMonitor": True, "labels": {"release": "prometheus"}}),
        with_demo(serving={"preferredBatchSizes": [1, 2, 4, 8, 16]}),  # the default
        with_demo(serving={"maxAudioDuration": "240m"}),
    ],
)
def test_fields_that_no_pod_reads_do_not_replace_the_pods(spec: Spec) -> None:
    assert pod_template(spec) == pod_template(DEMO)


def test_referenced_config_map_is_empty_without_the_annotation() -> None:
    assert config_map.referenced_config_map(pod_template(DEMO)) == config_map.name(service(DEMO))
    assert config_map.referenced_config_map({"metadata": {"name": "other"}}) == ""


def test_only_immutable_config_maps_are_settings() -> None:
    assert config_map.is_settings_config_map({"kind": "ConfigMap", "immutable": True})
    assert not config_map.is_settings_config_map({"kind": "ConfigMap"})
    assert not config_map.is_settings_config_map({"kind": "Secret", "immutable": True})
