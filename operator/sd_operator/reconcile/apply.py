"""All writes of a pass, in an order that is safe at every point at which the operator may be killed.

Deletion costs, then autoscalers that must go, then children (what pods read before the Deployment), then other
deletions, then model Jobs. What the API server rejects does not stop the rest, except what depends on it.
"""

import asyncio
import logging
from collections.abc import Coroutine, Iterable
from dataclasses import dataclass
from typing import Any

from sd_operator.api.reason import Reason
from sd_operator.kube.cache import Cache, Key
from sd_operator.kube.client import KubeClient
from sd_operator.kube.errors import AlreadyExistsError, RejectedError
from sd_operator.reconcile.decide import AUTOSCALERS, POD_DEPENDENCIES
from sd_operator.reconcile.drift.admission import acceptance
from sd_operator.reconcile.finding import Finding
from sd_operator.reconcile.model.model_jobs import ModelJobs
from sd_operator.reconcile.objects import title
from sd_operator.reconcile.plan import Change, Outcome, Plan
from sd_operator.reconcile.retry_backoff import POD_RETRY_ANNOTATION
from sd_operator.reconcile.scale_down import DELETION_COST_ANNOTATION
from sd_operator.resources import DEPLOYMENTS, Manifest

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Applier:
    """The writer of plans."""

    kube: KubeClient
    cache: Cache
    model_jobs: ModelJobs

    async def apply(self, key: Key, plan: Plan) -> Outcome:
        """Write everything of the plan that the API server accepts.

        Raises:
            UnavailableError: the API server did not respond. What was written remains; the next pass does the rest.
            LeaseLostError: another operator may write now.
        """
        outcome = Outcome(plan)
        await _all(self._annotate(pod, DELETION_COST_ANNOTATION, cost) for pod, cost in plan.deletion_costs)
        await self._delete([live for live in plan.delete if live["kind"] in AUTOSCALERS], outcome)
        await self._apply_children(plan.apply, outcome)
        await self._delete([live for live in plan.delete if live["kind"] not in AUTOSCALERS], outcome)
        if not (plan.errors or outcome.errors or outcome.found):  # a model Job needs its claim and its service account
            await self.model_jobs.apply(key, outcome)
        if plan.pod_retry and not outcome.errors:
            deployment, time = plan.pod_retry
            await self._annotate(deployment, POD_RETRY_ANNOTATION, time)
        return outcome

    async def _apply_children(self, changes: list[Change], outcome: Outcome) -> None:
        """Apply the Deployment after what its pods read: they read it only when they start."""
        groups: dict[str, list[Change]] = {"first": [], "deployment": [], "other": []}
        for change in changes:
            kind = change.manifest["kind"]
            group = "first" if kind in POD_DEPENDENCIES else "deployment" if kind == DEPLOYMENTS.kind else "other"
            groups[group].append(change)

        async def pods() -> None:
            if all(await _all(self._apply(change, outcome) for change in groups["first"])):
                await _all(self._apply(change, outcome) for change in groups["deployment"])

        await _all([pods(), *(self._apply(change, outcome) for change in groups["other"])])

    async def _apply(self, change: Change, outcome: Outcome) -> bool:
        """Apply one manifest; return False if it was not."""
        try:
            live = await (self.kube.apply if change.live else self.kube.apply_if_absent)(change.manifest)
            self.cache.upsert(live)
            outcome.applied.append(change)
            outcome.live.append(await self._accepted(live, change.manifest))
        except AlreadyExistsError as taken:
            outcome.found.append(taken.live)
            return False
        except RejectedError as error:
            outcome.errors.append(_rejected(f"{title(change.manifest)}: {error}"))
            return False
        return True

    async def _accepted(self, live: Manifest, manifest: Manifest) -> Manifest:
        """Return the object after recording on it which fields admission changed."""
        annotations = acceptance(live, manifest)
        if not annotations:
            return live
        logger.info("Admission changed fields of %s; the operator accepts: %s", title(live), annotations)
        recorded = await self.kube.annotate(live, annotations)
        self.cache.upsert(recorded)
        return recorded

    async def _delete(self, unwanted: Iterable[Manifest], outcome: Outcome) -> None:
        async def delete(live: Manifest) -> None:
            try:
                await self.kube.delete(live)
            except RejectedError as error:
                outcome.errors.append(_rejected(f"the deletion of {title(live)}: {error}"))

        await _all(delete(live) for live in unwanted)

    async def _annotate(self, live: Manifest, name: str, value: str) -> None:
        try:
            await self.kube.annotate(live, {name: value})
        except RejectedError as error:  # the object may be gone, and the rest of the plan does not need it
            logger.warning("The API server rejected the annotation %s on %s: %s", name, title(live), error)


def _rejected(what: str) -> Finding:
    return Finding(Reason.REQUEST_REJECTED, f"The API server rejected {what}")


async def _all(writes: Iterable[Coroutine[Any, Any, Any]]) -> list[Any]:
    """Return the results of all writes, and raise the first error only after all have ended.

    A write that is still in flight could otherwise arrive after those of the next pass.
    """
    results = await asyncio.gather(*writes, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return results
