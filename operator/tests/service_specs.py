"""Specs that people write, good and bad: one table for the models and for the API server."""

from typing import Any, NamedTuple

Spec = dict[str, Any]

DEMO: Spec = {"model": {"source": {"demo": {}}}}

EVERYTHING: Spec = {
    "model": {"source": {"persistentVolumeClaim": {"claimName": "models", "path": "a/b"}}, "mode": "fast"},
    "serving": {
        "adapters": 4,
        "maxBatchSize": 8,
        "preferredBatchSizes": [2, 8],
        "maxAudioDuration": "1h30m",
        "maxRequestBytes": "1Mi",
        "maxQueuedAudio": "2h",
        "logVerbosity": 1,
    },
    "compute": {
        "accelerator": "gpu",
        "gpu": {"resource": "nvidia.com/mig-1g.10gb", "count": 2},
        "resources": {"requests": {"cpu": 2}, "limits": {"memory": "8Gi", "cpu": "4"}},
        "nodeSelector": {"pool": "gpu"},
        "tolerations": [
            {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"},
            {"key": "team", "value": "speech", "effect": "NoExecute", "tolerationSeconds": 60},
        ],
    },
    "replicas": 3,
    "rollout": "Recreate",
    "network": {
        "service": {
            "type": "LoadBalancer",
            "annotations": {"example.com/internal": "true"},
            "nodePorts": {"http": 31000, "engineMetrics": 31003},
        }
    },
    "images": {"server": "registry.example/server@sha256:0123", "triton": "registry.example/triton:26.07"},
    "imagePullSecrets": [{"name": "registry"}],
}
"""Every field that there is, away from its default."""


def with_demo(**parts: Any) -> Spec:
    """The smallest spec and these parts."""
    return {**DEMO, **parts}


GOOD: dict[str, Spec] = {
    "smallest": DEMO,
    "everything": EVERYTHING,
    "paused": with_demo(replicas=0),
    "size in bytes": with_demo(serving={"maxRequestBytes": 1048576}),
    "largest request": with_demo(serving={"maxRequestBytes": "1Gi"}),
    "minutes": with_demo(serving={"maxAudioDuration": "90m", "maxQueuedAudio": "5400s"}),
    "cpu": with_demo(compute={"accelerator": "cpu", "resources": {"limits": {"cpu": 4, "memory": "8Gi"}}}),
    "equal request and limit": with_demo(compute={"resources": {"requests": {"cpu": "1000m"}, "limits": {"cpu": 1}}}),
    "longest batch list": with_demo(serving={"maxBatchSize": 64, "preferredBatchSizes": list(range(49, 65))}),
}


class Bad(NamedTuple):
    """A spec that must be refused; the API server's and the model's sentences hold these words."""

    spec: Spec
    api_says: str
    model_says: str = ""


BAD: dict[str, Bad] = {
    "two sources": Bad(
        {"model": {"source": {"demo": {}, "persistentVolumeClaim": {"claimName": "models"}}}},
        "spec.model.source: Invalid value: give exactly one model source: demo or persistentVolumeClaim",
        "give exactly one model source: demo or persistentVolumeClaim",
    ),
    "no source": Bad({"model": {"source": {}}}, "give exactly one model source", "give exactly one model source"),
    "no model": Bad({"replicas": 1}, "spec.model: Required value"),
    "way out of the claim": Bad(
        {"model": {"source": {"persistentVolumeClaim": {"claimName": "models", "path": "../other"}}}},
        "path lies inside the claim",
        "path lies inside the claim",
    ),
    "negative request size": Bad(
        with_demo(serving={"maxRequestBytes": "-64Mi"}),
        'spec.serving.maxRequestBytes: Invalid value: "-64Mi": must be a size from 1Ki to 1Gi, such as 64Mi',
        "must be a size",
    ),
    "no request size": Bad(with_demo(serving={"maxRequestBytes": 0}), "must be a size from 1Ki", "must be a size from"),
    "request beyond Triton": Bad(with_demo(serving={"maxRequestBytes": "2Gi"}), "from 1Ki to 1Gi", "from 1Ki to 1Gi"),
    "words for a size": Bad(with_demo(serving={"maxRequestBytes": "big"}), "must be a size from 1Ki", "must be a size"),
    "negative adapters": Bad(
        with_demo(serving={"adapters": -1}), "spec.serving.adapters in body should be greater than or equal to 1"
    ),
    "negative duration": Bad(
        with_demo(serving={"maxAudioDuration": "-4h"}),
        "must be a time above zero in hours, minutes and seconds, such as 4h",
        "must be a time above zero",
    ),
    "no duration": Bad(with_demo(serving={"maxAudioDuration": "0s"}), "a time above zero", "a time above zero"),
    "queue shorter than a recording": Bad(
        with_demo(serving={"maxAudioDuration": "10h"}),
        "maxQueuedAudio must be at least maxAudioDuration",
        "maxQueuedAudio must be at least maxAudioDuration",
    ),
    "batches larger than allowed": Bad(
        with_demo(serving={"maxBatchSize": 4, "preferredBatchSizes": [8]}),
        "preferredBatchSizes must not be larger than maxBatchSize",
        "preferredBatchSizes must not be larger than maxBatchSize",
    ),
    "unknown accelerator": Bad(
        with_demo(compute={"accelerator": "tpu"}),
        'spec.compute.accelerator: Unsupported value: "tpu": supported values: "gpu", "cpu"',
    ),
    "unknown mode": Bad(
        {"model": {"source": {"demo": {}}, "mode": "warp"}},
        'Unsupported value: "warp": supported values: "exact", "fast", "reference"',
    ),
    "gpu on a cpu": Bad(
        with_demo(compute={"accelerator": "cpu", "gpu": {"count": 1}}),
        "compute.gpu belongs to accelerator gpu; leave it out for accelerator cpu",
        "compute.gpu belongs to accelerator gpu",
    ),
    "gpu among the resources": Bad(
        with_demo(compute={"resources": {"limits": {"nvidia.com/gpu": 1}}}),
        "GPUs are asked for under compute.gpu",
        "GPUs are asked for under compute.gpu",
    ),
    "negative memory": Bad(
        with_demo(compute={"resources": {"requests": {"memory": "-1Gi"}}}),
        'spec.compute.resources.requests[memory]: Invalid value: "-1Gi": must be a size above zero',
        "must be a size above zero",
    ),
    "request above limit": Bad(
        with_demo(compute={"resources": {"requests": {"cpu": 2}, "limits": {"cpu": "1500m"}}}),
        "a request must not be larger than the limit of the same name",
        "a request must not be larger than the limit of the same name",
    ),
    "negative replicas": Bad(with_demo(replicas=-1), "spec.replicas in body should be greater than or equal to 0"),
    "fixed ports without nodes": Bad(
        with_demo(network={"service": {"nodePorts": {"http": 30700}}}),
        "nodePorts belongs to type NodePort or LoadBalancer",
        "nodePorts belongs to type NodePort or LoadBalancer",
    ),
    "space in an image": Bad(with_demo(images={"triton": "triton 26.07"}), "spec.images.triton in body should match"),
}

ONLY_THE_API_SERVER_REFUSES: dict[str, Bad] = {
    "secret named twice": Bad(with_demo(imagePullSecrets=[{"name": "a"}, {"name": "a"}]), "Duplicate value"),
    "unknown field": Bad(with_demo(model_mode="fast"), 'unknown field "spec.model_mode"'),
}
"""List keys and unknown fields are the API server's business; the operator works with what it let in."""
