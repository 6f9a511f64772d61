"""Revisions that a service has displaced on a claim: kept in its status, and removed when nobody serves them. Pure."""

from collections.abc import Iterable
from typing import NamedTuple

from sd_operator.api.service import DiarizationService, SpecError, served_model
from sd_operator.api.status import OutdatedModel, ServedModel
from sd_operator.children import model_job
from sd_operator.children.model_job import ModelTask
from sd_operator.resources import Manifest

MOST = 16
"""As many as a status holds."""


class Neighbour(NamedTuple):
    """A service of the same namespace, this one too: what it serves, and whether its pods may serve something else."""

    served: ServedModel | None
    claims: frozenset[str]
    """Those that it serves from, is going to, or did before."""
    settled: bool
    """Whether all its pods serve what it asks for."""


def neighbour(resource: Manifest, *, rolled_out: bool) -> Neighbour:
    """What is to be known of a service; one whose spec cannot be read serves what it did."""
    served = served_model(resource)
    claims = {each.claim_name for each in outdated_models(resource)} | {served.claim_name if served else None}
    try:
        service = DiarizationService.parse(resource)
    except SpecError:
        return Neighbour(served, _named(claims), rolled_out)
    return Neighbour(service.served, _named(claims | {service.model_claim}), service.has_desired_model and rolled_out)


def _named(claims: Iterable[str | None]) -> frozenset[str]:
    return frozenset(claim for claim in claims if claim)


def outdated_models(resource: Manifest) -> tuple[OutdatedModel, ...]:
    """What a service has displaced and not removed yet, by its status."""
    listed = resource.get("status", {}).get("outdatedModels", ())
    return tuple(OutdatedModel.model_validate(each) for each in listed)


def with_displaced(
    outdated: Iterable[OutdatedModel], before: ServedModel | None, latest: DiarizationService
) -> tuple[OutdatedModel, ...]:
    """What is outdated once a service serves another model than before."""
    every = {(each.claim_name, each.pipeline): each for each in outdated}
    now = latest.served
    if before and now and before.pipeline and before.claim_name and _place(before) != _place(now):
        every[before.claim_name, before.pipeline] = OutdatedModel(
            claim_name=before.claim_name, pipeline=before.pipeline
        )
    return remaining(latest, every.values())


def remaining(service: DiarizationService, outdated: Iterable[OutdatedModel]) -> tuple[OutdatedModel, ...]:
    """Without what goes anyway: a claim that the operator has made for this service and no longer needs."""
    stays = [each for each in outdated if each.claim_name != service.own_claim or service.needs_own_claim]
    return tuple(stays[-MOST:])


def errand_of(outdated: Iterable[OutdatedModel], neighbours: Iterable[Neighbour]) -> ModelTask | None:
    """The Job for the first of them; None where there is none, or where a service on that claim is on its way."""
    first = next(iter(outdated), None)
    if first is None:
        return None
    there = [each for each in neighbours if first.claim_name in each.claims]
    if not all(each.settled for each in there):
        return None  # what it is about to serve may be what nobody serves yet, and old pods serve what nobody asks for
    served = [each.served for each in there if each.served]
    keep = {revision for each in served if (revision := _revision(each, first))}
    return model_job.removal_task(first.claim_name, first.pipeline, keep)


def _revision(served: ServedModel, outdated: OutdatedModel) -> str | None:
    """Which revision of the pipeline a service serves from that claim, if any.

    One whose source is the claim itself knows of no pipeline: it may serve a directory in which a download put it.
    """
    if served.claim_name != outdated.claim_name:
        return None
    folder, revision, *_ = [*(served.path or "").split("/"), ""]
    return revision if folder == outdated.pipeline.replace("/", "--") else None


def _place(served: ServedModel) -> tuple[str | None, str | None]:
    return served.claim_name, served.path
