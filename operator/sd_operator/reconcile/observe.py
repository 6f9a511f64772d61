"""Everything that a decision about one service needs, gathered; the only reading there is."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field

from sd_operator.reconcile.cause import Cause
from sd_operator.reconcile.decide import identity
from sd_operator.runtime.cache import Cache, Key
from sd_operator.runtime.kube import Kube
from sd_operator.vocabulary import KIND_OF, Manifest


@dataclass(frozen=True, slots=True)
class Observation:
    """A service as the cluster has it now.

    `refusals` is what stood in the way of the last apply, `conflicts` what others keep changing, `missing` the kinds
    of children that the cluster does not have.
    """

    resource: Manifest
    children: list[Manifest]
    pods: list[Manifest]
    refusals: list[Cause] = field(default_factory=list[Cause])
    conflicts: list[Cause] = field(default_factory=list[Cause])
    missing: frozenset[str] = frozenset()

    @property
    def generation(self) -> int:
        """The generation of the spec that this is about."""
        return self.resource["metadata"].get("generation", 0)

    def child(self, kind: str) -> Manifest | None:
        """The live child of a kind that occurs once."""
        return next((child for child in self.children if child["kind"] == kind), None)


async def observe(kube: Kube, cache: Cache, key: Key, wanted: Iterable[Manifest]) -> list[Manifest]:
    """The live children of a service, and whatever already has the name of one that is wanted.

    The cache only sees what carries the operator's label: before something is created, the API server is asked
    whether the name is free, because an apply would take over somebody else's object without a word.
    """
    children = cache.children(key)
    unseen = {identity(manifest) for manifest in wanted} - {identity(child) for child in children}
    found = await asyncio.gather(*(kube.get(KIND_OF[kind], key.namespace, name) for kind, name in sorted(unseen)))
    return children + [live for live in found if live is not None]
