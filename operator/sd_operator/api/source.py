"""Which model diarizes, and where it comes from."""

import re
from typing import Annotated, Literal

from pydantic import Field

from sd_operator.api.names import (
    Endpoint,
    ImageReference,
    ModelDigest,
    ObjectKey,
    ObjectName,
    PipelineName,
    Revision,
)
from sd_operator.api.rules import SpecPart, rule

SHORT_COMMIT = 12
"""Digits of a commit that people read."""
Directory = Annotated[str, Field(max_length=256)]
_INSIDE = "!has(self.path) || (!self.path.startsWith('/') && !self.path.split('/').exists(part, part == '..'))"


def _is_inside(path: str) -> bool:
    return not path.startswith("/") and ".." not in path.split("/")


class Demo(SpecPart):
    """The small model inside the image: no account, no download. For trying and testing, not for real recordings."""

    def describe(self) -> str:
        """The source in a word."""
        return "demo"


class TokenSecret(SpecPart):
    """A key of a Secret in the service's namespace, with the hub's access token and nothing else."""

    name: ObjectName
    """The Secret's name."""
    key: ObjectKey = "token"
    """The Secret's key."""


class CaBundle(SpecPart):
    """A key of a ConfigMap in the service's namespace, with certificates as PEM."""

    name: ObjectName
    """The ConfigMap's name."""
    key: ObjectKey = "ca.crt"
    """The ConfigMap's key."""


class HuggingFace(SpecPart):
    """A pipeline on the Hugging Face Hub or a mirror of it, downloaded once into the cache by a Job."""

    pipeline: PipelineName
    """The pipeline's repository, such as pyannote/speaker-diarization-community-1."""
    revision: Revision
    """A commit of 40 hex digits; a tag or a branch is resolved once, and status.model.revision has the commit."""
    token_secret_ref: TokenSecret | None = None
    """The access token for gated repositories. Only the Job that downloads sees it; a new value is used by the next."""
    endpoint: Endpoint = "https://huggingface.co"
    """The hub."""
    ca_bundle_ref: CaBundle | None = None
    """Certificates to trust besides the system's, for a mirror or a proxy with one of its own."""
    digest: ModelDigest | None = None
    """The digest that the model must have; left out, that of the first download is pinned in status.model.digest."""

    @rule(
        "pipeline and revision must not hold '..' or '--'",
        cel="[self.pipeline, self.revision].all(name, !name.contains('..')) && !self.pipeline.contains('--')",
    )
    def _names_are_plain(self) -> bool:
        return ".." not in self.pipeline + self.revision and "--" not in self.pipeline

    def describe(self) -> str:
        """The source in a word or two, for people."""
        return f"{self.pipeline}@{self.revision[:SHORT_COMMIT] if self.is_pinned else self.revision}"

    @property
    def is_pinned(self) -> bool:
        """Whether the revision is a commit, which nobody can move."""
        return re.fullmatch("[0-9a-f]{40}", self.revision) is not None


class PersistentVolumeClaim(SpecPart):
    """A claim in the service's namespace that holds a pyannote pipeline directory; it is mounted read-only."""

    claim_name: ObjectName
    """The claim's name."""
    path: Directory = ""
    """The pipeline's directory inside the claim; empty for the claim's root."""
    digest: ModelDigest | None = None
    """The digest that the model must have; left out, that of its first use is pinned in status.model.digest."""

    @rule("path lies inside the claim: it does not start with '/' and holds no '..'", cel=_INSIDE)
    def _path_is_inside(self) -> bool:
        return _is_inside(self.path)

    def describe(self) -> str:
        """The source in a word or two, for people."""
        return "/".join(filter(None, ("persistentVolumeClaim", self.claim_name, self.path)))


class Image(SpecPart):
    """An OCI image that holds a pyannote pipeline directory, mounted read-only; Kubernetes 1.35 or newer."""

    reference: ImageReference
    """The image, by digest where it must not change; it is pulled with the service's imagePullSecrets."""
    path: Directory = ""
    """The pipeline's directory inside the image; empty for the image's root."""
    digest: ModelDigest | None = None
    """The digest that the model must have; left out, that of its first use is pinned in status.model.digest."""

    @rule("path lies inside the image: it does not start with '/' and holds no '..'", cel=_INSIDE)
    def _path_is_inside(self) -> bool:
        return _is_inside(self.path)

    def describe(self) -> str:
        """The source in a word or two, for people."""
        return "/".join(filter(None, ("image", self.reference, self.path)))


OneSource = Demo | HuggingFace | PersistentVolumeClaim | Image


class Source(SpecPart):
    """Where the model comes from: exactly one of the fields."""

    demo: Demo | None = None
    """The small model inside the image: no account, no download. For trying and testing, not for real recordings."""
    hugging_face: HuggingFace | None = None
    """A pipeline on the Hugging Face Hub or a mirror of it, downloaded once into the cache by a Job."""
    persistent_volume_claim: PersistentVolumeClaim | None = None
    """A claim in the service's namespace that holds a pyannote pipeline directory; it is mounted read-only."""
    image: Image | None = None
    """An OCI image that holds a pyannote pipeline directory, mounted read-only; Kubernetes 1.35 or newer."""

    @rule(
        "give exactly one model source: demo, huggingFace, persistentVolumeClaim or image",
        cel="[has(self.demo), has(self.huggingFace), has(self.persistentVolumeClaim), has(self.image)]"
        ".filter(given, given).size() == 1",
    )
    def _exactly_one(self) -> bool:
        return len(self._given()) == 1

    @property
    def one(self) -> OneSource:
        """The one that is given."""
        return self._given()[0]

    def _given(self) -> list[OneSource]:
        every = (self.demo, self.hugging_face, self.persistent_volume_claim, self.image)
        return [each for each in every if each is not None]


class Model(SpecPart):
    """Which model diarizes, and how it is run."""

    source: Source
    """Where the model comes from: exactly one of the fields."""
    mode: Literal["exact", "fast", "reference"] = "exact"
    """exact: the same segments as pyannote.audio at a fraction of its cost. fast: nearly the same, for much less.
    reference: pyannote.audio's own pipeline, untouched; what the other two do not know runs like this, too."""
