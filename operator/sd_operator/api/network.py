"""The network access to the pods: a Service, an Ingress and a NetworkPolicy."""

from typing import Annotated, Literal

from pydantic import Field

from sd_operator.api.names import Annotations, HostName, Labels, ObjectName
from sd_operator.api.rules import SpecPart, rule

Port = Annotated[int, Field(ge=1, le=65535)]


class NodePorts(SpecPart):
    """Fixed ports on every node. The cluster chooses the ports that are left out."""

    http: Port | None = None
    """HTTP port of Triton."""
    grpc: Port | None = None
    """gRPC port of Triton."""
    metrics: Port | None = None
    """Metrics port of Triton."""
    engine_metrics: Port | None = None
    """Health and metrics port of the engine."""

    @rule(
        "nodePorts must not contain the same port twice",
        cel="[self.?http, self.?grpc, self.?metrics, self.?engineMetrics].filter(port, port.hasValue())"
        ".all(port, [self.?http, self.?grpc, self.?metrics, self.?engineMetrics]"
        ".filter(other, other == port).size() == 1)",
    )
    def _ports_are_unique(self) -> bool:
        ports = [port for port in (self.http, self.grpc, self.metrics, self.engine_metrics) if port is not None]
        return len(ports) == len(set(ports))


class NetworkService(SpecPart):
    """The Kubernetes Service of the pods."""

    type: Literal["ClusterIP", "NodePort", "LoadBalancer"] = "ClusterIP"
    """ClusterIP: reachable in the cluster. NodePort: also at the address of every node. LoadBalancer: also at a load
    balancer."""
    annotations: Annotations = Field(default={})
    """Annotations of the Service, for example for a load balancer."""
    node_ports: NodePorts | None = None
    """Fixed ports on every node, for type NodePort or LoadBalancer."""
    grpc: bool = True
    """Expose gRPC. Triton does not limit the size of a request over gRPC; set false if callers are not trusted."""

    @rule(
        "nodePorts must not be set with type ClusterIP; set type NodePort or LoadBalancer",
        cel="!has(self.nodePorts) || self.type != 'ClusterIP'",
    )
    def _node_ports_need_a_type_with_node_ports(self) -> bool:
        return self.type != "ClusterIP" or self.node_ports is None

    @rule(
        "nodePorts.grpc must not be set with grpc: false",
        cel="self.grpc || !has(self.nodePorts) || !has(self.nodePorts.grpc)",
    )
    def _grpc_node_port_needs_grpc(self) -> bool:
        return self.grpc or self.node_ports is None or self.node_ports.grpc is None


class Ingress(SpecPart):
    """An Ingress for HTTP."""

    host: HostName
    """The host name at which callers outside the cluster reach the service."""
    class_name: ObjectName | None = None
    """The IngressClass. Default: the cluster's default IngressClass."""
    tls_secret_name: ObjectName | None = None
    """A Secret of type kubernetes.io/tls in the service's namespace. Without it the Ingress serves plain HTTP."""
    annotations: Annotations = Field(default={})
    """Annotations for the Ingress controller. Its default limits of body size and time are usually far below those of
    this service."""

    @rule(
        "set the IngressClass in className instead of the annotation kubernetes.io/ingress.class",
        cel="!('kubernetes.io/ingress.class' in self.?annotations.orValue({}))",
    )
    def _class_is_not_an_annotation(self) -> bool:
        return "kubernetes.io/ingress.class" not in self.annotations


class Peer(SpecPart):
    """Pods that can send requests: those with all pod labels in namespaces with all namespace labels."""

    namespace_labels: Labels | None = None
    """Labels of the namespaces. Default: the service's own namespace. Empty map: all namespaces."""
    pod_labels: Labels = Field(default={})
    """Labels of the pods. Empty map: all pods of these namespaces."""


class NetworkPolicy(SpecPart):
    """The NetworkPolicy of the pods. It denies all connections from the pods."""

    enabled: bool = True
    """Create a NetworkPolicy."""
    allow_from: list[Peer] = Field(default=[], max_length=32)
    """Pods that can send recordings. Default: everyone who can reach the pods."""

    @rule(
        "allowFrom must not be set with enabled: false, because it has no effect without a NetworkPolicy",
        cel="self.enabled || self.?allowFrom.orValue([]).size() == 0",
    )
    def _peers_need_a_policy(self) -> bool:
        return self.enabled or not self.allow_from


class Network(SpecPart):
    """The network access to the pods."""

    service: NetworkService = NetworkService()
    """The Kubernetes Service of the pods."""
    ingress: Ingress | None = None
    """An Ingress for HTTP. Default: none."""
    policy: NetworkPolicy = NetworkPolicy()
    """The NetworkPolicy of the pods. It denies all connections from the pods."""
