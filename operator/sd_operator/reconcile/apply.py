"""Carries a plan out: removes what must not be there beside its successor, creates and changes, removes the rest."""

import asyncio
from itertools import chain

from sd_operator.reconcile.cause import Cause
from sd_operator.reconcile.decide import AUTOSCALERS, OF_PODS, Change, Plan
from sd_operator.runtime.cache import Cache
from sd_operator.runtime.kube import Kube, RejectedError
from sd_operator.vocabulary import DEPLOYMENTS, Manifest


async def carry_out(kube: Kube, cache: Cache, plan: Plan) -> list[Cause]:
    """Returns what the API server refused; everything else is done.

    Raises:
        UnreachableError: the API server did not answer; what was written stays, the rest comes with the next try.
    """
    removed = await _delete_all(kube, [live for live in plan.delete if live["kind"] in AUTOSCALERS])
    applied = await asyncio.gather(
        _apply_pods(kube, cache, [change for change in plan.apply if change.manifest["kind"] in OF_PODS]),
        _apply_all(kube, cache, [change for change in plan.apply if change.manifest["kind"] not in OF_PODS]),
    )
    removed += await _delete_all(kube, [live for live in plan.delete if live["kind"] not in AUTOSCALERS])
    return [*plan.refusals, *removed, *chain.from_iterable(applied)]


async def _apply_pods(kube: Kube, cache: Cache, changes: list[Change]) -> list[Cause]:
    """What a pod reads at its start is there before the Deployment asks for pods; they would not read it again."""
    refusals = await _apply_all(kube, cache, [each for each in changes if each.manifest["kind"] != DEPLOYMENTS.kind])
    if refusals:
        return refusals
    return await _apply_all(kube, cache, [each for each in changes if each.manifest["kind"] == DEPLOYMENTS.kind])


async def _apply_all(kube: Kube, cache: Cache, changes: list[Change]) -> list[Cause]:
    answers = await asyncio.gather(*(_apply(kube, cache, change) for change in changes))
    return [refusal for refusal in answers if refusal is not None]


async def _apply(kube: Kube, cache: Cache, change: Change) -> Cause | None:
    manifest = change.manifest
    try:
        cache.put(await kube.apply(manifest))
    except RejectedError as refusal:
        what = f"{manifest['kind']} {manifest['metadata']['name']}"
        return Cause("Refused", f"The API server refused {what}: {refusal}")
    return None


async def _delete_all(kube: Kube, unwanted: list[Manifest]) -> list[Cause]:
    answers = await asyncio.gather(*(_delete(kube, live) for live in unwanted))
    return [refusal for refusal in answers if refusal is not None]


async def _delete(kube: Kube, live: Manifest) -> Cause | None:
    try:
        await kube.delete(live)
    except RejectedError as refusal:
        what = f"{live['kind']} {live['metadata']['name']}"
        return Cause("Refused", f"The API server refused to remove {what}: {refusal}")
    return None
