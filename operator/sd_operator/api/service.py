"""A DiarizationService as the operator holds it: who it is, and its spec, parsed."""

from dataclasses import dataclass
from typing import Self

from pydantic import ValidationError

from sd_operator.api.source import Demo, HuggingFace, OneSource, PersistentVolumeClaim
from sd_operator.api.spec import DiarizationServiceSpec
from sd_operator.api.status import ServedModel
from sd_operator.resources import Manifest


class SpecError(ValueError):
    """A spec that the CRD of an older version let in; its text names each field and what is wrong with it."""


@dataclass(frozen=True, slots=True)
class DiarizationService:
    """One resource: `uid` owns the children, `generation` is what a status has seen.

    `served` is the model that its pods serve, None where there has been none yet; its spec may ask for another already.
    """

    name: str
    namespace: str
    uid: str
    generation: int
    spec: DiarizationServiceSpec
    served: ServedModel | None = None

    @property
    def source(self) -> OneSource:
        """Where the model that is asked for comes from."""
        return self.spec.model.source.one

    @property
    def cache_claim(self) -> str | None:
        """The claim that a model from a hub is downloaded into; None for other sources."""
        if not isinstance(self.source, HuggingFace):
            return None
        return self.spec.cache.claim_name or self.own_claim

    @property
    def model_claim(self) -> str | None:
        """The claim that the model that is asked for is on, or is going to be: a cache, or one of the user's own."""
        return self.source.claim_name if isinstance(self.source, PersistentVolumeClaim) else self.cache_claim

    @property
    def own_claim(self) -> str:
        """The name of the claim that the operator makes where none is given."""
        return f"{self.name}-models"

    @property
    def needs_own_claim(self) -> bool:
        """Whether its model is in that claim, or is going to be."""
        return self.own_claim in (self.cache_claim, self.served and self.served.claim_name)

    @property
    def has_desired_model(self) -> bool:
        """Whether what it serves is what it asks for."""
        source, served = self.source, self.served
        if served is None or served.source != source.describe():
            return False
        if isinstance(source, Demo):
            return True
        if isinstance(source, HuggingFace):
            is_its_commit = served.revision == source.revision or not source.is_pinned
            if not is_its_commit or served.claim_name != self.cache_claim:
                return False
        return source.digest in (None, served.digest)

    @classmethod
    def parse(cls, resource: Manifest) -> Self:
        """Reads the API server's object.

        Raises:
            SpecError: the spec contradicts itself or lacks what it must have.
        """
        metadata = resource["metadata"]
        try:
            spec = DiarizationServiceSpec.model_validate(resource.get("spec", {}))
        except ValidationError as error:
            raise SpecError(_sentences(error)) from error
        source = spec.model.source.one
        in_the_image = isinstance(source, Demo)  # it needs no pin
        served = ServedModel(source=source.describe(), mode=spec.model.mode) if in_the_image else served_model(resource)
        return cls(
            metadata["name"], metadata["namespace"], metadata["uid"], metadata.get("generation", 0), spec, served
        )


def served_model(resource: Manifest) -> ServedModel | None:
    """What a resource's status says is served; None where it says nothing that can be relied on."""
    try:
        served = ServedModel.model_validate(resource.get("status", {}).get("model") or {})
    except ValidationError:
        return None
    return served if served.digest or served.source == Demo().describe() else None


def _sentences(error: ValidationError) -> str:
    return "; ".join(
        f"spec.{'.'.join(map(str, problem['loc']))}: {problem['msg'].removeprefix('Value error, ')}"
        for problem in error.errors(include_url=False, include_input=False)
    )
