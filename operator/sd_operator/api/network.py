"""How callers reach the pods: a Service, an Ingress, and who is let through."""

from typing import Annotated, Literal

from pydantic import Field

from sd_operator.api.names import Annotations, HostName, Labels, ObjectName
from sd_operator.api.rules import SpecPart, rule

Port = Annotated[int, Field(ge=1, le=65535)]


class NodePorts(SpecPart):
    """Fixed ports on every node; a port that is left out is chosen by the cluster."""

    http: Port | None = None
    """Triton's HTTP."""
    grpc: Port | None = None
    """Triton's gRPC."""
    metrics: Port | None = None
    """Triton's metrics."""
    engine_metrics: Port | None = None
    """The engine's health and metrics."""

    @rule(
        "two of nodePorts must not be the same port",
        cel="[self.?http, self.?grpc, self.?metrics, self.?engineMetrics].filter(port, port.hasValue())"
        ".all(port, [self.?http, self.?grpc, self.?metrics, self.?engineMetrics]"
        ".filter(other, other == port).size() == 1)",
    )
    def _each_has_its_own(self) -> bool:
        given = [port for port in (self.http, self.grpc, self.metrics, self.engine_metrics) if port is not None]
        return len(given) == len(set(given))


class NetworkService(SpecPart):
    """The Kubernetes Service in front of the pods."""

    type: Literal["ClusterIP", "NodePort", "LoadBalancer"] = "ClusterIP"
    """Who it is for: callers in the cluster, on any node's address, or behind a load balancer."""
    annotations: Annotations = Field(default={})
    """Annotations of the Service, for example for a load balancer."""
    node_ports: NodePorts | None = None
    """Fixed ports on every node, for type NodePort or LoadBalancer."""
    grpc: bool = True
    """Whether callers reach gRPC. Triton bounds no request there, so a closed cluster may do without."""

    @rule(
        "nodePorts belongs to type NodePort or LoadBalancer",
        cel="!has(self.nodePorts) || self.type != 'ClusterIP'",
    )
    def _node_ports_only_on_nodes(self) -> bool:
        return self.type != "ClusterIP" or self.node_ports is None

    @rule(
        "nodePorts.grpc has no meaning with grpc: false; leave one of them out",
        cel="self.grpc || !has(self.nodePorts) || !has(self.nodePorts.grpc)",
    )
    def _no_port_for_a_closed_protocol(self) -> bool:
        return self.grpc or self.node_ports is None or self.node_ports.grpc is None


class Ingress(SpecPart):
    """An Ingress for HTTP."""

    host: HostName
    """The name under which callers from outside of the cluster reach the service."""
    class_name: ObjectName | None = None
    """The IngressClass; by default the cluster's."""
    tls_secret_name: ObjectName | None = None
    """A Secret of type kubernetes.io/tls in the service's namespace; without it the Ingress speaks plain HTTP."""
    annotations: Annotations = Field(default={})
    """For the Ingress controller, whose limits of a request's size and time are usually far below this service's."""

    @rule(
        "name the Ingress's class in className, not in the annotation kubernetes.io/ingress.class",
        cel="!('kubernetes.io/ingress.class' in self.?annotations.orValue({}))",
    )
    def _class_is_said_once(self) -> bool:
        return "kubernetes.io/ingress.class" not in self.annotations


class Peer(SpecPart):
    """Pods that may call: those with all of the labels, in the namespaces with all of the labels."""

    namespace_labels: Labels | None = None
    """Labels of their namespaces. Left out: the service's own namespace. Empty: every namespace."""
    pod_labels: Labels = Field(default={})
    """Labels of the pods. Empty: every pod there."""


class NetworkPolicy(SpecPart):
    """Who may connect to the pods; the pods themselves connect to nobody."""

    enabled: bool = True
    """Whether there is a NetworkPolicy at all."""
    allow_from: list[Peer] = Field(default=[], max_length=32)
    """Who may send recordings; left out, everybody who can reach the pods."""

    @rule(
        "allowFrom shuts nobody out with enabled: false; leave one of them out",
        cel="self.enabled || self.?allowFrom.orValue([]).size() == 0",
    )
    def _no_guard_without_a_gate(self) -> bool:
        return self.enabled or not self.allow_from


class Network(SpecPart):
    """How callers reach the pods."""

    service: NetworkService = NetworkService()
    """The Kubernetes Service in front of the pods."""
    ingress: Ingress | None = None
    """An Ingress for HTTP; left out, there is none."""
    policy: NetworkPolicy = NetworkPolicy()
    """Who may connect to the pods; the pods themselves connect to nobody."""
