"""The constants of the Kubernetes API that the operator uses: its API group, kinds, labels, ports and field manager."""

from dataclasses import dataclass
from typing import Any

Manifest = dict[str, Any]
"""One Kubernetes object as the API server represents it in JSON."""

GROUP = "sd-triton.dev"
VERSION = "v1alpha1"
FIELD_MANAGER = "sd-triton-operator"

APPLIED_ANNOTATION = f"{GROUP}/applied"
"""Annotation on a child: the digest of the last applied manifest, which detects fields that were removed since."""

NAME_LABEL = "app.kubernetes.io/name"
INSTANCE_LABEL = "app.kubernetes.io/instance"
MANAGED_BY_LABEL = "app.kubernetes.io/managed-by"
COMPONENT_LABEL = "app.kubernetes.io/component"
SERVER_COMPONENT, MODEL_COMPONENT = "server", "model"
"""Values of the component label: for the pods that serve requests and their objects, and for model Jobs."""
MANAGED_BY_OPERATOR = f"{MANAGED_BY_LABEL}={FIELD_MANAGER}"
"""Label selector of all objects that the operator creates."""

HTTP_PORT = 8000
GRPC_PORT = 8001
METRICS_PORT = 8002
ENGINE_PORT = 8003


@dataclass(frozen=True, slots=True)
class Resource:
    """A namespaced kind and its path in the API."""

    api_version: str
    kind: str
    plural: str

    def path(self, namespace: str = "", name: str = "", subresource: str = "") -> str:
        """Return the URL path of one object, of all objects in a namespace, or of all objects in the cluster."""
        root = "/api" if "/" not in self.api_version else "/apis"
        namespace_path = f"/namespaces/{namespace}" if namespace else ""
        return "/".join(
            part for part in (f"{root}/{self.api_version}{namespace_path}/{self.plural}", name, subresource) if part
        )


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
"""Kinds of children that every cluster serves."""
OPTIONAL_KINDS = (SCALED_OBJECTS, POD_MONITORS, PROMETHEUS_RULES)
"""Kinds of children that a cluster serves only with KEDA or the Prometheus operator."""
CHILD_KINDS = (*CORE_KINDS, *OPTIONAL_KINDS)
"""All kinds of children. The chart's RBAC rules are generated from this list."""
WATCHED_RESOURCES = (DIARIZATION_SERVICES, *CHILD_KINDS, JOBS, PODS)

RESOURCE_BY_KIND = {resource.kind: resource for resource in (*WATCHED_RESOURCES, EVENTS)}
