"""Valid and invalid specs, which tests of the models and of the API server share."""

from typing import Any, NamedTuple

Spec = dict[str, Any]

DEMO: Spec = {"model": {"source": {"demo": {}}}}

PINNED = "sha256:" + "0123456789abcdef" * 4

ALL_FIELDS: Spec = {
    "model": {
        "source": {
            "huggingFace": {
                "pipeline": "pyannote/speaker-diarization-3.1",
                "revision": "v3.1",
                "tokenSecretRef": {"name": "hub", "key": "access-token"},
                "endpoint": "https://hub.example.com/mirror",
                "caBundleRef": {"name": "roots", "key": "bundle.pem"},
                "digest": PINNED,
            }
        },
        "mode": "fast",
    },
    "cache": {"size": "5Gi", "storageClassName": "shared", "accessModes": ["ReadWriteMany"], "retain": True},
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
        "affinity": {
            "nodeAffinity": {
                "requiredDuringSchedulingIgnoredDuringExecution": {
                    "nodeSelectorTerms": [
                        {
                            "matchExpressions": [
                                {"key": "nvidia.com/gpu.memory", "operator": "Gt", "values": ["16000"]},
                                {"key": "topology.kubernetes.io/zone", "operator": "In", "values": ["a", "b"]},
                                {"key": "example.com/retired", "operator": "DoesNotExist"},
                            ]
                        }
                    ]
                },
                "preferredDuringSchedulingIgnoredDuringExecution": [
                    {
                        "weight": 10,
                        "preference": {"matchExpressions": [{"key": "pool", "operator": "NotIn", "values": ["spot"]}]},
                    }
                ],
            },
            "podAffinity": {
                "preferredDuringSchedulingIgnoredDuringExecution": [
                    {
                        "weight": 1,
                        "podAffinityTerm": {
                            "labelSelector": {"matchLabels": {"app": "recorder"}},
                            "topologyKey": "topology.kubernetes.io/zone",
                        },
                    }
                ]
            },
            "podAntiAffinity": {
                "requiredDuringSchedulingIgnoredDuringExecution": [
                    {
                        "labelSelector": {
                            "matchExpressions": [{"key": "app", "operator": "In", "values": ["training"]}]
                        },
                        "topologyKey": "kubernetes.io/hostname",
                    }
                ]
            },
        },
        "topologySpreadConstraints": [
            {"maxSkew": 2, "topologyKey": "topology.kubernetes.io/zone", "whenUnsatisfiable": "DoNotSchedule"},
            {"topologyKey": "kubernetes.io/hostname"},
        ],
        "priorityClassName": "speech",
        "runtimeClassName": "nvidia",
    },
    "replicas": 3,
    "rollout": "Recreate",
    "autoscaling": {"mode": "keda", "minReplicas": 2, "maxReplicas": 9, "targetWait": "90s"},
    "network": {
        "service": {
            "type": "LoadBalancer",
            "annotations": {"example.com/internal": "true"},
            "nodePorts": {"http": 31000, "engineMetrics": 31003},
            "grpc": False,
        },
        "ingress": {
            "host": "diarization.example.com",
            "className": "nginx",
            "tlsSecretName": "diarization-tls",
            "annotations": {"nginx.ingress.kubernetes.io/proxy-body-size": "2m"},
        },
        "policy": {
            "enabled": True,
            "allowFrom": [
                {"podLabels": {"app": "recorder"}},
                {"namespaceLabels": {"team": "speech"}},
                {"namespaceLabels": {}, "podLabels": {"diarizes": "true"}},
            ],
        },
    },
    "monitoring": {"podMonitor": True, "alerts": True, "labels": {"release": "prometheus"}},
    "podMetadata": {"labels": {"team": "speech"}, "annotations": {"example.com/owner": "speech@example.com"}},
    "images": {"server": f"registry.example/server@{PINNED}", "triton": "registry.example/triton:26.07"},
    "imagePullSecrets": [{"name": "registry"}],
}
"""A spec with every field that can be set at the same time, most to a value other than their default."""


def with_demo(**parts: Any) -> Spec:
    """Return the smallest spec with these fields."""
    return {**DEMO, **parts}


def with_compute(**parts: Any) -> Spec:
    """Return the smallest spec with these fields of `compute`."""
    return with_demo(compute=parts)


def with_network(**parts: Any) -> Spec:
    """Return the smallest spec with these fields of `network`."""
    return with_demo(network=parts)


def with_autoscaling(**parts: Any) -> Spec:
    """Return the smallest spec with these fields of `autoscaling`."""
    return with_demo(autoscaling=parts)


def with_node_affinity(*requirements: dict[str, Any]) -> Spec:
    """Return the smallest spec with requirements on its nodes."""
    terms = {"nodeSelectorTerms": [{"matchExpressions": [*requirements]}]}
    return with_compute(affinity={"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}})


def with_pod_anti_affinity(selector: dict[str, Any]) -> Spec:
    """Return the smallest spec on nodes without pods of this selector."""
    term = {"labelSelector": selector, "topologyKey": "kubernetes.io/hostname"}
    return with_compute(affinity={"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}})


ZONE = "topology.kubernetes.io/zone"

WITH_EVERY_CORE_KIND = with_demo(
    autoscaling={"mode": "hpa"},
    network={"ingress": {"host": "speech.example"}},
)
"""A service with a child of every kind that each cluster serves."""

WITH_HPA = {**WITH_EVERY_CORE_KIND, "monitoring": {"podMonitor": True, "alerts": True}}
WITH_KEDA = {**WITH_HPA, "autoscaling": {"mode": "keda"}}
"""Services with a child of every kind, except for the autoscaler of the other one."""


def with_hugging_face(**changes: Any) -> Spec:
    """Return a service with a pipeline on the hub, with changes to its source."""
    source = {"pipeline": "pyannote/speaker-diarization-community-1", "revision": "c0ffee" * 6 + "c0ff"}
    return {"model": {"source": {"huggingFace": source | changes}}}


_AFFINITY_TERM: Spec = {
    "labelSelector": {
        "matchLabels": {"app": "recorder"},
        "matchExpressions": [{"key": "tier", "operator": "In", "values": ["batch"]}],
    },
    "topologyKey": ZONE,
}
_POD_AFFINITY: Spec = {
    "requiredDuringSchedulingIgnoredDuringExecution": [_AFFINITY_TERM],
    "preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 1, "podAffinityTerm": _AFFINITY_TERM}],
}

VALID: dict[str, Spec] = {
    "pipeline on the hub": with_hugging_face(tokenSecretRef={"name": "hub"}),
    "tag at a mirror": with_hugging_face(revision="v1.0", endpoint="http://mirror:8080/hf", caBundleRef={"name": "ca"}),
    "existing claim": {**with_hugging_face(digest=PINNED), "cache": {"claimName": "models"}},
    "retained claim": {
        **with_hugging_face(),
        "cache": {"size": "5Gi", "retain": True, "accessModes": ["ReadWriteMany"]},
    },
    "model in an image": {"model": {"source": {"image": {"reference": f"registry.example/m@{PINNED}", "path": "a"}}}},
    "pinned model in an image": {
        "model": {"source": {"image": {"reference": "registry.example/models:1", "digest": PINNED}}}
    },
    "model in a directory of a claim": {
        "model": {"source": {"persistentVolumeClaim": {"claimName": "m", "path": "models/a"}}}
    },
    "model in a claim root": {"model": {"source": {"persistentVolumeClaim": {"claimName": "m", "digest": PINNED}}}},
    "smallest": DEMO,
    "everything": ALL_FIELDS,
    "every field of pod affinity": with_compute(
        affinity={"podAffinity": _POD_AFFINITY, "podAntiAffinity": _POD_AFFINITY}
    ),
    "paused": with_demo(replicas=0),
    "size in bytes": with_demo(serving={"maxRequestBytes": 1048576}),
    "largest request": with_demo(serving={"maxRequestBytes": "1Gi"}),
    "smallest request": with_demo(serving={"maxRequestBytes": "1Ki"}),
    "minutes": with_demo(serving={"maxAudioDuration": "90m", "maxQueuedAudio": "5400s"}),
    "longest durations": with_demo(serving={"maxAudioDuration": "1000h", "maxQueuedAudio": "999h59m60s"}),
    "cpu": with_compute(accelerator="cpu", resources={"limits": {"cpu": 4, "memory": "8Gi"}}),
    "equal request and limit": with_compute(resources={"requests": {"cpu": "1000m"}, "limits": {"cpu": 1}}),
    "thousandths": with_compute(
        resources={"requests": {"cpu": "0.125", "memory": "1.5Gi", "ephemeral-storage": "1.125P"}}
    ),
    "longest batch list": with_demo(serving={"maxBatchSize": 64, "preferredBatchSizes": list(range(49, 65))}),
    "mig": with_compute(gpu={"resource": "nvidia.com/mig-3g.40gb"}),
    "every taint": with_compute(tolerations=[{"operator": "Exists"}]),
    "taint without a value": with_compute(tolerations=[{"key": "dedicated", "effect": "PreferNoSchedule"}]),
    "two constraints on one key": with_compute(
        topologySpreadConstraints=[
            {"topologyKey": ZONE, "whenUnsatisfiable": "DoNotSchedule", "maxSkew": 3},
            {"topologyKey": ZONE, "whenUnsatisfiable": "ScheduleAnyway"},
        ]
    ),
    "empty affinity": with_compute(affinity={}),
    "away from all pods": with_pod_anti_affinity({}),
    "hpa": with_autoscaling(mode="hpa", minReplicas=1, maxReplicas=1),
    "keda": with_autoscaling(mode="keda", minReplicas=2, targetWait="5m"),
    "external to zero": with_autoscaling(mode="external", minReplicas=0),
    "replicas above the autoscaler's maximum": {**with_autoscaling(mode="hpa", maxReplicas=2), "replicas": 5},
    "ingress": with_network(ingress={"host": "a.b-c.example"}),
    "host of one word": with_network(ingress={"host": "diarization"}),
    "no policy": with_network(policy={"enabled": False}),
    "peers in the own namespace": with_network(policy={"allowFrom": [{}]}),
    "no gRPC": with_network(service={"grpc": False, "type": "NodePort", "nodePorts": {"http": 30700}}),
    "every node port": with_network(
        service={"type": "NodePort", "nodePorts": {"http": 30700, "grpc": 30701, "metrics": 30702}}
    ),
    "monitored": with_demo(monitoring={"podMonitor": True, "labels": {"release": "prometheus"}}),
    "longest label": with_demo(podMetadata={"labels": {"example.com/" + "a" * 63: "b" * 63, "c": ""}}),
    "image of a local registry": with_demo(images={"server": "localhost:5000/sd/server:0.1"}),
    "image by its digest": with_demo(images={"triton": f"nvcr.io/nvidia/tritonserver:26.07-py3@{PINNED}"}),
    "image of one word": with_demo(images={"triton": "tritonserver"}),
}


class InvalidSpec(NamedTuple):
    """A spec that is rejected, with parts of the API server's message and of the model's message."""

    spec: Spec
    api_message: str
    model_message: str = ""


def rejected_by_both(spec: Spec, message: str) -> InvalidSpec:
    """Return a spec that the API server and the model reject with the same message."""
    return InvalidSpec(spec, message, message)


ONE_SOURCE = "exactly one model source must be set: demo, huggingFace, persistentVolumeClaim or image"

INVALID: dict[str, InvalidSpec] = {
    "two sources": InvalidSpec(
        {"model": {"source": {"demo": {}, "persistentVolumeClaim": {"claimName": "models"}}}},
        f"spec.model.source: Invalid value: {ONE_SOURCE}",
        ONE_SOURCE,
    ),
    "no source": rejected_by_both({"model": {"source": {}}}, "exactly one model source must be set"),
    "no model": InvalidSpec({"replicas": 1}, "spec.model: Required value"),
    "path outside the claim": rejected_by_both(
        {"model": {"source": {"persistentVolumeClaim": {"claimName": "models", "path": "../other"}}}},
        "path must be inside the claim",
    ),
    "claim in another namespace": rejected_by_both(
        {"model": {"source": {"persistentVolumeClaim": {"claimName": "other/models"}}}},
        "must consist of lower-case letters, digits, '-' and '.', and start and end with a letter or digit, such as "
        "my-models",
    ),
    "consecutive dots": rejected_by_both(
        {"model": {"source": {"persistentVolumeClaim": {"claimName": "a..b"}}}}, "must consist of lower-case letters"
    ),
    "path outside the image": rejected_by_both(
        {"model": {"source": {"image": {"reference": "registry.example/model", "path": "/etc"}}}},
        "path must be inside the image",
    ),
    "revision in the pipeline name": rejected_by_both(
        with_hugging_face(pipeline="pyannote/speaker-diarization@2.1"), "set the revision in its own field"
    ),
    "pipeline with a parent directory": rejected_by_both(
        with_hugging_face(pipeline="a/..b"), "must be a repository, such as pyannote/"
    ),
    "two dots in a revision": rejected_by_both(
        with_hugging_face(revision="v1/../../x"),
        "pipeline and revision must not contain '..', and pipeline must not contain '--'",
    ),
    "no revision": InvalidSpec(
        {"model": {"source": {"huggingFace": {"pipeline": "pyannote/speaker-diarization-community-1"}}}},
        "spec.model.source.huggingFace.revision: Required value",
    ),
    "token in the URL": rejected_by_both(
        with_hugging_face(endpoint="https://me:secret@hub.example"), "without trailing slash, user or query"
    ),
    "slash at the URL's end": rejected_by_both(
        with_hugging_face(endpoint="https://hub.example/"), "without trailing slash, user or query"
    ),
    "token in another namespace": rejected_by_both(
        with_hugging_face(tokenSecretRef={"name": "other/hub"}),
        "must consist of lower-case letters, digits, '-' and '.'",
    ),
    "short digest": rejected_by_both(with_hugging_face(digest="sha256:abc"), "sha256: and 64 hex digits"),
    "storage class for an existing claim": rejected_by_both(
        {**with_hugging_face(), "cache": {"claimName": "models", "storageClassName": "fast"}},
        "cache.storageClassName and cache.retain must not be set with cache.claimName",
    ),
    "retained existing claim": rejected_by_both(
        {**with_hugging_face(), "cache": {"claimName": "models", "retain": True}},
        "cache.storageClassName and cache.retain must not be set with cache.claimName",
    ),
    "empty cache": rejected_by_both({**with_hugging_face(), "cache": {"size": "0"}}, "must be a size from 1Mi to 1Pi"),
    "negative request size": InvalidSpec(
        with_demo(serving={"maxRequestBytes": "-64Mi"}),
        'spec.serving.maxRequestBytes: Invalid value: "-64Mi": must be a size from 1Ki to 1Gi, such as 64Mi',
        "must be a size from 1Ki to 1Gi",
    ),
    "zero request size": rejected_by_both(with_demo(serving={"maxRequestBytes": 0}), "must be a size from 1Ki"),
    "request size above the limit": rejected_by_both(with_demo(serving={"maxRequestBytes": "2Gi"}), "from 1Ki to 1Gi"),
    "text as a size": rejected_by_both(with_demo(serving={"maxRequestBytes": "big"}), "must be a size from 1Ki"),
    "negative adapters": InvalidSpec(
        with_demo(serving={"adapters": -1}), "spec.serving.adapters in body should be greater than or equal to 1"
    ),
    "negative duration": rejected_by_both(
        with_demo(serving={"maxAudioDuration": "-4h"}),
        "must be a duration above zero and at most 1000h in hours, minutes and seconds, such as 4h",
    ),
    "zero duration": rejected_by_both(with_demo(serving={"maxAudioDuration": "0s"}), "must be a duration above zero"),
    "duration of a year": rejected_by_both(with_demo(serving={"maxQueuedAudio": "8760h"}), "at most 1000h"),
    "duration of 20 digits": rejected_by_both(with_demo(serving={"maxQueuedAudio": "9" * 20 + "h"}), "at most 1000h"),
    "text as a duration": rejected_by_both(
        with_demo(serving={"maxAudioDuration": "four hours"}), "must be a duration above zero"
    ),
    "queue shorter than a recording": rejected_by_both(
        with_demo(serving={"maxAudioDuration": "10h"}), "maxQueuedAudio must be at least maxAudioDuration"
    ),
    "batch above the maximum": rejected_by_both(
        with_demo(serving={"maxBatchSize": 4, "preferredBatchSizes": [8]}),
        "preferredBatchSizes must not be larger than maxBatchSize",
    ),
    "unknown accelerator": InvalidSpec(
        with_compute(accelerator="tpu"),
        'spec.compute.accelerator: Unsupported value: "tpu": supported values: "gpu", "cpu"',
    ),
    "unknown mode": InvalidSpec(
        {"model": {"source": {"demo": {}}, "mode": "warp"}},
        'Unsupported value: "warp": supported values: "exact", "fast", "reference"',
    ),
    "gpu with accelerator cpu": rejected_by_both(
        with_compute(accelerator="cpu", gpu={"count": 1}),
        "compute.gpu must not be set with accelerator cpu",
    ),
    "gpu in the resources": rejected_by_both(
        with_compute(resources={"limits": {"nvidia.com/gpu": 1}}), "request GPUs with compute.gpu"
    ),
    "gpu without a vendor": rejected_by_both(
        with_compute(gpu={"resource": "gpu"}), "must be the resource of a device plugin"
    ),
    "reserved resource as a gpu": rejected_by_both(
        with_compute(gpu={"resource": "kubernetes.io/cpu"}), "kubernetes.io/ and requests. are reserved by Kubernetes"
    ),
    "negative memory": InvalidSpec(
        with_compute(resources={"requests": {"memory": "-1Gi"}}),
        'spec.compute.resources.requests[memory]: Invalid value: "-1Gi": must be a quantity above zero',
        "must be a quantity above zero",
    ),
    "text as memory": rejected_by_both(
        with_compute(resources={"requests": {"memory": "much"}, "limits": {"memory": "1Gi"}}),
        "must be a quantity above zero",
    ),
    "zero memory": rejected_by_both(with_compute(resources={"limits": {"memory": 0}}), "must be a quantity above zero"),
    "finer than a thousandth": rejected_by_both(
        with_compute(resources={"requests": {"cpu": "0.0005"}}), "must be a quantity above zero"
    ),
    "memory above 1Pi": rejected_by_both(with_compute(resources={"requests": {"memory": "2Pi"}}), "at most 1Pi"),
    "exponent": rejected_by_both(
        with_compute(resources={"requests": {"memory": "1e9"}}), "must be a quantity above zero"
    ),
    "request above limit": rejected_by_both(
        with_compute(resources={"requests": {"cpu": 2}, "limits": {"cpu": "1500m"}}),
        "a request must not be larger than the limit of the same resource",
    ),
    "node label with a space": rejected_by_both(
        with_compute(nodeSelector={"the pool": "gpu"}), "each key must be a label key"
    ),
    "node label's value": rejected_by_both(with_compute(nodeSelector={"pool": "-gpu"}), "must be a label value"),
    "toleration without a key": rejected_by_both(with_compute(tolerations=[{}]), "must have operator Exists"),
    "value with operator Exists": rejected_by_both(
        with_compute(tolerations=[{"key": "a", "operator": "Exists", "value": "b"}]),
        "a toleration with operator Exists must not have a value",
    ),
    "seconds without NoExecute": rejected_by_both(
        with_compute(tolerations=[{"key": "a", "operator": "Exists", "tolerationSeconds": 60}]),
        "tolerationSeconds must not be set without effect NoExecute",
    ),
    "In without values": rejected_by_both(
        with_node_affinity({"key": "pool", "operator": "In"}),
        "operator In or NotIn needs values, and operator Exists or DoesNotExist must not have values",
    ),
    "Exists with values": rejected_by_both(
        with_node_affinity({"key": "pool", "operator": "Exists", "values": ["a"]}), "operator In or NotIn needs values"
    ),
    "comparison with text": rejected_by_both(
        with_node_affinity({"key": "memory", "operator": "Gt", "values": ["much"]}),
        "operator Gt or Lt needs exactly one value, which must be a whole number",
    ),
    "comparison with two numbers": rejected_by_both(
        with_node_affinity({"key": "memory", "operator": "Lt", "values": ["1", "2"]}),
        "operator Gt or Lt needs exactly one",
    ),
    "no requirement": InvalidSpec(with_node_affinity(), "should have at least 1 items"),
    "comparison in a pod selector": InvalidSpec(
        with_pod_anti_affinity({"matchExpressions": [{"key": "a", "operator": "Gt", "values": ["1"]}]}),
        'Unsupported value: "Gt": supported values: "In", "NotIn", "Exists", "DoesNotExist"',
    ),
    "pod selector without values": rejected_by_both(
        with_pod_anti_affinity({"matchExpressions": [{"key": "a", "operator": "NotIn"}]}),
        "operator In or NotIn needs values",
    ),
    "zero weight": InvalidSpec(
        with_compute(
            affinity={
                "nodeAffinity": {
                    "preferredDuringSchedulingIgnoredDuringExecution": [
                        {"weight": 0, "preference": {"matchExpressions": [{"key": "a", "operator": "Exists"}]}}
                    ]
                }
            }
        ),
        "should be greater than or equal to 1",
    ),
    "zero skew": InvalidSpec(
        with_compute(topologySpreadConstraints=[{"topologyKey": ZONE, "maxSkew": 0}]),
        "should be greater than or equal to 1",
    ),
    "spread without a topology key": InvalidSpec(
        with_compute(topologySpreadConstraints=[{"maxSkew": 1}]), "topologyKey: Required value"
    ),
    "priority class in capitals": rejected_by_both(
        with_compute(priorityClassName="High"), "must consist of lower-case letters"
    ),
    "negative replicas": InvalidSpec(
        with_demo(replicas=-1), "spec.replicas in body should be greater than or equal to 0"
    ),
    "unknown rollout": InvalidSpec(
        with_demo(rollout="BlueGreen"), 'Unsupported value: "BlueGreen": supported values: "Surge", "Recreate"'
    ),
    "unknown autoscaler": InvalidSpec(
        with_autoscaling(mode="vpa"), 'Unsupported value: "vpa": supported values: "none", "hpa", "keda", "external"'
    ),
    "minimum above maximum": rejected_by_both(
        with_autoscaling(mode="hpa", minReplicas=5),
        "autoscaling.minReplicas must not be larger than autoscaling.maxReplicas",
    ),
    "hpa to zero": rejected_by_both(
        with_autoscaling(mode="hpa", minReplicas=0), "autoscaling.minReplicas must be 1 or more"
    ),
    "keda to zero": rejected_by_both(
        with_autoscaling(mode="keda", minReplicas=0), "autoscaling.minReplicas must be 1 or more"
    ),
    "zero target wait": rejected_by_both(
        with_autoscaling(mode="hpa", targetWait="0s"), "must be a duration above zero"
    ),
    "node ports of a ClusterIP": rejected_by_both(
        with_network(service={"nodePorts": {"http": 30700}}),
        "nodePorts must not be set with type ClusterIP; set type NodePort or LoadBalancer",
    ),
    "duplicate node port": rejected_by_both(
        with_network(service={"type": "NodePort", "nodePorts": {"http": 30700, "metrics": 30700}}),
        "nodePorts must not contain the same port twice",
    ),
    "node port for disabled gRPC": rejected_by_both(
        with_network(service={"type": "NodePort", "nodePorts": {"grpc": 30701}, "grpc": False}),
        "nodePorts.grpc must not be set with grpc: false",
    ),
    "reserved annotation": rejected_by_both(
        with_network(service={"annotations": {"sd-triton.dev/applied": "x"}}),
        "each key must be an annotation key, such as example.com/team; the prefix sd-triton.dev/ is reserved",
    ),
    "IP address as ingress host": rejected_by_both(
        with_network(ingress={"host": "10.0.0.1"}),
        "must be a DNS name, such as diarization.example.com; an Ingress does not accept an IP address",
    ),
    "URL as ingress host": rejected_by_both(
        with_network(ingress={"host": "https://diarization.example.com"}), "must be a DNS name"
    ),
    "ingress class as annotation": rejected_by_both(
        with_network(ingress={"host": "a.example", "annotations": {"kubernetes.io/ingress.class": "nginx"}}),
        "set the IngressClass in className",
    ),
    "ingress without a host": InvalidSpec(
        with_network(ingress={"tlsSecretName": "tls"}), "spec.network.ingress.host: Required value"
    ),
    "peers without a policy": rejected_by_both(
        with_network(policy={"enabled": False, "allowFrom": [{}]}), "allowFrom must not be set with enabled: false"
    ),
    "invalid peer label": rejected_by_both(
        with_network(policy={"allowFrom": [{"podLabels": {"a/b/c": "d"}}]}), "each key must be a label key"
    ),
    "invalid monitoring label": rejected_by_both(
        with_demo(monitoring={"labels": {"release": "a b"}}), "must be a label value"
    ),
    "reserved pod label": rejected_by_both(
        with_demo(podMetadata={"labels": {"app.kubernetes.io/instance": "other"}}),
        "podMetadata.labels must not set app.kubernetes.io/name",
    ),
    "template hash as pod label": rejected_by_both(
        with_demo(podMetadata={"labels": {"pod-template-hash": "1"}}), "these labels select the pods"
    ),
    "unconfined AppArmor profile": rejected_by_both(
        with_demo(podMetadata={"annotations": {"container.apparmor.security.beta.kubernetes.io/triton": "unconfined"}}),
        "it weakens the confinement of the pods",
    ),
    "space in an image": rejected_by_both(
        with_demo(images={"triton": "triton 26.07"}), "must be a container image reference"
    ),
    "image in capitals": rejected_by_both(
        with_demo(images={"server": "registry.example/Server:1"}), "must be a container image reference"
    ),
    "short image digest": rejected_by_both(
        with_demo(images={"server": "registry.example/server@sha256:0123"}), "must be a container image"
    ),
}

INVALID_FOR_THE_API_SERVER_ONLY: dict[str, InvalidSpec] = {
    "duplicate pull secret": InvalidSpec(with_demo(imagePullSecrets=[{"name": "a"}, {"name": "a"}]), "Duplicate value"),
    "duplicate spread constraint": InvalidSpec(
        with_compute(topologySpreadConstraints=[{"topologyKey": ZONE}, {"topologyKey": ZONE, "maxSkew": 2}]),
        "Duplicate value",
    ),
    "unknown field": InvalidSpec(with_demo(model_mode="fast"), 'unknown field "spec.model_mode"'),
    "unknown affinity": InvalidSpec(
        with_compute(affinity={"nodes": ["a"]}), 'unknown field "spec.compute.affinity.nodes"'
    ),
    "pods in another namespace": InvalidSpec(
        with_compute(
            affinity={
                "podAffinity": {
                    "requiredDuringSchedulingIgnoredDuringExecution": [
                        {"labelSelector": {}, "topologyKey": ZONE, "namespaces": ["other"]}
                    ]
                }
            }
        ),
        "unknown field",
    ),
    "fractional number": InvalidSpec(
        with_compute(resources={"requests": {"cpu": 0.5}}), "spec.compute.resources.requests.cpu"
    ),
}
"""Specs that only the API server rejects: it validates list keys, unknown fields and types before the operator."""
