"""A DiarizationService as the operator uses it: its identity, its parsed spec, and the model that its pods serve."""

from dataclasses import dataclass
from typing import Self

from pydantic import ValidationError

from sd_operator.api.source import AnySource, Demo, HuggingFace, PersistentVolumeClaim
from sd_operator.api.spec import DiarizationServiceSpec
from sd_operator.api.status import ServedModel
from sd_operator.resources import Manifest


class SpecError(ValueError):
    """An invalid spec that an older CRD accepted. The text names each field and its error."""


@dataclass(frozen=True, slots=True)
class DiarizationService:
    """One resource: `uid` owns the children, `generation` is the version of the spec.

    `served` is the model that the pods serve, None before the first one is available. The spec may name another one.
    """

    name: str
    namespace: str
    uid: str
    generation: int
    spec: DiarizationServiceSpec
    served: ServedModel | None = None

    @property
    def source(self) -> AnySource:
        """Return the source of the desired model."""
        return self.spec.model.source.selected

    @property
    def cache_claim(self) -> str | None:
        """Return the claim into which a model from a hub is downloaded; None for other sources."""
        if not isinstance(self.source, HuggingFace):
            return None
        return self.spec.cache.claim_name or self.own_claim

    @property
    def model_claim(self) -> str | None:
        """Return the claim of the desired model: the cache or the user's claim; None for other sources."""
        return self.source.claim_name if isinstance(self.source, PersistentVolumeClaim) else self.cache_claim

    @property
    def own_claim(self) -> str:
        """Return the name of the claim that the operator creates."""
        return f"{self.name}-models"

    @property
    def needs_own_claim(self) -> bool:
        """Return True if the desired or the served model is in the claim that the operator creates."""
        return self.own_claim in (self.cache_claim, self.served and self.served.claim_name)

    @property
    def has_desired_model(self) -> bool:
        """Return True if the served model is the desired one."""
        source, served = self.source, self.served
        if served is None or served.source != source.describe():
            return False
        if isinstance(source, Demo):
            return True
        if isinstance(source, HuggingFace):
            has_revision = served.revision == source.revision or not source.is_pinned
            if not has_revision or served.claim_name != self.cache_claim:
                return False
        return source.digest in (None, served.digest)

    @classmethod
    def parse(cls, resource: Manifest) -> Self:
        """Return the service of an object from the API server.

        Raises:
            SpecError: the spec is invalid.
        """
        metadata = resource["metadata"]
        try:
            spec = DiarizationServiceSpec.model_validate(resource.get("spec", {}))
        except ValidationError as error:
            raise SpecError(_messages(error)) from error
        source = spec.model.source.selected
        in_server_image = isinstance(source, Demo)  # needs no pin
        served = (
            ServedModel(source=source.describe(), mode=spec.model.mode) if in_server_image else served_model(resource)
        )
        return cls(
            metadata["name"], metadata["namespace"], metadata["uid"], metadata.get("generation", 0), spec, served
        )


def served_model(resource: Manifest) -> ServedModel | None:
    """Return the served model of a status; None if the status has no valid and pinned one."""
    try:
        served = ServedModel.model_validate(resource.get("status", {}).get("model") or {})
    except ValidationError:
        return None
    return served if served.digest or served.source == Demo().describe() else None


def _messages(error: ValidationError) -> str:
    return "; ".join(
        f"spec.{'.'.join(map(str, problem['loc']))}: {problem['msg'].removeprefix('Value error, ')}"
        for problem in error.errors(include_url=False, include_input=False)
    )
