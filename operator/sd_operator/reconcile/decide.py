"""The decision about a service: a pure function of an observation."""

from collections.abc import Mapping

from sd_operator.api.reason import Reason
from sd_operator.api.service import DiarizationService
from sd_operator.children import config_map
from sd_operator.reconcile.desired_state import DesiredState
from sd_operator.reconcile.drift.admission import drift
from sd_operator.reconcile.drift.field_conflicts import conflict
from sd_operator.reconcile.finding import Finding
from sd_operator.reconcile.objects import Identity, identity, is_being_deleted, is_owned_by, title
from sd_operator.reconcile.observation import Observation
from sd_operator.reconcile.plan import Change, Plan
from sd_operator.reconcile.retry_backoff import pod_retry
from sd_operator.reconcile.scale_down import deletion_costs
from sd_operator.resources import (
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

AUTOSCALERS = (HORIZONTAL_POD_AUTOSCALERS.kind, SCALED_OBJECTS.kind)
"""Only one of them may exist at a time, since both set the replicas."""
SERVING = (DEPLOYMENTS.kind, CONFIG_MAPS.kind)
"""Children that are created once there is a model."""
POD_DEPENDENCIES = (SERVICE_ACCOUNTS.kind, CONFIG_MAPS.kind)
"""Children that the pods of the Deployment read when they start."""


def decide(observation: Observation) -> Plan:
    """Return the writes that bring the cluster to the desired state; an empty plan if it is there."""
    if observation.desired is None:
        return Plan(errors=[Finding(Reason.INVALID_SPEC, observation.spec_error)])
    desired, live = observation.desired, observation.live
    foreign = [child for child in _both(desired, live) if not _may_manage(desired.service, *child)]
    changes = [change for manifest in desired.children if (change := _change(desired, manifest, live))]
    unwanted = _unwanted(desired, live)
    changes = _without_blocked(changes, unwanted, {manifest["kind"] for manifest, _ in foreign})
    due = [change for change in changes if observation.repairs.may_apply(change, observation.monotonic_s)]
    return Plan(
        apply=due,
        delete=[child for child in unwanted if _may_delete(observation, desired, child)],
        create_job=desired.model.create,
        delete_jobs=desired.model.delete,
        deletion_costs=deletion_costs(due, observation.pods, observation.backlogs_s),
        pod_retry=pod_retry(observation),
        errors=[_name_taken(child) for _, child in foreign],
        conflicts=_conflicts(observation, changes),
    )


def _both(desired: DesiredState, live: Mapping[Identity, Manifest]) -> list[tuple[Manifest, Manifest]]:
    """Return each desired child that exists, with its live object."""
    return [(manifest, live[identity(manifest)]) for manifest in desired.children if identity(manifest) in live]


def _may_manage(service: DiarizationService, manifest: Manifest, live: Manifest) -> bool:
    """Return True if the object is the service's own, or a claim with models that an earlier service retained."""
    if is_owned_by(live, service.uid):
        return True
    if live["kind"] != PERSISTENT_VOLUME_CLAIMS.kind or live["metadata"].get("ownerReferences"):
        return False
    theirs, ours = live["metadata"].get("labels", {}), manifest["metadata"]["labels"]
    return all(theirs.get(label) == ours[label] for label in (INSTANCE_LABEL, MANAGED_BY_LABEL))


def _change(desired: DesiredState, manifest: Manifest, live: Mapping[Identity, Manifest]) -> Change | None:
    child = live.get(identity(manifest))
    if child is None:
        return Change(manifest)
    if is_being_deleted(child) or not _may_manage(desired.service, manifest, child):
        return None  # a child that is being deleted is created again when it is gone
    difference = next(drift(child, manifest), None)
    return Change(manifest, child, difference) if difference else None


def _unwanted(desired: DesiredState, live: Mapping[Identity, Manifest]) -> list[Manifest]:
    wanted = {identity(manifest) for manifest in desired.children}
    unwanted = [child for child in live.values() if identity(child) not in wanted]
    return [child for child in unwanted if is_owned_by(child, desired.service.uid)]


def _may_delete(observation: Observation, desired: DesiredState, child: Manifest) -> bool:
    """Return True unless pods need the child: an earlier ReplicaSet may still create pods with earlier settings."""
    if is_being_deleted(child):
        return False
    if desired.service.served is None and child["kind"] in SERVING:
        return False  # the pods go on serving if the status with the pinned model was lost
    readers = {config_map.referenced_config_map(reader) for reader in observation.settings_readers}
    return not (config_map.is_settings_config_map(child) and child["metadata"]["name"] in readers)


def _without_blocked(changes: list[Change], unwanted: list[Manifest], foreign_kinds: set[str]) -> list[Change]:
    """Leave out what must wait: a new autoscaler for the end of the old one, pods for what they read."""
    blocked: set[str] = set()
    if any(child["kind"] in AUTOSCALERS for child in unwanted):
        blocked.update(AUTOSCALERS)
    if foreign_kinds.intersection((*POD_DEPENDENCIES, DEPLOYMENTS.kind)):  # no pod uses a foreign service account
        blocked.add(DEPLOYMENTS.kind)
    return [change for change in changes if change.manifest["kind"] not in blocked]


def _name_taken(live: Manifest) -> Finding:
    if any(owner["kind"] == DIARIZATION_SERVICES.kind for owner in live["metadata"].get("ownerReferences", ())):
        message = f"{title(live)} belongs to a deleted DiarizationService. It will be garbage-collected."
    else:
        message = (
            f"{title(live)} exists and does not belong to this DiarizationService. Rename the service, or delete the "
            "object."
        )
    return Finding(Reason.NAME_TAKEN, message)


def _conflicts(observation: Observation, changes: list[Change]) -> dict[Identity, Finding]:
    by_child = {identity(change.manifest): change for change in changes}
    return {
        child: conflict(_compared(by_child[child], live), live)
        for child, live in observation.in_conflict.items()
        if child in by_child
    }


def _compared(change: Change, live: Manifest | None) -> Change:
    """Return the change with the difference from the object that has its managed fields."""
    difference = next(drift(live, change.manifest), change.difference) if live else None
    return Change(change.manifest, live, difference)
