"""Carries a plan out: creates and changes together, then removes."""

import asyncio

from sd_operator.reconcile.cause import Cause
from sd_operator.reconcile.decide import Plan
from sd_operator.runtime.cache import Cache
from sd_operator.runtime.kube import Kube, RejectedError
from sd_operator.vocabulary import Manifest


async def carry_out(kube: Kube, cache: Cache, plan: Plan) -> list[Cause]:
    """Returns what the API server refused; everything else is done.

    Raises:
        UnreachableError: the API server did not answer; what was written stays, the rest comes with the next try.
    """
    answers = await asyncio.gather(*(_apply(kube, cache, manifest) for manifest in plan.apply))
    await asyncio.gather(*(kube.delete(live) for live in plan.delete))
    return plan.refusals + [refusal for refusal in answers if refusal is not None]


async def _apply(kube: Kube, cache: Cache, manifest: Manifest) -> Cause | None:
    try:
        cache.put(await kube.apply(manifest))
    except RejectedError as refusal:
        what = f"{manifest['kind']} {manifest['metadata']['name']}"
        return Cause("Refused", f"The API server refused {what}: {refusal}")
    return None
