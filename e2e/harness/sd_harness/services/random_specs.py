"""Random valid specs with any subset of the fields, up to their bounds. The sequence is deterministic."""

from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from sd_harness.services.service_specs import PINNED, Spec

Strategy = st.SearchStrategy[Any]


def text(first: str, inside: str, longest: int) -> Strategy:
    """Return text whose first and last characters are from `first`."""
    ends = st.sampled_from(first)
    return st.one_of(ends, st.tuples(ends, st.text(inside, max_size=longest - 2), ends).map("".join))


LOWER = "abcxyz019"
LETTERS = LOWER + "ABCXYZ"
NAMES = st.lists(text(LOWER, LOWER + "-", 40), min_size=1, max_size=4).map(".".join)
KEYS = text(LETTERS, LETTERS + "-_.", 63)
QUALIFIED = st.one_of(KEYS, st.tuples(NAMES, KEYS).map("/".join))
VALUES = st.one_of(st.just(""), KEYS)
SENTENCES = st.text(st.characters(codec="utf-8", exclude_categories=["C"]), max_size=60)


def fields(**optional: Strategy) -> Strategy:
    """Return an object with any subset of the fields."""
    return st.fixed_dictionaries({}, optional=optional)


def merged(*parts: Strategy) -> Strategy:
    """Return the union of several objects."""
    return st.tuples(*parts).map(lambda each: {key: value for part in each for key, value in part.items()})


def labels() -> Strategy:
    """Return labels without a meaning for Kubernetes."""
    return st.dictionaries(QUALIFIED, VALUES, max_size=4)


def annotations() -> Strategy:
    """Return annotations without a meaning for Kubernetes."""
    return st.dictionaries(QUALIFIED, SENTENCES, max_size=4)


def duration(seconds: int, style: int) -> str:
    """Return a duration in one of its three notations."""
    if style == 1:
        return f"{seconds}s"
    if style == 2:
        return f"{seconds // 60}m{seconds % 60}s"
    return f"{seconds // 3600}h{seconds // 60 % 60}m{seconds % 60}s"


LONGEST_S = 1000 * 3600
STYLES = st.integers(1, 3)


def audio_limits() -> Strategy:
    """Return a longest recording and a queue that holds at least that one."""
    return st.tuples(st.integers(1, LONGEST_S), st.integers(0, LONGEST_S), STYLES, STYLES).map(
        lambda drawn: {
            "maxAudioDuration": duration(drawn[0], drawn[2]),
            "maxQueuedAudio": duration(min(drawn[0] + drawn[1], LONGEST_S), drawn[3]),
        }
    )


def batches() -> Strategy:
    """Return a largest batch size and preferred sizes up to it."""
    return st.integers(1, 64).flatmap(
        lambda largest: st.fixed_dictionaries(
            {"maxBatchSize": st.just(largest)},
            optional={"preferredBatchSizes": st.lists(st.integers(1, largest), min_size=1, max_size=16)},
        )
    )


def serving() -> Strategy:
    """Return limits of the server."""
    sizes = st.one_of(
        st.integers(1024, 1024**3), st.integers(1, 1024).map("{}Mi".format), st.integers(2, 1024**2).map("{}k".format)
    )
    plain = fields(adapters=st.integers(1, 64), maxRequestBytes=sizes, logVerbosity=st.integers(0, 1))
    return merged(plain, st.one_of(st.just({}), audio_limits()), st.one_of(st.just({}), batches()))


def resources() -> Strategy:
    """Return resource requests within their limits."""
    units = {
        "cpu": st.sampled_from([str, "{}m".format, lambda number: f"{number}.125", int]),
        "memory": st.sampled_from(["{}Mi".format, "{}.5Gi".format, "{}M".format]),
        "ephemeral-storage": st.just("{}Gi".format),
    }
    amounts = [_amounts(name, unit) for name, unit in units.items()]
    return st.lists(st.one_of(amounts), max_size=6).map(_requests_and_limits)


def _amounts(name: str, units: Strategy) -> Strategy:
    numbers = st.tuples(st.integers(1, 500), st.integers(0, 500))
    return st.tuples(st.just(name), units, numbers, st.sampled_from(["requests", "limits", "both"]))


def _requests_and_limits(drawn: list[Any]) -> Spec:
    found: Spec = {"requests": {}, "limits": {}}
    for name, unit, (low, more), where in drawn:
        for kind in ("requests", "limits"):
            found[kind].pop(name, None)
        if where != "limits":
            found["requests"][name] = unit(low)
        if where != "requests":
            found["limits"][name] = unit(low + more)
    return found


def devices() -> Strategy:
    """Return a GPU or accelerator cpu."""
    resource = st.sampled_from(["nvidia.com/gpu", "nvidia.com/mig-1g.10gb", "amd.com/gpu", "gpu.intel.com/i915"])
    gpu = fields(accelerator=st.just("gpu"), gpu=fields(resource=resource, count=st.integers(1, 16)))
    return st.one_of(gpu, st.just({"accelerator": "cpu"}))


def tolerations() -> Strategy:
    """Return tolerations by value, by existence, for a time, and for all taints."""
    effects = fields(effect=st.sampled_from(["NoSchedule", "PreferNoSchedule", "NoExecute"]))
    for_a_time = st.fixed_dictionaries({"effect": st.just("NoExecute"), "tolerationSeconds": st.integers(0, 10**6)})
    exists = merged(st.just({"operator": "Exists"}), fields(key=QUALIFIED))
    equal = merged(st.fixed_dictionaries({"key": QUALIFIED}, optional={"value": VALUES, "operator": st.just("Equal")}))
    return st.lists(merged(st.one_of(exists, equal), st.one_of(effects, for_a_time)), max_size=4)


def requirements(*comparisons: str) -> Strategy:
    """Return requirements on a label; `comparisons` are the operators that need one number."""
    among = {"operator": st.sampled_from(["In", "NotIn"]), "values": st.lists(VALUES, min_size=1, max_size=4)}
    exists: dict[str, Strategy] = {"operator": st.sampled_from(["Exists", "DoesNotExist"])}
    numbers = st.integers(0, 10**9).map(lambda number: [str(number)])
    compared = {"operator": st.sampled_from(comparisons or [""]), "values": numbers}
    shapes = [among, exists, *([compared] if comparisons else [])]
    return st.one_of([st.fixed_dictionaries({"key": QUALIFIED, **shape}) for shape in shapes])


def affinity() -> Strategy:
    """Return affinities to nodes and pods."""
    required, preferred = (f"{when}DuringSchedulingIgnoredDuringExecution" for when in ("required", "preferred"))
    weight = st.integers(1, 100)
    nodes = st.fixed_dictionaries({"matchExpressions": st.lists(requirements("Gt", "Lt"), min_size=1, max_size=3)})
    terms = st.fixed_dictionaries({"nodeSelectorTerms": st.lists(nodes, min_size=1, max_size=2)})
    selector = fields(matchLabels=labels(), matchExpressions=st.lists(requirements(), max_size=2))
    pods = st.fixed_dictionaries({"labelSelector": selector, "topologyKey": QUALIFIED})

    def preferences(name: str, term: Strategy) -> Strategy:
        return st.lists(st.fixed_dictionaries({"weight": weight, name: term}), max_size=2)

    near = fields(**{required: st.lists(pods, max_size=2), preferred: preferences("podAffinityTerm", pods)})
    node_affinity = fields(**{required: terms, preferred: preferences("preference", nodes)})
    return fields(nodeAffinity=node_affinity, podAffinity=near, podAntiAffinity=near)


def spread() -> Strategy:
    """Return spread constraints with unique keys and effects."""
    constraint = st.fixed_dictionaries(
        {"topologyKey": QUALIFIED, "whenUnsatisfiable": st.sampled_from(["DoNotSchedule", "ScheduleAnyway"])},
        optional={"maxSkew": st.integers(1, 1000)},
    )
    return st.lists(constraint, max_size=3, unique_by=lambda each: (each["topologyKey"], each["whenUnsatisfiable"]))


def compute() -> Strategy:
    """Return compute resources."""
    placed = fields(
        resources=resources(),
        nodeSelector=labels(),
        tolerations=tolerations(),
        affinity=affinity(),
        topologySpreadConstraints=spread(),
        priorityClassName=NAMES,
        runtimeClassName=NAMES,
    )
    return merged(devices(), placed)


def autoscaling() -> Strategy:
    """Return an autoscaling mode with ordered bounds."""
    wait = st.tuples(st.integers(1, LONGEST_S), STYLES).map(lambda drawn: duration(*drawn))
    bounds = st.tuples(st.integers(1, 500), st.integers(0, 500)).map(
        lambda drawn: {"minReplicas": drawn[0], "maxReplicas": drawn[0] + drawn[1]}
    )
    to_zero = st.fixed_dictionaries({"mode": st.just("external"), "minReplicas": st.just(0)})
    modes = merged(fields(mode=st.sampled_from(["none", "hpa", "keda", "external"])), st.one_of(st.just({}), bounds))
    return merged(st.one_of(modes, to_zero), fields(targetWait=wait))


def services() -> Strategy:
    """Return a Service with distinct node ports in the default range of a cluster."""
    names = ["http", "grpc", "metrics", "engineMetrics"]
    ports = st.dictionaries(st.sampled_from(names), st.integers(30000, 32767), max_size=4).filter(
        lambda chosen: len({*chosen.values()}) == len(chosen)
    )
    open_to_nodes = st.fixed_dictionaries(
        {"type": st.sampled_from(["NodePort", "LoadBalancer"])}, optional={"nodePorts": ports}
    )
    inside = fields(type=st.just("ClusterIP"), grpc=st.booleans())
    return merged(st.one_of(open_to_nodes, inside), fields(annotations=annotations()))


def policies() -> Strategy:
    """Return a NetworkPolicy."""
    peers = st.lists(fields(namespaceLabels=labels(), podLabels=labels()), max_size=4)
    return st.one_of(fields(enabled=st.just(value=True), allowFrom=peers), st.just({"enabled": False}))


def network() -> Strategy:
    """Return network access."""
    host = st.tuples(NAMES, st.sampled_from(["example", "test", "x-1"])).map(".".join)
    ingress = st.fixed_dictionaries(
        {"host": host}, optional={"className": NAMES, "tlsSecretName": NAMES, "annotations": annotations()}
    )
    return fields(service=services(), ingress=ingress, policy=policies())


def images() -> Strategy:
    """Return images of the containers."""
    return fields(server=references(), triton=references())


def references() -> Strategy:
    """Return image references with and without registry, tag and digest."""
    registry = st.tuples(NAMES, st.sampled_from(["/", ":5000/"])).map("".join)
    path = st.lists(text(LOWER, LOWER, 20), min_size=1, max_size=3).map("/".join)
    tag = st.one_of(st.just(""), KEYS.map(":{}".format))
    digest = st.sampled_from(["", f"@{PINNED}"])
    return st.tuples(st.one_of(st.just(""), registry), path, tag, digest).map("".join)


def sources() -> Strategy:
    """Return a model source: the demo model, a claim, an image, or a pipeline on a hub."""
    beside = {"path": st.lists(KEYS, max_size=4).map("/".join), "digest": st.just(PINNED)}
    claim = st.fixed_dictionaries({"claimName": NAMES}, optional=beside)
    image = st.fixed_dictionaries({"reference": references()}, optional=beside)
    return st.one_of(
        st.just({"demo": {}}),
        st.fixed_dictionaries({"persistentVolumeClaim": claim}),
        st.fixed_dictionaries({"image": image}),
        st.fixed_dictionaries({"huggingFace": hubs()}),
    )


def hubs() -> Strategy:
    """Return pipelines on a hub."""
    part = text(LETTERS, LETTERS + "_", 40)
    return st.fixed_dictionaries(
        {
            "pipeline": st.tuples(part, part).map("/".join),
            "revision": st.one_of(st.just("c0ffee" * 6 + "c0ff"), st.just("refs/pr/1"), KEYS.filter(is_plain)),
        },
        optional={
            "endpoint": st.sampled_from(["https://huggingface.co", "http://hub.mirror:8080/hf"]),
            "tokenSecretRef": st.fixed_dictionaries({"name": NAMES}, optional={"key": KEYS}),
            "caBundleRef": st.fixed_dictionaries({"name": NAMES}, optional={"key": KEYS}),
            "digest": st.just(PINNED),
        },
    )


def is_plain(name: str) -> bool:
    """Return True if the name is valid as a revision."""
    return ".." not in name


def caches() -> Strategy:
    """Return an existing claim or one that the operator creates."""
    modes = st.sampled_from([["ReadWriteOnce"], ["ReadWriteMany"], ["ReadWriteOnce", "ReadWriteMany"]])
    own = fields(size=st.sampled_from(["1Gi", "500M", "2.5Ti"]), storageClassName=NAMES, accessModes=modes)
    return st.one_of(merged(own, fields(retain=st.booleans())), fields(claimName=NAMES))


def specs() -> Strategy:
    """Return whole specs."""
    model = st.fixed_dictionaries(
        {"source": sources()}, optional={"mode": st.sampled_from(["exact", "fast", "reference"])}
    )
    secrets = st.lists(st.fixed_dictionaries({"name": NAMES}), max_size=4, unique_by=lambda each: each["name"])
    switches = fields(podMonitor=st.booleans(), alerts=st.booleans(), labels=labels())
    return st.fixed_dictionaries(
        {"model": model},
        optional={
            "cache": caches(),
            "serving": serving(),
            "compute": compute(),
            "replicas": st.integers(0, 1000),
            "rollout": st.sampled_from(["Surge", "Recreate"]),
            "autoscaling": autoscaling(),
            "network": network(),
            "monitoring": switches,
            "podMetadata": fields(labels=labels(), annotations=annotations()),
            "images": images(),
            "imagePullSecrets": secrets,
        },
    )


def sample(count: int) -> list[Spec]:
    """Return `count` random specs."""
    drawn: list[Spec] = []

    @settings(
        max_examples=count,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
    )
    @given(specs())
    def draw(spec: Spec) -> None:
        drawn.append(spec)

    draw()
    return drawn
