"""The model: its source, the cache for downloads, and the mode in which it runs."""

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
from sd_operator.api.quantities import VolumeSize
from sd_operator.api.rules import SpecPart, rule

ABBREVIATED_COMMIT_LENGTH = 12
"""Number of hex digits of a commit in messages."""
Directory = Annotated[str, Field(max_length=256)]
AccessMode = Literal["ReadWriteOnce", "ReadWriteMany"]
_INSIDE = "!has(self.path) || (!self.path.startsWith('/') && !self.path.split('/').exists(part, part == '..'))"


def _is_inside(path: str) -> bool:
    return not path.startswith("/") and ".." not in path.split("/")


class Demo(SpecPart):
    """The small model in the server image: no account and no download. For tests, not for real recordings."""

    def describe(self) -> str:
        """Return a short name of the source for messages."""
        return "demo"


class TokenSecret(SpecPart):
    """A key of a Secret in the service's namespace that contains the hub's access token and nothing else."""

    name: ObjectName
    """The name of the Secret."""
    key: ObjectKey = "token"
    """The key in the Secret."""


class CaBundle(SpecPart):
    """A key of a ConfigMap in the service's namespace that contains PEM certificates."""

    name: ObjectName
    """The name of the ConfigMap."""
    key: ObjectKey = "ca.crt"
    """The key in the ConfigMap."""


class HuggingFace(SpecPart):
    """A pipeline on the Hugging Face Hub or a mirror of it, which a Job downloads once into the cache."""

    pipeline: PipelineName
    """The repository of the pipeline, such as pyannote/speaker-diarization-community-1."""
    revision: Revision
    """A commit of 40 hex digits, a tag or a branch. A tag or a branch is resolved once to the commit in
    status.model.revision."""
    token_secret_ref: TokenSecret | None = None
    """The access token for gated repositories. Only the download Job mounts it. A new value is used by the next Job."""
    endpoint: Endpoint = "https://huggingface.co"
    """The URL of the hub."""
    ca_bundle_ref: CaBundle | None = None
    """Certificates to trust in addition to those of the system, for a mirror or proxy with a private CA."""
    digest: ModelDigest | None = None
    """The required digest of the model. Default: the digest of the first download, pinned in status.model.digest."""

    @rule(
        "pipeline and revision must not contain '..', and pipeline must not contain '--'",
        cel="[self.pipeline, self.revision].all(name, !name.contains('..')) && !self.pipeline.contains('--')",
    )
    def _names_are_safe_paths(self) -> bool:
        return ".." not in self.pipeline + self.revision and "--" not in self.pipeline

    def describe(self) -> str:
        """Return a short name of the source for messages."""
        return f"{self.pipeline}@{self.revision[:ABBREVIATED_COMMIT_LENGTH] if self.is_pinned else self.revision}"

    @property
    def is_pinned(self) -> bool:
        """Return True if the revision is a commit, which cannot change."""
        return re.fullmatch("[0-9a-f]{40}", self.revision) is not None


class PersistentVolumeClaim(SpecPart):
    """A claim in the service's namespace with a pyannote pipeline directory. It is mounted read-only."""

    claim_name: ObjectName
    """The name of the claim."""
    path: Directory = ""
    """The pipeline's directory in the claim. Default: the root of the claim."""
    digest: ModelDigest | None = None
    """The required digest of the model. Default: the digest at its first use, pinned in status.model.digest."""

    @rule("path must be inside the claim: it must not start with '/' or contain '..'", cel=_INSIDE)
    def _path_is_inside(self) -> bool:
        return _is_inside(self.path)

    def describe(self) -> str:
        """Return a short name of the source for messages."""
        return "/".join(filter(None, ("persistentVolumeClaim", self.claim_name, self.path)))


class Image(SpecPart):
    """An OCI image with a pyannote pipeline directory. It is mounted read-only. Needs Kubernetes 1.35 or later."""

    reference: ImageReference
    """The image, pulled with the service's imagePullSecrets. Use a digest if the model must not change."""
    path: Directory = ""
    """The pipeline's directory in the image. Default: the root of the image."""
    digest: ModelDigest | None = None
    """The required digest of the model. Default: the digest at its first use, pinned in status.model.digest."""

    @rule("path must be inside the image: it must not start with '/' or contain '..'", cel=_INSIDE)
    def _path_is_inside(self) -> bool:
        return _is_inside(self.path)

    def describe(self) -> str:
        """Return a short name of the source for messages."""
        return "/".join(filter(None, ("image", self.reference, self.path)))


AnySource = Demo | HuggingFace | PersistentVolumeClaim | Image


class Source(SpecPart):
    """The source of the model. Exactly one field must be set."""

    demo: Demo | None = None
    """The small model in the server image: no account and no download. For tests, not for real recordings."""
    hugging_face: HuggingFace | None = None
    """A pipeline on the Hugging Face Hub or a mirror of it, which a Job downloads once into the cache."""
    persistent_volume_claim: PersistentVolumeClaim | None = None
    """A claim in the service's namespace with a pyannote pipeline directory. It is mounted read-only."""
    image: Image | None = None
    """An OCI image with a pyannote pipeline directory. It is mounted read-only. Needs Kubernetes 1.35 or later."""

    @rule(
        "exactly one model source must be set: demo, huggingFace, persistentVolumeClaim or image",
        cel="[has(self.demo), has(self.huggingFace), has(self.persistentVolumeClaim), has(self.image)]"
        ".filter(isSet, isSet).size() == 1",
    )
    def _exactly_one(self) -> bool:
        return len(self._all()) == 1

    @property
    def selected(self) -> AnySource:
        """Return the source that is set."""
        return self._all()[0]

    def _all(self) -> list[AnySource]:
        sources = (self.demo, self.hugging_face, self.persistent_volume_claim, self.image)
        return [source for source in sources if source is not None]


class Model(SpecPart):
    """The model and the mode in which it runs."""

    source: Source
    """The source of the model. Exactly one field must be set."""
    mode: Literal["exact", "fast", "reference"] = "exact"
    """exact: the same segments as pyannote.audio in a fraction of its time. fast: nearly the same segments in less time
    than exact. reference: the unmodified pipeline of pyannote.audio. A pipeline that exact and fast do not support runs
    in mode reference."""


class ModelCache(SpecPart):
    """The claim into which a model from a hub is downloaded, once for all pods. Other sources do not use it."""

    size: VolumeSize = "1Gi"
    """Size of the claim. A pipeline takes 35 MB, and a new revision is downloaded beside the old one."""
    storage_class_name: ObjectName | None = None
    """The StorageClass of the claim. Default: the cluster's default StorageClass."""
    access_modes: list[AccessMode] = Field(default=["ReadWriteOnce"], min_length=1, max_length=2)
    """ReadWriteOnce: all pods run on one node. ReadWriteMany: pods run on any node; few StorageClasses support it."""
    claim_name: ObjectName | None = None
    """An existing claim, which several services can share. The operator neither changes nor deletes it."""
    retain: bool = False
    """Keep the claim when the service is deleted. A later service of the same name uses it again."""

    @rule(
        "cache.storageClassName and cache.retain must not be set with cache.claimName: they apply to a claim that the "
        "operator creates",
        cel="!has(self.claimName) || (!has(self.storageClassName) && !self.retain)",
    )
    def _existing_claim_is_not_configured(self) -> bool:
        return self.claim_name is None or (self.storage_class_name is None and not self.retain)
