"""Valid specs with one or two random mutations, some of which keep them valid. The sequence is deterministic."""

import copy
import random
from collections.abc import Iterator
from typing import Any

from sd_harness.services.random_specs import sample
from sd_harness.services.service_specs import ALL_FIELDS, PINNED, VALID, Spec

TEXTS = [
    "", " ", "\n", "a b", "a\n", "-a", "a-", "A", "é", "..", "a..b", "/a", "a/..", "a/../b", "a/b", "a/b/c", "a.1",
    "1.a", "x" * 63, "x" * 64, "x" * 253, "x" * 254, "10.0.0.1", "a:b", "a@b", f"a:b@{PINNED}",
    "0", "01", "+1", "-1", "1.5", "1e3", "1n", "1E", "0.001", "0.0001", "1.1234", "1500m", "1.5m", "64Mi", "1Gi", "2Gi",
    "1Ki", "0Ki", "100k", "1Pi", "2Pi", "1.125P", "9" * 15, "9" * 16,
    "4h", "90m", "1h30m", "1m1h", "h", "1000h", "1001h", "0s",
    "kubernetes.io/gpu", "nvidia.com/gpu", "requests.nvidia.com/gpu", "sd-triton.dev/x", "pod-template-hash",
    "Exists", "Equal", "In", "Gt", "NoExecute", "hpa", "external", "cpu", "gpu", "ClusterIP", "LoadBalancer",
]  # fmt: skip
NUMBERS = [-1, 0, 1, 2, 16, 17, 64, 65, 100, 101, 1000, 1001, 32767, 65535, 65536, 10**10]

Path = tuple[Any, ...]


def mutated(count: int, seed: int = 1) -> list[Spec]:
    """Return `count` mutated specs."""
    generator = random.Random(seed)  # noqa: S311 - not for cryptography
    originals = [*sample(200), *VALID.values(), *[ALL_FIELDS] * 50]
    return [_mutated(generator.choice(originals), generator) for _ in range(count)]


def _mutated(spec: Spec, generator: random.Random) -> Spec:
    changed = copy.deepcopy(spec)
    for _ in range(generator.choice([1, 1, 2])):
        if paths := [*value_paths(changed)]:
            _mutate(changed, generator.choice(paths), generator)
    return changed


def value_paths(value: Any, path: Path = ()) -> Iterator[Path]:
    """Yield the path of every value in a spec."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in inner:
        yield (*path, key)
        yield from value_paths(child, (*path, key))


def _mutate(spec: Spec, path: Path, generator: random.Random) -> None:
    """Delete one value, rename its key, or replace it by another value of its type."""
    parent: Any = spec
    for key in path[:-1]:
        parent = parent[key]
    last, value = path[-1], parent[path[-1]]
    mutation = generator.random()
    if isinstance(parent, dict) and mutation < 0.12:
        del parent[last]
    elif isinstance(parent, dict) and isinstance(value, str) and mutation < 0.2:
        parent[generator.choice(TEXTS)] = parent.pop(last)
    else:
        parent[last] = _other_value(value, generator)


def _other_value(value: Any, generator: random.Random) -> Any:
    match value:
        case bool():
            return not value
        case int():
            return generator.choice(NUMBERS)
        case str():
            return generator.choice(TEXTS)
        case _:
            return type(value)()
