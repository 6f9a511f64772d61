"""The children of whole services, as files that a person has read, and what must hold for each of them."""

import json
from typing import Any

import pytest
from sd_engine.settings import Settings
from sd_harness.services.golden_services import path, render, specs
from sd_harness.services.live_objects import COMMIT, INSTALLATION, UID, service
from sd_harness.services.service_specs import (
    ALL_FIELDS,
    DEMO,
    PINNED,
    VALID,
    ZONE,
    Spec,
    with_autoscaling,
    with_compute,
    with_demo,
    with_network,
)
from sd_operator.children import config_map, desired
from sd_operator.children.sizing import MAX_GRACE_PERIOD_S, grace_period_s, shared_memory_mib, triton_memory_mib
from sd_operator.resources import CHILD_KINDS

MIB = 1024**2
ALL = {"smallest": DEMO, "everything": ALL_FIELDS}


def child(spec: Spec, kind: str, name: str = "demo") -> dict[str, Any]:
    """One child of a service."""
    [found] = [each for each in desired(service(spec), INSTALLATION) if _is(each, kind, name)]
    return found


def _is(each: dict[str, Any], kind: str, name: str) -> bool:
    return (each["kind"], each["metadata"]["name"]) == (kind, name)


def template(spec: Spec) -> dict[str, Any]:
    """What the Deployment makes pods from."""
    return child(spec, "Deployment")["spec"]["template"]


def pod(spec: Spec) -> dict[str, Any]:
    """The pod of a service."""
    return template(spec)["spec"]


def containers(spec: Spec) -> tuple[dict[str, Any], dict[str, Any]]:
    """Engine and Triton."""
    [engine], [triton] = pod(spec)["initContainers"], pod(spec)["containers"]
    return engine, triton


def variables(spec: Spec) -> dict[str, str]:
    """What the engine's container finds in its environment."""
    engine, _ = containers(spec)
    [source] = engine["envFrom"]
    return child(spec, "ConfigMap", source["configMapRef"]["name"])["data"]


@pytest.mark.parametrize("name", specs())
def test_the_children_are_those_of_the_golden_file(name: str) -> None:
    assert render(name) == path(name).read_text(), "run tools/generate and read the diff"


def test_there_is_no_golden_file_of_a_service_that_is_gone() -> None:
    assert {each.stem for each in path("demo").parent.iterdir()} == specs().keys()


@pytest.mark.parametrize("spec", VALID.values(), ids=VALID)
def test_the_same_spec_gives_the_same_bytes(spec: Spec) -> None:
    first, second = (json.dumps(desired(service(spec), INSTALLATION)) for _ in range(2))
    assert first == second


@pytest.mark.parametrize("spec", ALL.values(), ids=ALL)
def test_every_child_goes_with_its_service(spec: Spec) -> None:
    for each in desired(service(spec), INSTALLATION):
        owners = each["metadata"].get("ownerReferences", [])
        of_its_own = each["kind"] == "PersistentVolumeClaim" and spec["cache"]["retain"]
        assert [(owner["uid"], owner["controller"]) for owner in owners] == ([] if of_its_own else [(UID, True)])


def test_everything_has_a_child_of_every_kind_but_the_other_autoscaler() -> None:
    kinds = {each["kind"] for each in desired(service(ALL_FIELDS), INSTALLATION)}
    assert kinds == {resource.kind for resource in CHILD_KINDS} - {"HorizontalPodAutoscaler"}


def test_names_are_a_services_own_and_short_enough() -> None:
    children = desired(service(ALL_FIELDS, "a" * 40), INSTALLATION)
    names = [(each["kind"], each["metadata"]["name"]) for each in children]
    assert len(names) == len(set(names))
    assert max(len(name) for _, name in names) <= 63
    assert all(name.startswith("a" * 40) for _, name in names)


@pytest.mark.parametrize("spec", ALL.values(), ids=ALL)
def test_every_container_is_hardened(spec: Spec) -> None:
    for container in containers(spec):
        security = container["securityContext"]
        assert security["readOnlyRootFilesystem"]
        assert security["allowPrivilegeEscalation"] is False
        assert security["capabilities"] == {"drop": ["ALL"]}
    assert pod(spec)["securityContext"]["runAsNonRoot"]
    assert pod(spec)["automountServiceAccountToken"] is False


@pytest.mark.parametrize("spec", ALL.values(), ids=ALL)
def test_the_engine_understands_its_settings(spec: Spec) -> None:
    settings = Settings.from_environment(variables(spec))
    known = {f"SD_{name.upper()}" for name in Settings.__dataclass_fields__}
    assert variables(spec).keys() <= known
    assert settings.adapters == service(spec).spec.serving.adapters


def test_the_engine_reads_every_limit_of_the_spec() -> None:
    settings = Settings.from_environment(variables(ALL_FIELDS))
    assert str(settings.model_dir) == f"/model/pyannote--speaker-diarization-3.1/{COMMIT}"
    assert (settings.model_digest, settings.model_name) == (PINNED, "pyannote/speaker-diarization-3.1@v3.1")
    assert settings.preferred_batch_sizes == (2, 8)
    assert settings.max_audio_duration_s == 5400
    assert settings.max_queued_audio_s == 7200
    assert settings.max_request_bytes == MIB
    assert settings.log_level == "DEBUG"


@pytest.mark.parametrize(
    "spec",
    [
        {"model": {"source": {"demo": {}}, "mode": "fast"}},
        with_demo(serving={"maxAudioDuration": "5h"}),
        with_demo(serving={"maxQueuedAudio": "9h"}),
        with_demo(serving={"preferredBatchSizes": [4]}),
    ],
)
def test_other_settings_are_other_pods(spec: Spec) -> None:
    assert variables(spec) != variables(DEMO)
    assert template(spec)["metadata"]["annotations"] != template(DEMO)["metadata"]["annotations"]


@pytest.mark.parametrize(
    "spec",
    [
        with_demo(replicas=5),
        with_demo(rollout="Recreate"),
        with_autoscaling(mode="hpa", maxReplicas=9),
        with_network(service={"grpc": False}, policy={"allowFrom": [{}]}),
        with_demo(monitoring={"podMonitor": True, "labels": {"release": "prometheus"}}),
        with_demo(serving={"preferredBatchSizes": [1, 2, 4, 8, 16]}),  # what it would be anyway
        with_demo(serving={"maxAudioDuration": "240m"}),
    ],
)
def test_what_no_pod_reads_changes_no_pod(spec: Spec) -> None:
    assert template(spec) == template(DEMO)


def test_the_digest_is_of_what_the_pods_read() -> None:
    assert template(DEMO)["metadata"]["annotations"] == {config_map.SETTINGS_ANNOTATION: config_map.name(service(DEMO))}
    assert config_map.settings(service(DEMO)) == variables(DEMO)


@pytest.mark.parametrize("mode", ["none", "hpa", "keda", "external"])
def test_pods_are_always_as_many_as_the_resource_says(mode: str) -> None:
    spec = {**with_autoscaling(mode=mode, maxReplicas=2), "replicas": 5}
    assert child(spec, "Deployment")["spec"]["replicas"] == 5


def test_only_the_engine_gets_the_gpu() -> None:
    engine, triton = containers(ALL_FIELDS)
    assert engine["resources"]["limits"]["nvidia.com/mig-1g.10gb"] == "2"
    assert "limits" not in triton["resources"]
    assert {"name": "NVIDIA_VISIBLE_DEVICES", "value": "void"} in triton["env"]


def test_a_cpu_service_asks_for_no_gpu() -> None:
    engine, _ = containers(with_compute(accelerator="cpu"))
    assert engine["resources"] == {"requests": {"cpu": "250m", "memory": "2Gi"}}


def test_a_limit_without_a_request_is_the_request() -> None:
    engine, _ = containers(with_compute(accelerator="cpu", resources={"limits": {"memory": "1Gi"}}))
    assert engine["resources"] == {"requests": {"cpu": "250m"}, "limits": {"memory": "1Gi"}}


def test_triton_outlives_an_engine_restart() -> None:
    _, triton = containers(DEMO)
    liveness = triton["livenessProbe"]
    assert liveness["httpGet"] == {"path": "/adapterz", "port": 8003}
    assert liveness["periodSeconds"] * liveness["failureThreshold"] == 60


@pytest.mark.parametrize(
    ("serving", "mib"),
    [
        ({}, 32 + 2731),  # (16 + 16) requests of 64 MiB in base64
        ({"adapters": 1, "maxBatchSize": 1, "maxRequestBytes": "3Mi"}, 2 + 8),
    ],
)
def test_shared_memory_holds_the_largest_batches(serving: dict[str, Any], mib: int) -> None:
    assert shared_memory_mib(service(with_demo(serving=serving)).spec.serving) == mib


@pytest.mark.parametrize(
    ("serving", "mib"),
    [
        ({}, 128 + 320 + 2763 + 448),  # Triton, 16 adapters, /dev/shm, and one recording of 64 MiB seven times
        ({"adapters": 1, "maxBatchSize": 1, "maxRequestBytes": "3Mi"}, 128 + 20 + 10 + 21),
    ],
)
def test_tritons_memory_holds_its_shared_memory_and_a_request(serving: dict[str, Any], mib: int) -> None:
    spec = with_demo(serving=serving)
    assert triton_memory_mib(service(spec).spec.serving) == mib
    assert containers(spec)[1]["resources"]["requests"]["memory"] == f"{mib}Mi"


@pytest.mark.parametrize(
    ("accelerator", "mode", "serving", "grace_s"),
    [
        ("cpu", "exact", {}, 8640 + 45),  # 8 h of audio at 0.3 s of work per second
        ("gpu", "exact", {}, 864 + 45),
        ("gpu", "exact", {"maxAudioDuration": "10s", "maxQueuedAudio": "10s"}, 60),
        ("cpu", "exact", {"maxQueuedAudio": "100h"}, MAX_GRACE_PERIOD_S),
        ("cpu", "reference", {"maxAudioDuration": "1h", "maxQueuedAudio": "1h"}, 7200 + 45),
        ("gpu", "reference", {}, 2880 + 45),
    ],
)
def test_a_pod_that_ends_has_the_time_for_what_it_holds(
    accelerator: str, mode: str, serving: dict[str, Any], grace_s: int
) -> None:
    model = DEMO["model"] | {"mode": mode}
    spec = service(with_demo(model=model, compute={"accelerator": accelerator}, serving=serving)).spec
    assert grace_period_s(spec) == grace_s


def test_placement_is_the_pods() -> None:
    wanted = ALL_FIELDS["compute"]
    assert pod(ALL_FIELDS)["affinity"] == wanted["affinity"]
    assert pod(ALL_FIELDS)["tolerations"] == wanted["tolerations"]
    assert pod(ALL_FIELDS)["nodeSelector"] == {"pool": "gpu"}
    assert pod(ALL_FIELDS)["priorityClassName"] == "speech"
    assert pod(ALL_FIELDS)["runtimeClassName"] == "nvidia"
    placement = {"affinity", "tolerations", "nodeSelector", "priorityClassName", "runtimeClassName"}
    assert placement.isdisjoint(pod(DEMO))


def test_pods_are_spread_by_the_selector_of_their_deployment() -> None:
    spec = with_compute(topologySpreadConstraints=[{"topologyKey": ZONE}])
    assert pod(spec)["topologySpreadConstraints"] == [
        {
            "maxSkew": 1,
            "topologyKey": ZONE,
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": child(spec, "Deployment")["spec"]["selector"],
            "matchLabelKeys": ["pod-template-hash"],
        }
    ]


def test_labels_of_the_spec_are_beside_the_operators() -> None:
    marked = template(ALL_FIELDS)["metadata"]
    assert marked["labels"]["team"] == "speech"
    assert marked["annotations"]["example.com/owner"] == "speech@example.com"
    assert child(ALL_FIELDS, "Deployment")["spec"]["selector"]["matchLabels"].items() <= marked["labels"].items()


@pytest.mark.parametrize(("grpc", "numbers"), [(True, [8000, 8001]), (False, [8000])])
def test_callers_reach_grpc_only_where_the_spec_lets_them(numbers: list[int], *, grpc: bool) -> None:
    spec = with_network(service={"grpc": grpc})
    for name in ("demo", "demo-headless"):
        ports = [port["port"] for port in child(spec, "Service", name)["spec"]["ports"]]
        assert ports == [*numbers, 8002, 8003]
    callers, _ = child(spec, "NetworkPolicy")["spec"]["ingress"]
    assert [port["port"] for port in callers["ports"]] == numbers


def test_the_headless_service_resolves_to_pods() -> None:
    headless = child(DEMO, "Service", "demo-headless")["spec"]
    assert headless["clusterIP"] == "None"
    assert headless["selector"] == child(DEMO, "Service")["spec"]["selector"]


def test_everybody_may_call_unless_the_spec_names_who() -> None:
    callers, _ = child(DEMO, "NetworkPolicy")["spec"]["ingress"]
    assert "from" not in callers
    peers = [{"podLabels": {"app": "a"}}, {"namespaceLabels": {"team": "b"}}, {"namespaceLabels": {}}, {}]
    callers, _ = child(with_network(policy={"allowFrom": peers}), "NetworkPolicy")["spec"]["ingress"]
    assert callers["from"] == [
        {"podSelector": {"matchLabels": {"app": "a"}}},
        {"namespaceSelector": {"matchLabels": {"team": "b"}}, "podSelector": {}},
        {"namespaceSelector": {}, "podSelector": {}},
        {"podSelector": {}},
    ]


def test_metrics_are_for_those_who_watch() -> None:
    _, watchers = child(DEMO, "NetworkPolicy")["spec"]["ingress"]
    assert [port["port"] for port in watchers["ports"]] == [8002, 8003]
    operator, *monitoring = watchers["from"]
    assert operator == {
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "sd-triton"}},
        "podSelector": {"matchLabels": {"app.kubernetes.io/name": "sd-triton-operator"}},
    }
    names = [peer["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"] for peer in monitoring]
    assert names == ["keda", "monitoring"]


def test_pods_connect_to_nobody() -> None:
    policy = child(DEMO, "NetworkPolicy")["spec"]
    assert policy["policyTypes"] == ["Ingress", "Egress"]
    assert policy["egress"] == []


def test_without_a_policy_there_is_none() -> None:
    spec = with_network(policy={"enabled": False})
    assert [each for each in desired(service(spec), INSTALLATION) if each["kind"] == "NetworkPolicy"] == []


def test_an_ingress_opens_the_protocol_alone() -> None:
    ingress = child(with_network(ingress={"host": "a.example"}), "Ingress")["spec"]
    [rule] = ingress["rules"]
    [way] = rule["http"]["paths"]
    assert (rule["host"], way["path"], way["pathType"]) == ("a.example", "/v2", "Prefix")
    assert way["backend"]["service"] == {"name": "demo", "port": {"name": "http"}}
    assert "tls" not in ingress
    assert "ingressClassName" not in ingress


@pytest.mark.parametrize("replicas", [0, 1, 5])
def test_a_node_is_drained_pod_by_pod_and_never_held_up(replicas: int) -> None:
    budget = child(with_demo(replicas=replicas), "PodDisruptionBudget")["spec"]
    assert budget["maxUnavailable"] == 1
    assert budget["unhealthyPodEvictionPolicy"] == "AlwaysAllow"
    assert budget["selector"] == child(DEMO, "Deployment")["spec"]["selector"]
