"""One look at one service: observe, decide, apply, report."""

import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from sd_operator.api.service import DiarizationService, SpecError
from sd_operator.children import desired
from sd_operator.kube.cache import Cache, Key
from sd_operator.kube.client import KubeClient
from sd_operator.kube.discovery import Discovery
from sd_operator.kube.errors import RejectedError
from sd_operator.reconcile.apply import Outcome, carry_out
from sd_operator.reconcile.conditions.kubelet_events import failed_setups
from sd_operator.reconcile.conditions.pod_startup import any_is_being_set_up, any_starts
from sd_operator.reconcile.decide import Plan, decide, leaving
from sd_operator.reconcile.drift.field_conflicts import TRUCE_S, Conflicts
from sd_operator.reconcile.events import events
from sd_operator.reconcile.model.model_jobs import Errands
from sd_operator.reconcile.model.provisioning import supply
from sd_operator.reconcile.observe import Observation, is_there, settings_readers
from sd_operator.reconcile.pod_requests import ask_for_pods_again, pods_are_refused
from sd_operator.reconcile.reason import Cause
from sd_operator.reconcile.retry_backoff import Refused
from sd_operator.reconcile.scale_down import Workloads, goes_down, mark_idlest
from sd_operator.reconcile.status import is_reported, status
from sd_operator.resources import DEPLOYMENTS, RESOURCE_BY_KIND, Manifest
from sd_operator.settings import Installation

logger = logging.getLogger(__name__)


def utc_now() -> datetime:
    """The time for conditions."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciler:
    """Brings services to their specs. It may be killed after any write: the next look takes it from there."""

    kube: KubeClient
    cache: Cache
    installation: Installation
    discovery: Discovery
    errands: Errands
    pods: Workloads
    now: Callable[[], datetime] = utc_now
    clock: Callable[[], float] = time.monotonic
    conflicts: Conflicts = field(default_factory=Conflicts)
    refused: Refused = field(default_factory=Refused)

    async def reconcile(self, key: Key) -> float | None:
        """Says after how many seconds the service has to be looked at again although nothing happened to it.

        Raises:
            KubeError: the API server did not answer, or does not let the operator read.
        """
        resource = self.cache.service(key)
        if resource is None or leaving(resource):
            self.conflicts.forget(key)
            self.refused.pause_s(key, refused=False)
            return None  # the children have it as their owner: the cluster's garbage collector removes them
        try:
            service = DiarizationService.parse(resource)
        except SpecError as error:
            await self._report(None, Observation(resource, *self._living(key), [Cause("InvalidSpec", str(error))]))
            return None  # a changed spec is a new event
        return await self._bring(key, service, resource)

    async def _bring(self, key: Key, service: DiarizationService, resource: Manifest) -> float | None:
        now = self.now()
        model = supply(service, self.installation, await self.errands.known(key, service, resource, now), now)
        service = model.service
        wanted, missing = self._possible(desired(service, self.installation))
        plan = await self._plan(key, service, wanted)
        if plan.makes and not await is_there(self.kube, key, resource):
            return None  # that it has gone is an event on its way
        outcome, found = await self._carry_out(key, plan), list[Manifest]()
        while outcome.found:  # each is found but once
            found += outcome.found
            outcome = await self._carry_out(key, await self._plan(key, service, wanted, found))
        if not outcome.refusals:  # a Job is nothing without its claim
            outcome.refusals.extend(await self.errands.carry_out(key, model))
        contested = self.conflicts.causes(key, self.clock())
        unmade = await failed_setups(self.kube, self.cache.serving_pods(key), self.now())
        forbidden = missing & self.discovery.forbidden
        seen = Observation(
            resource,
            *self._living(key),
            outcome.refusals,
            contested,
            missing,
            forbidden,
            unmade,
            model=model.cause,
            leftover=model.leftover,
            outdated=model.outdated,
        )
        await self._report(service, seen)
        pauses_s = (model.again_after_s, await self._again_after_s(key, seen))
        return min((each for each in pauses_s if each is not None), default=None)

    async def _again_after_s(self, key: Key, seen: Observation) -> float | None:
        refused = pods_are_refused(seen)
        unfinished = refused or bool(seen.refusals) or any_is_being_set_up(seen.pods)
        pause_s = self.refused.pause_s(key, refused=unfinished)
        if refused and not seen.refusals:
            await ask_for_pods_again(self.kube, seen.child(DEPLOYMENTS.kind), self.now(), pause_s or 0)
        return pause_s or (TRUCE_S if seen.conflicts or any_starts(seen.pods) else None)

    def _possible(self, wanted: Iterable[Manifest]) -> tuple[list[Manifest], frozenset[str]]:
        """The children that the cluster can have, and the kinds of the others."""
        present, every = self.discovery.available, [*wanted]
        missing = frozenset(manifest["kind"] for manifest in every) - present
        return [manifest for manifest in every if manifest["kind"] in present], missing

    async def _plan(
        self, key: Key, service: DiarizationService, wanted: list[Manifest], found: Iterable[Manifest] = ()
    ) -> Plan:
        """What is to be written, with `found` beside the children that the cache knows, and knows better once written.

        Repairs that somebody else would only undo again are held back.
        """
        live = [*found, *self.cache.children(key)]
        readers = await settings_readers(self.kube, self.cache, key, wanted, live)
        plan, now = decide(service, wanted, live, readers), self.clock()
        if unseen := await self._blame(key, plan, now):
            return await self._plan(key, service, wanted, [*found, *unseen])
        return replace(plan, apply=[change for change in plan.apply if self.conflicts.may_repair(key, change, now)])

    async def _blame(self, key: Key, plan: Plan, now: float) -> list[Manifest]:
        """Finds out who keeps changing what; gives what is there although the cache does not know it."""
        unseen: list[Manifest] = []
        for change in plan.apply:
            if not self.conflicts.is_contested(key, change, now):
                continue
            metadata = change.manifest["metadata"]
            live = await self.kube.get(
                RESOURCE_BY_KIND[change.manifest["kind"]], metadata["namespace"], metadata["name"]
            )
            if live and change.live is None:
                unseen.append(live)
            else:
                self.conflicts.blame(key, change, live)
        return unseen

    async def _carry_out(self, key: Key, plan: Plan) -> Outcome:
        if goes_down(plan):
            await mark_idlest(self.kube, self.pods, self.cache.serving_pods(key))
        outcome = await carry_out(self.kube, self.cache, plan)
        self.conflicts.remember(key, outcome.applied, plan, self.clock())
        return outcome

    def _living(self, key: Key) -> tuple[list[Manifest], list[Manifest]]:
        return self.cache.children(key), self.cache.serving_pods(key)

    async def _report(self, service: DiarizationService | None, seen: Observation) -> None:
        resource = seen.resource
        latest = status(service, seen, self.now())
        if is_reported(latest, resource.get("status", {})):
            return
        for event in events(resource, latest, self.now()):
            await self._tell(event)
        identity = {name: resource["metadata"][name] for name in ("name", "namespace", "uid")}
        head = {name: resource[name] for name in ("apiVersion", "kind")}
        self.cache.upsert(await self.kube.apply_status(head | {"metadata": identity, "status": latest}))

    async def _tell(self, event: Manifest) -> None:
        """An Event is a courtesy: where it is refused, the status says the same."""
        try:
            await self.kube.create(event)
        except RejectedError as refusal:
            logger.warning("The Event %s was refused: %s", event["reason"], refusal)
