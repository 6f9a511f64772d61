"""The conditions ModelAccess and ModelCached: whether the model may be had, and whether it is there. Pure."""

from sd_operator.api.service import DiarizationService
from sd_operator.api.source import Demo, HuggingFace
from sd_operator.reconcile.conditions.readiness import Verdict
from sd_operator.reconcile.model.provisioning import ACCESS, DOWNLOADING
from sd_operator.reconcile.observe import Observation
from sd_operator.reconcile.reason import Cause

AFTER_ACCESS = ("InsufficientSpace", "Corrupt", "UnsupportedPipeline")
"""What a downloader only says once every repository has let it in."""


def verdicts(service: DiarizationService | None, seen: Observation) -> list[Verdict]:
    """Both; none where the spec cannot be read."""
    return [] if service is None else [_access(service, seen.model), _cached(service, seen.model)]


def _access(service: DiarizationService, cause: Cause | None) -> Verdict:
    """What the hub said last: of a model that is there, it is not asked again."""
    source = service.source
    if not isinstance(source, HuggingFace):
        sentence = f"No hub is asked: the model comes from {source.describe()}."
        return Verdict("ModelAccess", status=True, reason="NotNeeded", message=sentence)
    if cause and cause.reason in ACCESS:
        return Verdict("ModelAccess", status=False, reason=cause.reason, message=cause.message)
    if cause and not service.has_desired_model and cause.reason not in AFTER_ACCESS:
        return Verdict("ModelAccess", status=None, reason="Checking", message=cause.message)
    sentence = f"{source.endpoint} has let {source.pipeline} at {source.revision} be had."
    return Verdict("ModelAccess", status=True, reason="Granted", message=sentence)


def _cached(service: DiarizationService, cause: Cause | None) -> Verdict:
    served = service.served
    if cause or served is None or not service.has_desired_model:
        found = cause or Cause(DOWNLOADING, "The model is on its way.")
        return Verdict("ModelCached", status=False, reason=found.reason, message=found.message)
    if isinstance(service.source, Demo):
        return Verdict("ModelCached", status=True, reason="BuiltIn", message="The demo model is in the image.")
    what = f"{served.pipeline} at {served.revision}" if served.pipeline else service.source.describe()
    sentence = f"{what} is there, pinned as {served.digest}."
    return Verdict("ModelCached", status=True, reason="Cached", message=sentence)
