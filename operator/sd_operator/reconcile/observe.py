"""Everything that a decision about one service needs, gathered; the only reading there is."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sd_operator.api.status import OutdatedModel
from sd_operator.children.config_map import is_settings_config_map
from sd_operator.kube.cache import Cache, Key
from sd_operator.kube.client import KubeClient
from sd_operator.reconcile.decide import identity, leaving
from sd_operator.reconcile.reason import Cause
from sd_operator.resources import (
    DEPLOYMENTS,
    DIARIZATION_SERVICES,
    INSTANCE_LABEL,
    MANAGED_BY_OPERATOR,
    REPLICA_SETS,
    Manifest,
)


@dataclass(frozen=True, slots=True)
class Observation:
    """A service as the cluster has it now.

    `refusals` is what stood in the way of the last apply, `conflicts` what others keep changing, `missing` the kinds
    of children that cannot be made, `forbidden` those of them that the operator has no rights to, `failed_setups` why
    pods cannot be set up on their nodes, by UID, `model` why the model that is asked for is not there, `leftover` why
    those that were served before it cannot be removed.
    """

    resource: Manifest
    children: list[Manifest]
    pods: list[Manifest]
    refusals: list[Cause] = field(default_factory=list[Cause])
    conflicts: list[Cause] = field(default_factory=list[Cause])
    missing: frozenset[str] = frozenset()
    forbidden: frozenset[str] = frozenset()
    failed_setups: Mapping[str, Cause] = field(default_factory=dict[str, Cause])
    model: Cause | None = None
    leftover: Cause | None = None
    outdated: tuple[OutdatedModel, ...] = ()

    @property
    def generation(self) -> int:
        """The generation of the spec that this is about."""
        return self.resource["metadata"].get("generation", 0)

    def child(self, kind: str) -> Manifest | None:
        """The live child of a kind that occurs once."""
        return next((child for child in self.children if child["kind"] == kind), None)


async def settings_readers(
    kube: KubeClient, cache: Cache, key: Key, wanted: Iterable[Manifest], live: Iterable[Manifest]
) -> list[Manifest]:
    """The pods, and the templates by which there may be more of them, where some settings are no longer wanted.

    An earlier ReplicaSet makes its pods anew for as long as it has any: they are to find what the others have read.
    """
    names = {identity(manifest) for manifest in wanted}
    if not any(is_settings_config_map(child) and identity(child) not in names for child in live):
        return []
    found = await kube.list_namespaced(
        key.namespace, REPLICA_SETS, f"{INSTANCE_LABEL}={key.name},{MANAGED_BY_OPERATOR}"
    )
    sets = [each for each in found if each["spec"]["replicas"] or each.get("status", {}).get("replicas")]
    deployments = [child for child in live if child["kind"] == DEPLOYMENTS.kind]
    return [*cache.serving_pods(key), *(each["spec"]["template"] for each in (*deployments, *sets))]


async def is_there(kube: KubeClient, key: Key, resource: Manifest) -> bool:
    """Whether a service is there still, and stays.

    The API server is asked: of one that was deleted during an outage, the children's end may be heard of first.
    """
    now = await kube.get(DIARIZATION_SERVICES, key.namespace, key.name)
    return now is not None and not leaving(now) and now["metadata"]["uid"] == resource["metadata"]["uid"]
