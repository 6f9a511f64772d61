"""A DiarizationService as the operator holds it: who it is, and its spec, parsed."""

from dataclasses import dataclass
from typing import Self

from pydantic import ValidationError

from sd_operator.api.models import DiarizationServiceSpec
from sd_operator.vocabulary import Manifest


class SpecError(ValueError):
    """A spec that the CRD of an older version let in; its text names each field and what is wrong with it."""


@dataclass(frozen=True, slots=True)
class DiarizationService:
    """One resource: `uid` owns the children, `generation` is what a status has seen."""

    name: str
    namespace: str
    uid: str
    generation: int
    spec: DiarizationServiceSpec

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
        return cls(metadata["name"], metadata["namespace"], metadata["uid"], metadata.get("generation", 0), spec)


def _sentences(error: ValidationError) -> str:
    return "; ".join(
        f"spec.{'.'.join(map(str, problem['loc']))}: {problem['msg'].removeprefix('Value error, ')}"
        for problem in error.errors(include_url=False, include_input=False)
    )
