"""Models on a real cluster: time to Ready, downloads saved by a shared claim, and a scan for leaked tokens."""

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
TOKEN_MARKER = "LeakScanOfTheBenchmark"  # noqa: S105 - part of a test token
TOKEN = f"hf_{TOKEN_MARKER}Member"
WARM_RUNS, SHARING_SERVICES = 5, 5
READY_TIMEOUT_S = 180.0


def measure(little: bool) -> list[Row]:  # noqa: FBT001 - as all parts are called
    """Create services of the fake hub's gated repository, all on one claim."""
    with _prepared_cluster() as hub:
        rows = [_shared_downloads(hub, 2 if little else SHARING_SERVICES)]
        rows += [_warm_start(hub, 1 if little else WARM_RUNS), _second_pod(hub)]
        return [*rows, _leaked_tokens(little=little)]


@contextmanager
def _prepared_cluster() -> Iterator[HubPod]:
    """Prepare the kit's cluster: an operator that logs at DEBUG, a hub, a claim and a Secret."""
    for arguments in (["tools", "helm", "kubectl"], ["up"], ["images"]):
        if kit(arguments):
            raise RuntimeError(f"`sd-kit {' '.join(arguments)}` failed; see its message above.")
    storage_class.ensure()
    helm_release.install(references(), log_level="DEBUG")
    cluster.kubectl("delete", "namespace", NAMESPACE, "--ignore-not-found", "--wait=true")
    cluster.kubectl("create", "namespace", NAMESPACE)
    cluster.kubectl("label", "namespace", NAMESPACE, "pod-security.kubernetes.io/enforce=restricted")
    with ExitStack() as stack:
        stack.callback(cluster.kubectl, "delete", "namespace", NAMESPACE, "--wait=false")
        hub = stack.enter_context(hub_pod.hub_pod(NAMESPACE))
        hub.set_accounts(**{TOKEN: {}})
        model_services.apply_token_secret(NAMESPACE, TOKEN)
        spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
        metadata = {"name": CLAIM, "namespace": NAMESPACE}
        cluster.apply({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": spec})
        yield hub


def _apply(hub: HubPod, name: str, **spec: Any) -> None:  # noqa: ANN401 - fields of a spec
    source = model_services.hub_source(hub)
    cluster.apply(model_services.manifest(name, NAMESPACE, source, cache={"claimName": CLAIM}, serving={}, **spec))


def _shared_downloads(hub: HubPod, count: int) -> Row:
    """Create services at the same time on an empty claim; they have no replicas, because the node has room for two."""
    names = [f"sharing-{number}" for number in range(count)]
    for name in names:
        _apply(hub, name, replicas=0)
    cluster.wait_until(lambda: all(map(_is_cached, names)), timeout_s=240, interval_s=1)
    cdn_paths = [request["path"] for request in hub.requests() if request["cdn"] and request["method"] == "GET"]
    most = max(cdn_paths.count(path) for path in cdn_paths)
    for name in names:
        _delete(name)
    detail = f"{count} services on one claim with one pipeline; the maximum of {len(set(cdn_paths))} files"
    return Row("downloads_of_five_services", most, "downloads", "<= 1", f"{detail}; {hub.sent_bytes()} bytes sent")


def _is_cached(name: str) -> bool:
    return model_services.condition(name, NAMESPACE, "ModelCached")["status"] == "True"


def _warm_start(hub: HubPod, runs: int) -> Row:
    before_bytes = hub.sent_bytes()
    durations_s = [_apply_to_ready_s(hub, f"warm-{number}") for number in range(runs)]
    samples = ", ".join(f"{seconds:.1f}" for seconds in durations_s)
    detail = (
        f"median of {runs} ({samples}); kubectl apply to Ready, the model cached on the claim and the image pulled, "
        f"kind, one node; {hub.sent_bytes() - before_bytes} bytes downloaded"
    )
    return Row("apply_to_ready_warm_s", median(durations_s), "s", "<= 30", detail)


def _apply_to_ready_s(hub: HubPod, name: str) -> float:
    started_s = time.monotonic()
    _apply(hub, name)
    model_services.wait_until_ready(name, NAMESPACE, timeout_s=READY_TIMEOUT_S)
    duration_s = time.monotonic() - started_s
    _delete(name)
    return duration_s


def _delete(name: str) -> None:
    cluster.kubectl("delete", "diar", name, "-n", NAMESPACE, "--wait=true")
    cluster.wait_until(lambda: not model_services.serving_pods(name, NAMESPACE), timeout_s=120)


def _second_pod(hub: HubPod) -> Row:
    """Create a service with two pods; it is kept for the leak scan."""
    before_bytes = hub.sent_bytes()
    _apply(hub, "second", replicas=2)
    model_services.wait_until_ready("second", NAMESPACE, timeout_s=READY_TIMEOUT_S)
    sent_bytes = hub.sent_bytes() - before_bytes
    return Row("second_pod_bytes", sent_bytes, "bytes", "<= 0", "sent by the hub for one more service with two pods")


def _leaked_tokens(*, little: bool) -> Row:
    secrets = secret_leak_scan.secret_objects(NAMESPACE)
    assert secret_leak_scan.sources_with(TOKEN_MARKER, secrets), "The scan does not find the token in its Secret."
    found = secret_leak_scan.scan(TOKEN_MARKER, NAMESPACE)
    images = sorted(references().values())
    for image in images:
        found += secret_leak_scan.sources_with(TOKEN_MARKER, secret_leak_scan.image_metadata(image))
        if not little:
            found += secret_leak_scan.image_layers_with(TOKEN_MARKER, image)
    detail = (
        "scan for a token, in plain text and base64, in all objects but Secrets, Events, logs of all pods with the "
        "operator at DEBUG, environments and arguments of all processes, metrics, the Helm release, termination "
        f"messages, volumes and journal of the node, history and layers of {len(images)} images"
    )
    return Row("canary_hits", len(found), "places", "<= 0", "; ".join([detail, *found]))
