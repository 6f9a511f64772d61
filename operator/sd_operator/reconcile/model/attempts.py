"""Repeated attempts at the task of a model Job: the delay between them, and messages about failed ones. Pure."""

from sd_operator.api.reason import Reason
from sd_operator.api.service import DiarizationService
from sd_operator.api.source import HuggingFace
from sd_operator.reconcile.finding import Finding

TOKEN_REASONS = (Reason.TOKEN_MISSING, Reason.TOKEN_INVALID, Reason.TOKEN_LACKS_GATED_READ)
NEEDS_USER_ACTION = (
    *TOKEN_REASONS,
    Reason.TERMS_NOT_ACCEPTED,
    Reason.REPOSITORY_NOT_FOUND,
    Reason.REVISION_NOT_FOUND,
)
"""Reasons that a user resolves without an event for the operator, which may not read Secrets."""
ACCESS_REASONS = (*NEEDS_USER_ACTION, Reason.HUB_UNREACHABLE)
"""Reasons for which the hub does not provide a model."""
FIRST_DELAY_S, LONGEST_DELAY_S = 5.0, 60.0
POD_REJECTION_DELAY_S = 8.0
"""The delay for everything that a quota or admission rejects. It counts from the creation of the Job."""


def delay_s(service: DiarizationService, failure: Finding | None, attempt: int) -> float | None:
    """Return the delay between the end of an attempt and the next one; None if only another spec helps."""
    reason = failure.reason if failure else ""
    if reason == Reason.UNSUPPORTED_PIPELINE and isinstance(service.source, HuggingFace):
        return None
    if reason in NEEDS_USER_ACTION:
        return LONGEST_DELAY_S
    if reason in (Reason.QUOTA_EXCEEDED, Reason.PODS_REJECTED):
        return POD_REJECTION_DELAY_S
    return min(FIRST_DELAY_S * 2 ** min(attempt - 1, 9), LONGEST_DELAY_S)


def in_progress(service: DiarizationService, job: str) -> Finding:
    """Return the message about a Job that provides the model."""
    match service.source:
        case HuggingFace() as hub:
            action = f"downloads {hub.pipeline} at {hub.revision} from {hub.endpoint}"
        case source:
            action = f"verifies the model in {source.describe()}"
    return Finding(Reason.DOWNLOADING, f"Job {job} {action}.")


def explained(service: DiarizationService, failure: Finding) -> Finding:
    """Return the failure with what only the operator knows: the Secret from which the token is read."""
    source = service.source
    if failure.reason not in TOKEN_REASONS or not isinstance(source, HuggingFace):
        return failure
    if (secret := source.token_secret_ref) is None:
        return failure.followed_by("Name the Secret in spec.model.source.huggingFace.tokenSecretRef.")
    if failure.reason == Reason.TOKEN_MISSING:
        missing = f"Secret {secret.name} does not exist or has no token under key {secret.key}."
        return Finding(failure.reason, f"{missing} {failure.message}")
    return failure.followed_by(f"The token is read from key {secret.key} of Secret {secret.name}.")
