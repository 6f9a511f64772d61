"""Specs that were right until somebody's hand slipped in a place or two; some still are. The same ones every time."""

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

Place = tuple[Any, ...]


def mutated(count: int, seed: int = 1) -> list[Spec]:
    """That many of them."""
    chance = random.Random(seed)  # noqa: S311 - nothing secret
    right = [*sample(200), *VALID.values(), *[ALL_FIELDS] * 50]
    return [_mutated(chance.choice(right), chance) for _ in range(count)]


def _mutated(spec: Spec, chance: random.Random) -> Spec:
    changed = copy.deepcopy(spec)
    for _ in range(chance.choice([1, 1, 2])):
        if places := [*_places(changed)]:
            _slip(changed, chance.choice(places), chance)
    return changed


def _places(value: Any, place: Place = ()) -> Iterator[Place]:
    """Where every value of a spec is."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in inner:
        yield (*place, key)
        yield from _places(child, (*place, key))


def _slip(spec: Spec, place: Place, chance: random.Random) -> None:
    """One value is lost, gets another name, or becomes something else of its type."""
    parent: Any = spec
    for key in place[:-1]:
        parent = parent[key]
    last, value = place[-1], parent[place[-1]]
    kind = chance.random()
    if isinstance(parent, dict) and kind < 0.12:
        del parent[last]
    elif isinstance(parent, dict) and isinstance(value, str) and kind < 0.2:
        parent[chance.choice(TEXTS)] = parent.pop(last)
    else:
        parent[last] = _other(value, chance)


def _other(value: Any, chance: random.Random) -> Any:
    match value:
        case bool():
            return not value
        case int():
            return chance.choice(NUMBERS)
        case str():
            return chance.choice(TEXTS)
        case _:
            return type(value)()
