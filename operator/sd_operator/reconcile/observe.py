"""All reading of a pass. The API server is asked only for what the cache cannot know, and only if it matters."""

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from sd_operator.api.service import DiarizationService, SpecError
from sd_operator.children.config_map import is_settings_config_map
from sd_operator.kube.cache import Cache, Key
from sd_operator.kube.client import KubeClient
from sd_operator.kube.discovery import Discovery
from sd_operator.kube.errors import RejectedError
from sd_operator.reconcile.conditions.kubelet_events import late_pod, setup_failure
from sd_operator.reconcile.desired_state import DesiredState, Kinds, desired_state
from sd_operator.reconcile.drift.admission import drift
from sd_operator.reconcile.finding import Finding
from sd_operator.reconcile.memory import Memory
from sd_operator.reconcile.model.model_jobs import ModelJobs
from sd_operator.reconcile.objects import Identity, identity, is_being_deleted
from sd_operator.reconcile.observation import Observation
from sd_operator.reconcile.plan import Change
from sd_operator.reconcile.scale_down import BacklogReader, is_scaled_down, remaining
from sd_operator.resources import (
    DEPLOYMENTS,
    DIARIZATION_SERVICES,
    INSTANCE_LABEL,
    MANAGED_BY_OPERATOR,
    REPLICA_SETS,
    RESOURCE_BY_KIND,
    Manifest,
)
from sd_operator.settings import Installation

logger = logging.getLogger(__name__)


def utc_now() -> datetime:
    """Return the current time."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Observer:
    """The reader of everything that a decision depends on."""

    kube: KubeClient
    cache: Cache
    installation: Installation
    discovery: Discovery
    model_jobs: ModelJobs
    pods: BacklogReader
    now: Callable[[], datetime] = utc_now
    monotonic_s: Callable[[], float] = time.monotonic

    async def observe(self, key: Key, memory: Memory) -> Observation | None:
        """Return the state of a service; None if it was deleted or is being deleted.

        Raises:
            KubeError: the API server did not respond, or rejected a request to read.
        """
        resource = self.cache.service(key)
        if resource is None or is_being_deleted(resource):
            return None
        observation = Observation(
            resource=resource,
            now=self.now(),
            monotonic_s=self.monotonic_s(),
            children=self.cache.children(key),
            unlisted=memory.found.get(key, []),
            pods=self.cache.serving_pods(key),
            repairs=memory.repairs_of(key),
            retry_delay_s=memory.retries.delay_s(key),
        )
        try:
            service = DiarizationService.parse(resource)
        except SpecError as error:
            return replace(observation, spec_error=str(error))
        model = await self.model_jobs.observe(key, service, resource, observation.now, self._events)
        kinds = Kinds(self.discovery.available, self.discovery.forbidden)
        return await self._read(
            key, observation, desired_state(service, model, self.installation, kinds, observation.now)
        )

    async def _read(self, key: Key, observation: Observation, desired: DesiredState) -> Observation | None:
        """Return the observation with what can only be read once the desired state is known."""
        in_conflict = await self._children_in_conflict(observation, desired)
        unlisted = [live for child, live in in_conflict.items() if live and child not in observation.live]
        observation = replace(
            observation, desired=desired, in_conflict=in_conflict, unlisted=[*unlisted, *observation.unlisted]
        )
        if _creates_children(observation, desired) and not await self._exists(key, observation.resource):
            return None  # the event of the deletion follows
        return replace(
            observation,
            settings_readers=await self._settings_readers(key, observation, desired),
            backlogs_s=await self.pods.backlog_s(remaining(observation.pods))
            if _scales_down(observation, desired)
            else {},
            setup_failures=await self._setup_failures(observation.pods, observation.now),
        )

    async def _children_in_conflict(
        self, observation: Observation, desired: DesiredState
    ) -> dict[Identity, Manifest | None]:
        """Return the children in conflict that differ: the cache has no managed fields."""
        live = observation.live
        suspects = [
            each
            for each in desired.children
            if observation.repairs.is_in_conflict(identity(each), observation.monotonic_s)
        ]
        differing = [
            each
            for each in suspects
            if (child := live.get(identity(each))) is None or next(drift(child, each), None) is not None
        ]
        return {identity(each): await self._get(each) for each in differing}

    async def _get(self, manifest: Manifest) -> Manifest | None:
        metadata = manifest["metadata"]
        return await self.kube.get(RESOURCE_BY_KIND[manifest["kind"]], metadata["namespace"], metadata["name"])

    async def _exists(self, key: Key, resource: Manifest) -> bool:
        """Return True if the service exists and is not being deleted.

        The cache may not know yet: after an outage, the deletion of the children may be reported first.
        """
        now = await self.kube.get(DIARIZATION_SERVICES, key.namespace, key.name)
        return now is not None and not is_being_deleted(now) and now["metadata"]["uid"] == resource["metadata"]["uid"]

    async def _settings_readers(self, key: Key, observation: Observation, desired: DesiredState) -> list[Manifest]:
        """Return the pods and pod templates that may refer to settings which are no longer desired.

        An earlier ReplicaSet may create pods as long as it has any; they need the settings of the others.
        """
        wanted = {identity(manifest) for manifest in desired.children}
        if not any(is_settings_config_map(child) and identity(child) not in wanted for child in observation.children):
            return []
        found = await self.kube.list_namespaced(
            key.namespace, REPLICA_SETS, f"{INSTANCE_LABEL}={key.name},{MANAGED_BY_OPERATOR}"
        )
        sets = [each for each in found if each["spec"]["replicas"] or each.get("status", {}).get("replicas")]
        deployments = [child for child in observation.children if child["kind"] == DEPLOYMENTS.kind]
        return [*observation.pods, *(each["spec"]["template"] for each in (*deployments, *sets))]

    async def _setup_failures(self, pods: Iterable[Manifest], now: datetime) -> dict[str, Finding]:
        """Return why the newest pod that takes long to be set up is not, by its UID: one request, or none."""
        pod = late_pod(pods, now)
        failure = setup_failure(pod, await self._events(pod)) if pod else None
        return {pod["metadata"]["uid"]: failure} if pod and failure else {}

    async def _events(self, live: Manifest) -> Sequence[Manifest]:
        try:
            return await self.kube.list_events(live)
        except RejectedError as error:  # only the explanation is missing then
            logger.warning("The Events of %s cannot be read: %s", live["metadata"]["name"], error)
            return []


def _creates_children(observation: Observation, desired: DesiredState) -> bool:
    absent = [Change(each) for each in desired.children if identity(each) not in observation.live]
    return any(observation.repairs.may_apply(change, observation.monotonic_s) for change in absent)


def _scales_down(observation: Observation, desired: DesiredState) -> bool:
    changes = [Change(each, observation.live.get(identity(each))) for each in desired.children]
    scale_downs = [change for change in changes if is_scaled_down(change.manifest, change.live)]
    return any(observation.repairs.may_apply(change, observation.monotonic_s) for change in scale_downs)
