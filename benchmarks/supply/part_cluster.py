"""In a real cluster: how soon a service is ready, what a claim saves, and whether a token is seen anywhere."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from statistics import median
from typing import Any

from sd_harness.cluster import cluster, hub_pod, model_services, secret_leak_scan
from sd_harness.cluster.hub_pod import HubPod
from sd_kit.__main__ import main as kit
from sd_kit.cluster import helm_release
from sd_kit.images.build import references
from sd_kit.offline import storage_class

from benchmarks.record import Row

NAMESPACE = "sd-bench-supply"
CLAIM = "models"
MARK = "CanaryOfTheSupplyBenchmark"
TOKEN = f"hf_{MARK}Member"
WARM_RUNS, SHARING = 5, 5
READY_WITHIN_S = 180.0


def measure(little: bool) -> list[Row]:  # noqa: FBT001 - as all parts are called
    """Services of the gated repository of the fake hub, all on one claim."""
    with _cluster() as hub:
        rows = [_sharing(hub, 2 if little else SHARING)]
        rows += [_warm(hub, 1 if little else WARM_RUNS), _second_pod(hub)]
        return [*rows, _canary(little=little)]


@contextmanager
def _cluster() -> Iterator[HubPod]:
    """The kit's cluster with the operator at its most talkative, a hub, a claim, a Secret."""
    for words in (["tools", "helm", "kubectl"], ["up"], ["images"]):
        if kit(words):
            raise RuntimeError(f"`sd-kit {' '.join(words)}` failed; its message is above.")
    storage_class.ensure()
    helm_release.install(references(), log_level="DEBUG")
    cluster.kubectl("delete", "namespace", NAMESPACE, "--ignore-not-found", "--wait=true")
    cluster.kubectl("create", "namespace", NAMESPACE)
    cluster.kubectl("label", "namespace", NAMESPACE, "pod-security.kubernetes.io/enforce=restricted")
    with ExitStack() as made:
        made.callback(cluster.kubectl, "delete", "namespace", NAMESPACE, "--wait=false")
        hub = made.enter_context(hub_pod.hub_pod(NAMESPACE))
        hub.accounts(**{TOKEN: {}})
        model_services.put_token(NAMESPACE, TOKEN)
        spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
        metadata = {"name": CLAIM, "namespace": NAMESPACE}
        cluster.apply({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": spec})
        yield hub


def _apply(hub: HubPod, name: str, **spec: Any) -> None:  # noqa: ANN401 - fields of a spec
    source = model_services.from_hub(hub)
    cluster.apply(model_services.manifest(name, NAMESPACE, source, cache={"claimName": CLAIM}, serving={}, **spec))


def _sharing(hub: HubPod, count: int) -> Row:
    """Services that are made at once on an empty claim; paused ones, for the node has room for two."""
    names = [f"sharing-{number}" for number in range(count)]
    for name in names:
        _apply(hub, name, replicas=0)
    cluster.wait_until(lambda: all(map(_is_cached, names)), timeout_s=240, interval_s=1)
    from_cdn = [asked["path"] for asked in hub.asked() if asked["cdn"] and asked["method"] == "GET"]
    most = max(from_cdn.count(path) for path in from_cdn)
    for name in names:
        _remove(name)
    detail = f"{count} services on one claim and one pipeline; the most of any file ({len(set(from_cdn))} files)"
    return Row("downloads_of_five_services", most, "downloads", "<= 1", f"{detail}; {hub.sent_bytes()} bytes sent")


def _is_cached(name: str) -> bool:
    return model_services.condition(name, NAMESPACE, "ModelCached")["status"] == "True"


def _warm(hub: HubPod, runs: int) -> Row:
    before_bytes = hub.sent_bytes()
    took_s = [_apply_to_ready_s(hub, f"warm-{number}") for number in range(runs)]
    each = ", ".join(f"{seconds:.1f}" for seconds in took_s)
    detail = (
        f"median of {runs} ({each}); kubectl apply to Ready, the claim filled and the image pulled, kind, one node; "
        f"{hub.sent_bytes() - before_bytes} bytes downloaded"
    )
    return Row("apply_to_ready_warm_s", median(took_s), "s", "<= 30", detail)


def _apply_to_ready_s(hub: HubPod, name: str) -> float:
    began_s = time.monotonic()
    _apply(hub, name)
    model_services.until_ready(name, NAMESPACE, timeout_s=READY_WITHIN_S)
    took_s = time.monotonic() - began_s
    _remove(name)
    return took_s


def _remove(name: str) -> None:
    cluster.kubectl("delete", "diar", name, "-n", NAMESPACE, "--wait=true")
    cluster.wait_until(lambda: not model_services.pods(name, NAMESPACE), timeout_s=120)


def _second_pod(hub: HubPod) -> Row:
    """The service stays, for the search that follows."""
    before_bytes = hub.sent_bytes()
    _apply(hub, "second", replicas=2)
    model_services.until_ready("second", NAMESPACE, timeout_s=READY_WITHIN_S)
    received = hub.sent_bytes() - before_bytes
    return Row("second_pod_bytes", received, "bytes", "<= 0", "sent by the hub for a further service with two pods")


def _canary(*, little: bool) -> Row:
    assert secret_leak_scan.holding(MARK, secret_leak_scan.secrets(NAMESPACE)), "the search does not find what is there"
    found = secret_leak_scan.hits(MARK, NAMESPACE)
    images = sorted(references().values())
    found += [place for image in images for place in secret_leak_scan.holding(MARK, secret_leak_scan.image(image))]
    found += [place for image in images if not little for place in secret_leak_scan.in_layers(MARK, image)]
    detail = (
        "a token searched for, plain and in base64, in every object but Secrets, Events, logs of all pods with the "
        "operator at DEBUG, environments and arguments of all processes, metrics, the Helm release, termination "
        f"messages, volumes and journal of the node, history and layers of {len(images)} images"
    )
    return Row("canary_hits", len(found), "places", "<= 0", "; ".join([detail, *found]))
