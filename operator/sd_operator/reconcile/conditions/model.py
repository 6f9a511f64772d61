"""The conditions ModelAccess and ModelCached."""

from sd_operator.api.reason import Reason
from sd_operator.api.service import DiarizationService
from sd_operator.api.source import Demo, HuggingFace
from sd_operator.reconcile.conditions.condition_update import ConditionUpdate
from sd_operator.reconcile.finding import Finding
from sd_operator.reconcile.model.attempts import ACCESS_REASONS
from sd_operator.reconcile.observation import Observation

AFTER_ACCESS = (Reason.INSUFFICIENT_SPACE, Reason.CORRUPT, Reason.UNSUPPORTED_PIPELINE)
"""Reasons of a download that follow only after every repository has granted access."""


def conditions(observation: Observation) -> list[ConditionUpdate]:
    """Return both conditions; none if the spec is invalid."""
    if observation.desired is None:
        return []
    service, finding = observation.desired.service, observation.desired.model.finding
    return [_access(service, finding), _cached(service, finding)]


def _access(service: DiarizationService, finding: Finding | None) -> ConditionUpdate:
    """Return the last response of the hub: it is not asked again about a model that is cached."""
    source = service.source
    if not isinstance(source, HuggingFace):
        message = f"No hub is used: the model comes from {source.describe()}."
        return ConditionUpdate("ModelAccess", status=True, reason=Reason.NOT_NEEDED, message=message)
    if finding and finding.reason in ACCESS_REASONS:
        return ConditionUpdate.because_of(finding, "ModelAccess", status=False)
    if finding and not service.has_desired_model and finding.reason not in AFTER_ACCESS:
        return ConditionUpdate("ModelAccess", status=None, reason=Reason.CHECKING, message=finding.message)
    message = f"{source.endpoint} has granted access to {source.pipeline} at {source.revision}."
    return ConditionUpdate("ModelAccess", status=True, reason=Reason.GRANTED, message=message)


def _cached(service: DiarizationService, finding: Finding | None) -> ConditionUpdate:
    served = service.served
    if finding or served is None or not service.has_desired_model:
        found = finding or Finding(Reason.DOWNLOADING, "The model is being provisioned.")
        return ConditionUpdate.because_of(found, "ModelCached", status=False)
    if isinstance(service.source, Demo):
        message = "The demo model is part of the server image."
        return ConditionUpdate("ModelCached", status=True, reason=Reason.BUILT_IN, message=message)
    what = f"{served.pipeline} at {served.revision}" if served.pipeline else service.source.describe()
    message = f"{what} is cached and matches its pinned digest {served.digest}."
    return ConditionUpdate("ModelCached", status=True, reason=Reason.CACHED, message=message)
