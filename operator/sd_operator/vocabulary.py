"""The words shared with the cluster: API group, kinds, labels, ports and the operator's own name in them."""

from dataclasses import dataclass
from typing import Any

Manifest = dict[str, Any]
"""One Kubernetes object as the API server speaks it."""

GROUP = "sd-triton.dev"
VERSION = "v1alpha1"
FIELD_MANAGER = "sd-triton-operator"

APPLIED = f"{GROUP}/applied"
"""Annotation on a child: digest of the manifest that was last applied, so that a dropped field is noticed."""

NAME_LABEL = "app.kubernetes.io/name"
INSTANCE_LABEL = "app.kubernetes.io/instance"
MANAGED_BY_LABEL = "app.kubernetes.io/managed-by"
COMPONENT_LABEL = "app.kubernetes.io/component"
OURS = f"{MANAGED_BY_LABEL}={FIELD_MANAGER}"
"""Label selector of everything that this operator made."""

HTTP_PORT = 8000
GRPC_PORT = 8001
METRICS_PORT = 8002
ENGINE_PORT = 8003


@dataclass(frozen=True, slots=True)
class Resource:
    """A kind of object and where the API server keeps it; only namespaced kinds occur."""

    api_version: str
    kind: str
    plural: str

    def path(self, namespace: str = "", name: str = "", subresource: str = "") -> str:
        """The URL path of one object, of a namespace's objects, or of all."""
        root = "/api" if "/" not in self.api_version else "/apis"
        place = f"/namespaces/{namespace}" if namespace else ""
        return "/".join(part for part in (f"{root}/{self.api_version}{place}/{self.plural}", name, subresource) if part)


DIARIZATION_SERVICES = Resource(f"{GROUP}/{VERSION}", "DiarizationService", "diarizationservices")
SERVICE_ACCOUNTS = Resource("v1", "ServiceAccount", "serviceaccounts")
DEPLOYMENTS = Resource("apps/v1", "Deployment", "deployments")
SERVICES = Resource("v1", "Service", "services")
PODS = Resource("v1", "Pod", "pods")

CHILD_KINDS = (SERVICE_ACCOUNTS, DEPLOYMENTS, SERVICES)
"""What a DiarizationService is made of; a new kind is added here and to the chart's ClusterRole."""
WATCHED = (DIARIZATION_SERVICES, *CHILD_KINDS, PODS)

KIND_OF = {resource.kind: resource for resource in WATCHED}
