"""The delay between retries of what the API server rejects, bounded for all services together.

No watched object changes when the cause is resolved (a quota is raised, a policy removed), so the operator retries.
Few services are retried often enough to recover within ten seconds; with hundreds of them, the API server receives no
more retries than with forty.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sd_operator.kube.cache import Key
from sd_operator.reconcile.conditions.pod_startup import any_is_being_set_up, any_starts
from sd_operator.reconcile.conditions.rollout import Rollout
from sd_operator.reconcile.drift.field_conflicts import CONFLICT_INTERVAL_S
from sd_operator.reconcile.objects import annotation
from sd_operator.reconcile.observation import Observation
from sd_operator.resources import DEPLOYMENTS, GROUP, Manifest

RETRY_DELAY_S = 8.0
RETRIES_PER_S = 5.0
"""The highest rate of retries for all services together."""
POD_RETRY_ANNOTATION = f"{GROUP}/pods-retried-at"
"""Annotation on a Deployment. The Deployment controller copies it to the ReplicaSet; the change of the ReplicaSet
resets the backoff of minutes with which its controller creates rejected pods."""


@dataclass(slots=True)
class RetryBackoff:
    """The services that are being retried."""

    _keys: set[Key] = field(default_factory=set[Key])

    def delay_s(self, key: Key) -> float:
        """Return the delay until the next retry of a service."""
        return max(RETRY_DELAY_S, len(self._keys | {key}) / RETRIES_PER_S)

    def update(self, key: Key, *, is_retried: bool) -> None:
        """Count the service in or out."""
        (self._keys.add if is_retried else self._keys.discard)(key)


def pod_retry(observation: Observation) -> tuple[Manifest, str] | None:
    """Return the Deployment and the annotation that has its rejected pods created again; None if it is too early."""
    deployment = observation.child(DEPLOYMENTS.kind)
    if deployment is None or not pods_are_rejected(observation):
        return None
    last = annotation(deployment, POD_RETRY_ANNOTATION)
    if last and observation.now - datetime.fromisoformat(last) < timedelta(seconds=observation.retry_delay_s):
        return None
    return deployment, observation.now.astimezone(UTC).isoformat()


def pods_are_rejected(observation: Observation) -> bool:
    """Return True if a quota or admission prevents the pods of the Deployment."""
    return bool(Rollout.of(observation.child(DEPLOYMENTS.kind)).failure)


def is_retried(observation: Observation) -> bool:
    """Return True if the service waits for something that no watched object reports."""
    return bool(observation.desired) and (
        bool(observation.errors) or pods_are_rejected(observation) or any_is_being_set_up(observation.pods)
    )


def requeue_after_s(observation: Observation) -> float | None:
    """Return the delay until the next pass without an event; None if only an event needs one."""
    if observation.desired is None:
        return None
    delays = [] if observation.desired.model.requeue_after_s is None else [observation.desired.model.requeue_after_s]
    if is_retried(observation):
        delays.append(observation.retry_delay_s)
    elif observation.conflicts or any_starts(observation.pods):
        delays.append(CONFLICT_INTERVAL_S)
    return min(delays, default=None)
