"""The words shared with the cluster: API group, kinds, labels, ports and the operator's own name in them."""

from dataclasses import dataclass
from typing import Any

Manifest = dict[str, Any]
"""One Kubernetes object as the API server speaks it."""

GROUP = "sd-triton.dev"
VERSION = "v1alpha1"
FIELD_MANAGER = "sd-triton-operator"

APPLIED_ANNOTATION = f"{GROUP}/applied"
"""Annotation on a child: digest of the manifest that was last applied, so that a dropped field is noticed."""

NAME_LABEL = "app.kubernetes.io/name"
INSTANCE_LABEL = "app.kubernetes.io/instance"
MANAGED_BY_LABEL = "app.kubernetes.io/managed-by"
COMPONENT_LABEL = "app.kubernetes.io/component"
SERVER_COMPONENT, MODEL_COMPONENT = "server", "model"
"""Components: the pods that serve and all that is about them, and the Jobs that bring a model."""
MANAGED_BY_OPERATOR = f"{MANAGED_BY_LABEL}={FIELD_MANAGER}"
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
CONFIG_MAPS = Resource("v1", "ConfigMap", "configmaps")
DEPLOYMENTS = Resource("apps/v1", "Deployment", "deployments")
REPLICA_SETS = Resource("apps/v1", "ReplicaSet", "replicasets")
SERVICES = Resource("v1", "Service", "services")
INGRESSES = Resource("networking.k8s.io/v1", "Ingress", "ingresses")
NETWORK_POLICIES = Resource("networking.k8s.io/v1", "NetworkPolicy", "networkpolicies")
POD_DISRUPTION_BUDGETS = Resource("policy/v1", "PodDisruptionBudget", "poddisruptionbudgets")
HORIZONTAL_POD_AUTOSCALERS = Resource("autoscaling/v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers")
SCALED_OBJECTS = Resource("keda.sh/v1alpha1", "ScaledObject", "scaledobjects")
POD_MONITORS = Resource("monitoring.coreos.com/v1", "PodMonitor", "podmonitors")
PROMETHEUS_RULES = Resource("monitoring.coreos.com/v1", "PrometheusRule", "prometheusrules")
PERSISTENT_VOLUME_CLAIMS = Resource("v1", "PersistentVolumeClaim", "persistentvolumeclaims")
JOBS = Resource("batch/v1", "Job", "jobs")
PODS = Resource("v1", "Pod", "pods")
EVENTS = Resource("v1", "Event", "events")
LEASES = Resource("coordination.k8s.io/v1", "Lease", "leases")

CORE_KINDS = (
    SERVICE_ACCOUNTS,
    CONFIG_MAPS,
    DEPLOYMENTS,
    SERVICES,
    INGRESSES,
    NETWORK_POLICIES,
    POD_DISRUPTION_BUDGETS,
    HORIZONTAL_POD_AUTOSCALERS,
    PERSISTENT_VOLUME_CLAIMS,
)
"""Kinds of children that every cluster has."""
OPTIONAL_KINDS = (SCALED_OBJECTS, POD_MONITORS, PROMETHEUS_RULES)
"""Kinds of children that come with KEDA and with the Prometheus operator, or not at all."""
CHILD_KINDS = (*CORE_KINDS, *OPTIONAL_KINDS)
"""What a DiarizationService is made of; a new kind is added here, and the chart's rights are generated from it."""
WATCHED_RESOURCES = (DIARIZATION_SERVICES, *CHILD_KINDS, JOBS, PODS)

RESOURCE_BY_KIND = {resource.kind: resource for resource in (*WATCHED_RESOURCES, EVENTS)}
