"""Affinity of the pods to nodes and to other pods of their namespace, in the words of a pod."""

from typing import Annotated, Literal

from pydantic import Field

from sd_operator.api.names import LabelKey, Labels, LabelValue
from sd_operator.api.rules import SpecPart, rule

Weight = Annotated[int, Field(ge=1, le=100)]

_VALUES = "operator In or NotIn needs values; Exists or DoesNotExist has none"


class NodeRequirement(SpecPart):
    """What one label of a node must be."""

    key: LabelKey
    """The label's name."""
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"]
    """How the label is compared with the values."""
    values: list[LabelValue] = Field(default=[], max_length=32)
    """Values of the label: one whole number for Gt and Lt."""

    @rule(
        _VALUES,
        cel="self.operator in ['Gt', 'Lt'] || "
        "(self.operator in ['In', 'NotIn']) == (self.?values.orValue([]).size() > 0)",
    )
    def _values_fit_the_operator(self) -> bool:
        return self.operator in ("Gt", "Lt") or (self.operator in ("In", "NotIn")) == bool(self.values)

    @rule(
        "operator Gt or Lt needs exactly one value, a whole number",
        cel="!(self.operator in ['Gt', 'Lt']) || (self.?values.orValue([]).size() == 1 && "
        "self.values[0].matches('^[0-9]{1,18}$'))",
    )
    def _compares_with_one_number(self) -> bool:
        only = self.values[0] if len(self.values) == 1 else ""
        return self.operator not in ("Gt", "Lt") or (only.isascii() and only.isdigit() and len(only) <= 18)  # noqa: PLR2004


class NodeTerm(SpecPart):
    """Nodes whose labels meet every requirement."""

    match_expressions: Annotated[list[NodeRequirement], Field(min_length=1, max_length=8)]
    """The requirements."""


class NodeTerms(SpecPart):
    """Nodes that one of the terms describes."""

    node_selector_terms: Annotated[list[NodeTerm], Field(min_length=1, max_length=8)]
    """The terms."""


class NodePreference(SpecPart):
    """Nodes to prefer."""

    weight: Weight
    """How much they are preferred to others."""
    preference: NodeTerm
    """Nodes whose labels meet every requirement."""


class NodeAffinity(SpecPart):
    """Nodes to demand or to prefer."""

    required_during_scheduling_ignored_during_execution: NodeTerms | None = None
    """Nodes that the pods must run on."""
    preferred_during_scheduling_ignored_during_execution: list[NodePreference] = Field(default=[], max_length=8)
    """Nodes that the pods rather run on."""


class PodRequirement(SpecPart):
    """What one label of a pod must be."""

    key: LabelKey
    """The label's name."""
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist"]
    """How the label is compared with the values."""
    values: list[LabelValue] = Field(default=[], max_length=32)
    """Values of the label."""

    @rule(_VALUES, cel="(self.operator in ['In', 'NotIn']) == (self.?values.orValue([]).size() > 0)")
    def _values_fit_the_operator(self) -> bool:
        return (self.operator in ("In", "NotIn")) == bool(self.values)


class PodSelector(SpecPart):
    """Pods of the service's namespace, by their labels."""

    match_labels: Labels = Field(default={})
    """Labels that they must have."""
    match_expressions: list[PodRequirement] = Field(default=[], max_length=8)
    """What more must hold for their labels."""


class PodTerm(SpecPart):
    """A domain, such as a node or a zone, in which certain pods run."""

    label_selector: PodSelector
    """Those pods."""
    topology_key: LabelKey
    """The node label whose values are the domains, such as kubernetes.io/hostname."""


class PodPreference(SpecPart):
    """Domains to prefer or, in an anti-affinity, to avoid."""

    weight: Weight
    """How much."""
    pod_affinity_term: PodTerm
    """A domain in which certain pods run."""


class PodAffinity(SpecPart):
    """Pods to be near, or in an anti-affinity away from."""

    required_during_scheduling_ignored_during_execution: list[PodTerm] = Field(default=[], max_length=8)
    """What must be."""
    preferred_during_scheduling_ignored_during_execution: list[PodPreference] = Field(default=[], max_length=8)
    """What should rather be."""


class Affinity(SpecPart):
    """Nodes to prefer or to demand, and pods to be near or away from."""

    node_affinity: NodeAffinity | None = None
    """Nodes to demand or to prefer."""
    pod_affinity: PodAffinity | None = None
    """Pods of the service's namespace to run near."""
    pod_anti_affinity: PodAffinity | None = None
    """Pods of the service's namespace to run away from."""
