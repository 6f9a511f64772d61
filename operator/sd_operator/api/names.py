"""Types for names, labels, annotations and image references, with the syntax of Kubernetes and of model hubs."""

from typing import Annotated

from pydantic import Field

from sd_operator.api.string_types import MapKeys, StringPattern

_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = f"{_LABEL}([.]{_LABEL})*"
_NAME = "[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"
_QUALIFIED = f"({_SUBDOMAIN}/)?{_NAME}"
_PATH_PART = "[a-z0-9]+(([.]|_|__|-+)[a-z0-9]+)*"
_IMAGE = (
    f"([A-Za-z0-9][-A-Za-z0-9.]*(:[0-9]+)?/)?{_PATH_PART}(/{_PATH_PART})*"
    "(:[A-Za-z0-9_][-A-Za-z0-9_.]{0,127})?(@sha256:[0-9a-f]{64})?"
)

ObjectName = Annotated[
    str,
    StringPattern(
        _SUBDOMAIN,
        "must consist of lower-case letters, digits, '-' and '.', and start and end with a letter or digit, such as "
        "my-models",
        max_length=253,
    ),
]
"""The name of an object in the same namespace, or of a cluster-scoped object."""

HostName = Annotated[
    str,
    StringPattern(
        f"({_LABEL}[.])*[a-z]([-a-z0-9]*[a-z0-9])?",
        "must be a DNS name, such as diarization.example.com; an Ingress does not accept an IP address",
        max_length=253,
    ),
]
"""A DNS name."""

ResourceName = Annotated[
    str,
    StringPattern(
        f"{_SUBDOMAIN}/{_NAME}", "must be the resource of a device plugin, such as nvidia.com/gpu", max_length=128
    ),
]
"""The name of an extended resource, which nodes offer in whole numbers."""

LabelKey = Annotated[
    str,
    StringPattern(_QUALIFIED, "must be a label key, such as topology.kubernetes.io/zone", max_length=253),
]
"""The key of a label or taint."""

LabelValue = Annotated[
    str,
    StringPattern(
        f"({_NAME})?",
        "must be a label value: at most 63 letters, digits, '-', '_' and '.'; the first and last must be a letter or "
        "digit",
        max_length=63,
        min_length=0,
    ),
]
"""The value of a label."""

Labels = Annotated[
    dict[str, LabelValue],
    MapKeys(_QUALIFIED, "each key must be a label key, such as team or example.com/team", max_entries=16),
]
"""Label values by key."""

Annotations = Annotated[
    dict[str, Annotated[str, Field(max_length=4096)]],
    MapKeys(
        _QUALIFIED,
        "each key must be an annotation key, such as example.com/team; the prefix sd-triton.dev/ is reserved for the "
        "operator, and container.apparmor.security.beta.kubernetes.io/ is not allowed, because it weakens the "
        "confinement of the pods",
        max_entries=16,
        reserved_prefixes=("sd-triton.dev/", "container.apparmor.security.beta.kubernetes.io/"),
    ),
]
"""Annotation values by key."""

ImageReference = Annotated[
    str,
    StringPattern(
        _IMAGE,
        "must be a container image reference, such as registry.example.com/sd-triton-server:1.0",
        max_length=512,
    ),
]
"""A container image, by tag or by digest."""

PipelineName = Annotated[
    str,
    StringPattern(
        "[A-Za-z0-9]([-A-Za-z0-9._]{0,94}[A-Za-z0-9])?/[A-Za-z0-9]([-A-Za-z0-9._]{0,94}[A-Za-z0-9])?",
        "must be a repository, such as pyannote/speaker-diarization-community-1; set the revision in its own field",
        max_length=193,
    ),
]
"""The repository of a pipeline on a hub."""

Revision = Annotated[
    str,
    StringPattern(
        "[A-Za-z0-9][A-Za-z0-9._/-]*", "must be a commit of 40 hex digits, a tag or a branch", max_length=128
    ),
]
"""A revision of a repository."""

Endpoint = Annotated[
    str,
    StringPattern(
        "https?://[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?(:[0-9]{1,5})?(/[A-Za-z0-9._~-]+)*",
        "must be the URL of a hub without trailing slash, user or query, such as https://huggingface.co",
        max_length=512,
    ),
]
"""The URL of a hub."""

ObjectKey = Annotated[
    str,
    StringPattern(
        "[-._A-Za-z0-9]+", "must be a key of the object's data: letters, digits, '-', '_' and '.'", max_length=253
    ),
]
"""A key in the data of a Secret or ConfigMap."""

ModelDigest = Annotated[
    str,
    StringPattern(
        "sha256:[0-9a-f]{64}",
        "must be a model digest as in status.model.digest: sha256: and 64 hex digits",
        max_length=71,
    ),
]
"""The digest of a model directory's content."""
