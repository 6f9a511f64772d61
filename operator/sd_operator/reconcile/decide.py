"""What has to be written so that the cluster holds what a service asks for. Pure."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field

from sd_operator.api.service import DiarizationService
from sd_operator.children import config_map
from sd_operator.reconcile.drift.additions import additions
from sd_operator.reconcile.drift.manifest_diff import difference
from sd_operator.reconcile.reason import Cause
from sd_operator.resources import (
    APPLIED_ANNOTATION,
    CONFIG_MAPS,
    DEPLOYMENTS,
    DIARIZATION_SERVICES,
    HORIZONTAL_POD_AUTOSCALERS,
    INSTANCE_LABEL,
    MANAGED_BY_LABEL,
    PERSISTENT_VOLUME_CLAIMS,
    SCALED_OBJECTS,
    SERVICE_ACCOUNTS,
    Manifest,
)


@dataclass(frozen=True, slots=True)
class Change:
    """A manifest to apply; `live` is what is there now, if anything, and `field` where that first differs."""

    manifest: Manifest
    live: Manifest | None = None
    field: str = ""

    @property
    def digest(self) -> str:
        """The manifest's."""
        return _digest(self.manifest)

    @property
    def is_repair(self) -> bool:
        """Whether this very manifest was applied before: somebody else has changed the object since."""
        return self.live is not None and _digest(self.live) == self.digest


@dataclass(frozen=True, slots=True)
class Plan:
    """What to apply, live objects to remove, and what cannot be done."""

    apply: list[Change] = field(default_factory=list[Change])
    delete: list[Manifest] = field(default_factory=list[Manifest])
    refusals: list[Cause] = field(default_factory=list[Cause])
    taken: set[str] = field(default_factory=set[str])
    """Kinds of children whose names somebody else's objects have."""

    @property
    def makes(self) -> bool:
        """Whether anything in it is new."""
        return any(change.live is None for change in self.apply)


AUTOSCALERS = (HORIZONTAL_POD_AUTOSCALERS.kind, SCALED_OBJECTS.kind)
"""Two of them would both set the replicas."""
SERVING = (DEPLOYMENTS.kind, CONFIG_MAPS.kind)
"""What is only made once there is a model."""
OF_PODS = (SERVICE_ACCOUNTS.kind, CONFIG_MAPS.kind, DEPLOYMENTS.kind)
"""The Deployment, and what its pods read when they start."""


def decide(
    service: DiarizationService, wanted: Iterable[Manifest], live: Iterable[Manifest], readers: Iterable[Manifest] = ()
) -> Plan:
    """Compares what is wanted with what is there; an empty plan means that nothing is written.

    `readers` are the pods, and templates of pods, that may read settings which the latest pods do not.
    """
    plan, found = Plan(), {identity(child): child for child in live}
    for manifest in wanted:
        _settle(service, stamped(manifest), found.pop(identity(manifest), None), plan)
    unwanted = [child for child in found.values() if owned_by(child, service.uid)]
    read = {config_map.referenced_config_map(reader) for reader in readers}
    kept = SERVING if service.served is None else ()  # of a status that was lost, the pods serve on
    plan.delete.extend(
        child for child in unwanted if child["kind"] not in kept and not leaving(child) and not _is_read(child, read)
    )
    if any(child["kind"] in AUTOSCALERS for child in unwanted):  # its end is an event, and the new one follows then
        _leave_out(plan, AUTOSCALERS)
    if plan.taken.intersection(OF_PODS):  # above all, no pod may run under a service account that is somebody else's
        _leave_out(plan, (DEPLOYMENTS.kind,))
    return plan


def _leave_out(plan: Plan, kinds: tuple[str, ...]) -> None:
    plan.apply[:] = [change for change in plan.apply if change.manifest["kind"] not in kinds]


def _settle(service: DiarizationService, manifest: Manifest, live: Manifest | None, plan: Plan) -> None:
    if live is None:
        plan.apply.append(Change(manifest))
    elif not (owned_by(live, service.uid) or _was_left(live, manifest)):
        plan.taken.add(manifest["kind"])
        plan.refusals.append(_taken(live))
    elif not leaving(live) and (place := _deviation(live, manifest)) is not None:
        plan.apply.append(Change(manifest, live, place))  # what is leaving comes back once it is gone


def _was_left(live: Manifest, manifest: Manifest) -> bool:
    """Whether it is a claim with models that outlived a service of that name, or is to outlive this one."""
    if live["kind"] != PERSISTENT_VOLUME_CLAIMS.kind or live["metadata"].get("ownerReferences"):
        return False
    theirs, ours = live["metadata"].get("labels", {}), manifest["metadata"]["labels"]
    return all(theirs.get(label) == ours[label] for label in (INSTANCE_LABEL, MANAGED_BY_LABEL))


def _deviation(live: Manifest, manifest: Manifest) -> str | None:
    """The first field that is not as it is wanted, or that somebody has added; None = there is none."""
    if (place := difference(live, manifest)) is not None:
        return place
    return next((pointer.strip("/").replace("/", ".") for pointer in additions(live, manifest)), None)


def _is_read(child: Manifest, names: set[str]) -> bool:
    return config_map.is_settings_config_map(child) and child["metadata"]["name"] in names


def _taken(live: Manifest) -> Cause:
    what = f"{live['kind']} {live['metadata']['name']}"
    if any(owner["kind"] == DIARIZATION_SERVICES.kind for owner in live["metadata"].get("ownerReferences", ())):
        return Cause("NameTaken", f"{what} still belongs to a deleted DiarizationService; it is on its way out.")
    return Cause("NameTaken", f"{what} exists and is not this service's; rename the service, or remove that object.")


def stamped(manifest: Manifest) -> Manifest:
    """The manifest with its own digest: a field that it no longer has shows as a digest that differs."""
    text = json.dumps(manifest, sort_keys=True, separators=(",", ":"))
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    metadata = manifest["metadata"]
    return manifest | {
        "metadata": metadata | {"annotations": metadata.get("annotations", {}) | {APPLIED_ANNOTATION: digest}}
    }


def _digest(manifest: Manifest) -> str:
    return manifest["metadata"].get("annotations", {}).get(APPLIED_ANNOTATION, "")


def identity(manifest: Manifest) -> tuple[str, str]:
    """Kind and name: all objects of a service share its namespace."""
    return manifest["kind"], manifest["metadata"]["name"]


def owned_by(live: Manifest, uid: str) -> bool:
    """Whether the object belongs to that very resource, not to an earlier one of its name."""
    return any(owner["uid"] == uid for owner in live["metadata"].get("ownerReferences", ()))


def leaving(live: Manifest) -> bool:
    """Whether the object is being deleted."""
    return "deletionTimestamp" in live["metadata"]
