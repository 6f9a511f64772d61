"""Models that a service no longer uses: its status lists them until a Job has removed them. Pure.

A Job removes all revisions of a pipeline from a claim, except those that a service of the namespace serves.
"""

from collections.abc import Iterable
from typing import NamedTuple

from sd_operator.api.service import DiarizationService, SpecError, served_model
from sd_operator.api.status import OutdatedModel, ServedModel
from sd_operator.children import model_job
from sd_operator.children.model_job import ModelTask
from sd_operator.resources import Manifest

MOST_OUTDATED_MODELS = 16
"""The number that a status can hold."""


class ClaimUser(NamedTuple):
    """A service of the namespace, with the model that it serves."""

    served: ServedModel | None
    claims: frozenset[str]
    """The claims that it serves from, will serve from, or served from before."""
    is_rolled_out: bool
    """True if all of its pods serve the desired model."""


def claim_user(resource: Manifest, *, has_rolled_out: bool) -> ClaimUser:
    """Return a service as a user of claims; one with an invalid spec serves its last model."""
    served = served_model(resource)
    claims = {each.claim_name for each in outdated_models(resource)} | {served.claim_name if served else None}
    try:
        service = DiarizationService.parse(resource)
    except SpecError:
        return ClaimUser(served, _names(claims), has_rolled_out)
    is_rolled_out = service.has_desired_model and has_rolled_out
    return ClaimUser(service.served, _names(claims | {service.model_claim}), is_rolled_out)


def _names(claims: Iterable[str | None]) -> frozenset[str]:
    return frozenset(claim for claim in claims if claim)


def outdated_models(resource: Manifest) -> tuple[OutdatedModel, ...]:
    """Return the models that the status lists as replaced and not yet removed."""
    listed = resource.get("status", {}).get("outdatedModels", ())
    return tuple(OutdatedModel.model_validate(each) for each in listed)


def with_replaced(
    outdated: Iterable[OutdatedModel], before: ServedModel | None, latest: DiarizationService
) -> tuple[OutdatedModel, ...]:
    """Return the outdated models after a service has changed from one served model to another."""
    every = {(each.claim_name, each.pipeline): each for each in outdated}
    now = latest.served
    if before and now and before.pipeline and before.claim_name and _place(before) != _place(now):
        replaced = OutdatedModel(claim_name=before.claim_name, pipeline=before.pipeline)
        every[before.claim_name, before.pipeline] = replaced
    return remaining_models(latest, every.values())


def remaining_models(service: DiarizationService, outdated: Iterable[OutdatedModel]) -> tuple[OutdatedModel, ...]:
    """Return the outdated models without those on the service's own claim if that is deleted anyway."""
    remaining = [each for each in outdated if each.claim_name != service.own_claim or service.needs_own_claim]
    return tuple(remaining[-MOST_OUTDATED_MODELS:])


def removal_of_first(outdated: Iterable[OutdatedModel], users: Iterable[ClaimUser]) -> ModelTask | None:
    """Return the task that removes the first outdated model.

    None if there is none, or if a service that uses the claim is being rolled out: its old pods still serve a model
    that its status no longer names, and it may be about to serve one that its status does not name yet.
    """
    first = next(iter(outdated), None)
    if first is None:
        return None
    users_of_claim = [each for each in users if first.claim_name in each.claims]
    if not all(each.is_rolled_out for each in users_of_claim):
        return None
    served = [each.served for each in users_of_claim if each.served]
    keep = {revision for each in served if (revision := _served_revision(each, first))}
    return model_job.removal_task(first.claim_name, first.pipeline, keep)


def _served_revision(served: ServedModel, outdated: OutdatedModel) -> str | None:
    """Return the revision of the pipeline that a service serves from the claim; None if it serves none.

    The directory counts: a service whose source is the claim itself has no pipeline, and may serve a downloaded one.
    """
    if served.claim_name != outdated.claim_name:
        return None
    folder, revision, *_ = [*(served.path or "").split("/"), ""]
    return revision if folder == outdated.pipeline.replace("/", "--") else None


def _place(served: ServedModel) -> tuple[str | None, str | None]:
    return served.claim_name, served.path
