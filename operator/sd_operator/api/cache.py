"""Where a downloaded model is kept: a claim that is mounted read-only by the pods that serve."""

from typing import Literal

from pydantic import Field

from sd_operator.api.names import ObjectName
from sd_operator.api.quantities import VolumeSize
from sd_operator.api.rules import SpecPart, rule

AccessMode = Literal["ReadWriteOnce", "ReadWriteMany"]


class Cache(SpecPart):
    """The claim into which a model from a hub is downloaded, once for all pods; other sources need none."""

    size: VolumeSize = "1Gi"
    """How large the claim is; a pipeline takes 35 MB, and a new revision is downloaded beside the old one."""
    storage_class_name: ObjectName | None = None
    """The claim's StorageClass; by default the cluster's."""
    access_modes: list[AccessMode] = Field(default=["ReadWriteOnce"], min_length=1, max_length=2)
    """ReadWriteOnce: all pods run on one node. ReadWriteMany: on any; few StorageClasses can."""
    claim_name: ObjectName | None = None
    """A claim that is there already, which several services may share; it is used as it is, and never removed."""
    retain: bool = False
    """Whether the claim stays when the service is deleted; one of the same name then finds its model there."""

    @rule(
        "cache.claimName is used as it is: storageClassName and retain belong to a claim that the operator makes",
        cel="!has(self.claimName) || (!has(self.storageClassName) && !self.retain)",
    )
    def _claim_is_used_as_it_is(self) -> bool:
        return self.claim_name is None or (self.storage_class_name is None and not self.retain)
