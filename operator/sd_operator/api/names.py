"""Names, labels, annotations and image references, as Kubernetes takes them."""

from typing import Annotated

from pydantic import Field

from sd_operator.api.string_types import Keys, Text

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
    Text(_SUBDOMAIN, "must be a name of lower-case letters, digits, '-' and '.', such as my-models", longest=253),
]
"""The name of an object in the same namespace, or of one that belongs to the whole cluster."""

HostName = Annotated[
    str,
    Text(
        f"({_LABEL}[.])*[a-z]([-a-z0-9]*[a-z0-9])?",
        "must be a DNS name, such as diarization.example.com; an Ingress takes no IP address",
        longest=253,
    ),
]
"""A name that DNS knows."""

ResourceName = Annotated[
    str,
    Text(f"{_SUBDOMAIN}/{_NAME}", "must be the resource of a device plugin, such as nvidia.com/gpu", longest=128),
]
"""An extended resource, of which a node has a whole number."""

LabelKey = Annotated[
    str,
    Text(_QUALIFIED, "must be a name as labels and taints have it, such as topology.kubernetes.io/zone", longest=253),
]
"""The name of a label of nodes or pods."""

LabelValue = Annotated[
    str,
    Text(
        f"({_NAME})?",
        "must be a label's value: at most 63 letters, digits, '-', '_' and '.', the first and last a letter or digit",
        longest=63,
        shortest=0,
    ),
]
"""The value of a label."""

Labels = Annotated[
    dict[str, LabelValue],
    Keys(_QUALIFIED, "each key must be the name of a label, such as team or example.com/team", most=16),
]
"""Labels by name."""

Annotations = Annotated[
    dict[str, Annotated[str, Field(max_length=4096)]],
    Keys(
        _QUALIFIED,
        "each key must be the name of an annotation, such as example.com/team; those that begin with sd-triton.dev/ "
        "are the operator's, and container.apparmor.security.beta.kubernetes.io/ would loosen the pods' confinement",
        most=16,
        reserved=("sd-triton.dev/", "container.apparmor.security.beta.kubernetes.io/"),
    ),
]
"""Annotations by name."""

ImageReference = Annotated[
    str,
    Text(
        _IMAGE,
        "must name a container image by tag or by digest, such as registry.example.com/sd-triton-server:1.0",
        longest=512,
    ),
]
"""Where a container image is, by tag or by digest."""

PipelineName = Annotated[
    str,
    Text(
        "[A-Za-z0-9]([-A-Za-z0-9._]{0,94}[A-Za-z0-9])?/[A-Za-z0-9]([-A-Za-z0-9._]{0,94}[A-Za-z0-9])?",
        "must be a repository, such as pyannote/speaker-diarization-community-1; its revision has a field of its own",
        longest=193,
    ),
]
"""A pipeline's repository on a hub."""

Revision = Annotated[
    str,
    Text("[A-Za-z0-9][A-Za-z0-9._/-]*", "must be a commit of 40 hex digits, a tag or a branch", longest=128),
]
"""A state of a repository."""

Endpoint = Annotated[
    str,
    Text(
        "https?://[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?(:[0-9]{1,5})?(/[A-Za-z0-9._~-]+)*",
        "must be the URL of a hub without a slash at its end, such as https://huggingface.co; no user, no query",
        longest=512,
    ),
]
"""Where a hub answers."""

ObjectKey = Annotated[
    str, Text("[-._A-Za-z0-9]+", "must be a key of that object: letters, digits, '-', '_' and '.'", longest=253)
]
"""One entry of a Secret or of a ConfigMap."""

ModelDigest = Annotated[
    str,
    Text(
        "sha256:[0-9a-f]{64}", "must be a model's digest, as status.model.digest has it: sha256: and 64 hex digits", 71
    ),
]
"""What a model's directory holds, all of it in one number."""
