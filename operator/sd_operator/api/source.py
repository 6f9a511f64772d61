"""Which model diarizes, and where it comes from."""

from typing import Annotated, Literal

from pydantic import Field

from sd_operator.api.names import ObjectName
from sd_operator.api.rules import Part, rule


class Demo(Part):
    """The small model inside the image: no account, no download. For trying and testing, not for real recordings."""


class PersistentVolumeClaim(Part):
    """A claim in the service's namespace that holds a pyannote pipeline directory; it is mounted read-only."""

    claim_name: ObjectName
    """The claim's name."""
    path: Annotated[str, Field(max_length=256)] = ""
    """The pipeline's directory inside the claim; empty for the claim's root."""

    @rule(
        "path lies inside the claim: it does not start with '/' and holds no '..'",
        cel="!has(self.path) || (!self.path.startsWith('/') && !self.path.split('/').exists(part, part == '..'))",
    )
    def _path_is_inside(self) -> bool:
        return not self.path.startswith("/") and ".." not in self.path.split("/")


class Source(Part):
    """Where the model comes from: exactly one of the fields."""

    demo: Demo | None = None
    """The small model inside the image: no account, no download. For trying and testing, not for real recordings."""
    persistent_volume_claim: PersistentVolumeClaim | None = None
    """A claim in the service's namespace that holds a pyannote pipeline directory; it is mounted read-only."""

    @rule(
        "give exactly one model source: demo or persistentVolumeClaim",
        cel="[has(self.demo), has(self.persistentVolumeClaim)].filter(given, given).size() == 1",
    )
    def _exactly_one(self) -> bool:
        return [self.demo, self.persistent_volume_claim].count(None) == 1

    def describe(self) -> str:
        """The source in one word or two, for people."""
        claim = self.persistent_volume_claim
        if claim is None:
            return "demo"
        return "/".join(filter(None, ("persistentVolumeClaim", claim.claim_name, claim.path)))


class Model(Part):
    """Which model diarizes, and how it is run."""

    source: Source
    """Where the model comes from: exactly one of the fields."""
    mode: Literal["exact", "fast", "reference"] = "exact"
    """exact: the same segments as pyannote.audio at a fraction of its cost. fast: nearly the same, for much less.
    reference: pyannote.audio's own pipeline, untouched; what the other two do not know runs like this, too."""
