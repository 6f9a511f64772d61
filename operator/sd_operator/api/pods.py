"""What the pods are made of and how they are marked."""

from pydantic import Field

from sd_operator.api.names import Annotations, ImageReference, Labels, ObjectName
from sd_operator.api.rules import SpecPart, rule
from sd_operator.resources import COMPONENT_LABEL, INSTANCE_LABEL, MANAGED_BY_LABEL, NAME_LABEL

OPERATORS_LABELS = (NAME_LABEL, INSTANCE_LABEL, COMPONENT_LABEL, MANAGED_BY_LABEL, "pod-template-hash")
"""Labels by which the service and its Deployment find their pods."""


class PodMetadata(SpecPart):
    """Labels and annotations of the pods, beside the operator's own."""

    labels: Labels = Field(default={})
    """Labels of the pods."""
    annotations: Annotations = Field(default={})
    """Annotations of the pods."""

    @rule(
        f"podMetadata.labels must not set {', '.join(OPERATORS_LABELS)}: the pods are found by them",
        cel=f"!has(self.labels) || !self.labels.exists(name, name in {list(OPERATORS_LABELS)})",
    )
    def _own_labels_are_left_alone(self) -> bool:
        return self.labels.keys().isdisjoint(OPERATORS_LABELS)


class Images(SpecPart):
    """Container images of this service; by default those that the operator was installed with."""

    server: ImageReference | None = None
    """The engine's image."""
    triton: ImageReference | None = None
    """The Triton Inference Server."""


class ImagePullSecret(SpecPart):
    """A Secret of type dockerconfigjson in the service's namespace."""

    name: ObjectName
    """The Secret's name."""
