"""Carries a plan out: removes what must not be there beside its successor, creates and changes, removes the rest."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any

from sd_operator.kube.cache import Cache
from sd_operator.kube.client import KubeClient
from sd_operator.kube.errors import AlreadyExistsError, RejectedError
from sd_operator.reconcile.decide import AUTOSCALERS, OF_PODS, Change, Plan
from sd_operator.reconcile.drift.additions import additions
from sd_operator.reconcile.reason import Cause
from sd_operator.resources import DEPLOYMENTS, Manifest


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was written whole, what the API server refused, and what unexpectedly has the name of something new.

    The cache only sees what carries the operator's label.
    """

    applied: list[Change] = field(default_factory=list[Change])
    refusals: list[Cause] = field(default_factory=list[Cause])
    found: list[Manifest] = field(default_factory=list[Manifest])


async def carry_out(kube: KubeClient, cache: Cache, plan: Plan) -> Outcome:
    """Does everything but what the API server refuses, and what would read that.

    Raises:
        UnavailableError: the API server did not answer; what was written stays, the rest comes with the next try.
    """
    outcome = Outcome(refusals=[*plan.refusals])
    await _delete_all(kube, [live for live in plan.delete if live["kind"] in AUTOSCALERS], outcome)
    await _all(
        _apply_pods(kube, cache, [change for change in plan.apply if change.manifest["kind"] in OF_PODS], outcome),
        _apply_all(kube, cache, [change for change in plan.apply if change.manifest["kind"] not in OF_PODS], outcome),
    )
    await _delete_all(kube, [live for live in plan.delete if live["kind"] not in AUTOSCALERS], outcome)
    return outcome


async def _all(*works: Coroutine[Any, Any, Any]) -> list[Any]:
    """What each returns; what one of them raises is raised when all have ended.

    A write of this plan that was still under way could otherwise land after those of the next.
    """
    ended = await asyncio.gather(*works, return_exceptions=True)
    for each in ended:
        if isinstance(each, BaseException):
            raise each
    return ended


async def _apply_pods(kube: KubeClient, cache: Cache, changes: list[Change], outcome: Outcome) -> None:
    """What a pod reads at its start is there before the Deployment asks for pods; they would not read it again."""
    read = [each for each in changes if each.manifest["kind"] != DEPLOYMENTS.kind]
    if await _apply_all(kube, cache, read, outcome):
        await _apply_all(kube, cache, [each for each in changes if each not in read], outcome)


async def _apply_all(kube: KubeClient, cache: Cache, changes: list[Change], outcome: Outcome) -> bool:
    return all(await _all(*(_apply(kube, cache, change, outcome) for change in changes)))


async def _apply(kube: KubeClient, cache: Cache, change: Change, outcome: Outcome) -> bool:
    manifest = change.manifest
    try:
        live = await (kube.apply if change.live else kube.apply_if_absent)(manifest)
        added = additions(live, manifest)
        whole = await kube.remove_fields(live, added) if added else live
        cache.upsert(whole or live)
    except AlreadyExistsError as taken:
        outcome.found.append(taken.live)
        return False
    except RejectedError as refusal:
        what = f"{manifest['kind']} {manifest['metadata']['name']}"
        outcome.refusals.append(Cause("RequestRejected", f"The API server refused {what}: {refusal}"))
        return False
    if whole is not None:  # otherwise it has changed in between: that is an event, and the next look takes them out
        outcome.applied.append(change)
    return True


async def _delete_all(kube: KubeClient, unwanted: list[Manifest], outcome: Outcome) -> None:
    await _all(*(_delete(kube, live, outcome) for live in unwanted))


async def _delete(kube: KubeClient, live: Manifest, outcome: Outcome) -> None:
    try:
        await kube.delete(live)
    except RejectedError as refusal:
        what = f"{live['kind']} {live['metadata']['name']}"
        outcome.refusals.append(Cause("RequestRejected", f"The API server refused to remove {what}: {refusal}"))
