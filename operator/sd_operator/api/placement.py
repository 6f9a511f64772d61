"""The scheduling fields of a pod spec: affinity, tolerations and topology spread constraints."""

from typing import Annotated, Literal

from pydantic import Field

from sd_operator.api.names import LabelKey, Labels, LabelValue
from sd_operator.api.rules import SpecPart, rule

Weight = Annotated[int, Field(ge=1, le=100)]
MAX_DIGITS = 18
"""Digits of a number that always fits into 64 bits."""

_VALUES_MESSAGE = "operator In or NotIn needs values, and operator Exists or DoesNotExist must not have values"


class NodeRequirement(SpecPart):
    """A requirement on one label of a node."""

    key: LabelKey
    """The key of the label."""
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"]
    """The comparison of the label with the values."""
    values: list[LabelValue] = Field(default=[], max_length=32)
    """Values of the label. One whole number for Gt and Lt."""

    @rule(
        _VALUES_MESSAGE,
        cel="self.operator in ['Gt', 'Lt'] || "
        "(self.operator in ['In', 'NotIn']) == (self.?values.orValue([]).size() > 0)",
    )
    def _values_match_the_operator(self) -> bool:
        return self.operator in ("Gt", "Lt") or (self.operator in ("In", "NotIn")) == bool(self.values)

    @rule(
        "operator Gt or Lt needs exactly one value, which must be a whole number",
        cel="!(self.operator in ['Gt', 'Lt']) || (self.?values.orValue([]).size() == 1 && "
        f"self.values[0].matches('^[0-9]{{1,{MAX_DIGITS}}}$'))",
    )
    def _comparison_has_one_number(self) -> bool:
        value = self.values[0] if len(self.values) == 1 else ""
        return self.operator not in ("Gt", "Lt") or (value.isascii() and value.isdigit() and len(value) <= MAX_DIGITS)


class NodeTerm(SpecPart):
    """Nodes whose labels meet every requirement."""

    match_expressions: Annotated[list[NodeRequirement], Field(min_length=1, max_length=8)]
    """The requirements. All must be met."""


class NodeTerms(SpecPart):
    """Nodes that match one of the terms."""

    node_selector_terms: Annotated[list[NodeTerm], Field(min_length=1, max_length=8)]
    """The terms. One must match."""


class NodePreference(SpecPart):
    """Preferred nodes."""

    weight: Weight
    """Weight of the preference relative to the others."""
    preference: NodeTerm
    """The preferred nodes."""


class NodeAffinity(SpecPart):
    """Required and preferred nodes."""

    required_during_scheduling_ignored_during_execution: NodeTerms | None = None
    """Nodes on which the pods must run."""
    preferred_during_scheduling_ignored_during_execution: list[NodePreference] = Field(default=[], max_length=8)
    """Nodes on which the pods should run."""


class PodRequirement(SpecPart):
    """A requirement on one label of a pod."""

    key: LabelKey
    """The key of the label."""
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist"]
    """The comparison of the label with the values."""
    values: list[LabelValue] = Field(default=[], max_length=32)
    """Values of the label."""

    @rule(_VALUES_MESSAGE, cel="(self.operator in ['In', 'NotIn']) == (self.?values.orValue([]).size() > 0)")
    def _values_match_the_operator(self) -> bool:
        return (self.operator in ("In", "NotIn")) == bool(self.values)


class PodSelector(SpecPart):
    """Pods in the service's namespace, selected by their labels."""

    match_labels: Labels = Field(default={})
    """Labels that the pods must have."""
    match_expressions: list[PodRequirement] = Field(default=[], max_length=8)
    """Further requirements on the labels. All must be met."""


class PodTerm(SpecPart):
    """Topology domains, such as nodes or zones, in which selected pods run."""

    label_selector: PodSelector
    """The selected pods."""
    topology_key: LabelKey
    """The node label whose values are the domains, such as kubernetes.io/hostname."""


class PodPreference(SpecPart):
    """Preferred topology domains, or in an anti-affinity domains to avoid."""

    weight: Weight
    """Weight of the preference relative to the others."""
    pod_affinity_term: PodTerm
    """The domains."""


class PodAffinity(SpecPart):
    """Affinity to other pods, or in an anti-affinity separation from them."""

    required_during_scheduling_ignored_during_execution: list[PodTerm] = Field(default=[], max_length=8)
    """Required terms."""
    preferred_during_scheduling_ignored_during_execution: list[PodPreference] = Field(default=[], max_length=8)
    """Preferred terms."""


class Affinity(SpecPart):
    """Required and preferred nodes, and affinity and anti-affinity to other pods."""

    node_affinity: NodeAffinity | None = None
    """Required and preferred nodes."""
    pod_affinity: PodAffinity | None = None
    """Pods in the service's namespace in whose topology domains the pods run."""
    pod_anti_affinity: PodAffinity | None = None
    """Pods in the service's namespace whose topology domains the pods avoid."""


class Toleration(SpecPart):
    """A taint that the pods tolerate, as in a pod."""

    key: LabelKey | None = None
    """The key of the taint. Without a key, operator Exists tolerates every taint."""
    operator: Literal["Equal", "Exists"] = "Equal"
    """Equal: the taint must have this value. Exists: the taint can have any value."""
    value: LabelValue = ""
    """The value of the taint, for operator Equal."""
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] | None = None
    """The effect of the taint. Default: every effect."""
    toleration_seconds: Annotated[int, Field(ge=0, le=86400 * 365)] | None = None
    """Seconds that a pod stays on a node after the taint is added, for effect NoExecute."""

    @rule(
        "a toleration without key tolerates every taint and must have operator Exists",
        cel="has(self.key) || self.operator == 'Exists'",
    )
    def _missing_key_needs_exists(self) -> bool:
        return self.key is not None or self.operator == "Exists"

    @rule(
        "a toleration with operator Exists must not have a value",
        cel="!has(self.value) || self.value == '' || self.operator == 'Equal'",
    )
    def _exists_has_no_value(self) -> bool:
        return self.value == "" or self.operator == "Equal"

    @rule(
        "tolerationSeconds must not be set without effect NoExecute",
        cel="!has(self.tolerationSeconds) || self.?effect.orValue('') == 'NoExecute'",
    )
    def _seconds_need_no_execute(self) -> bool:
        return self.toleration_seconds is None or self.effect == "NoExecute"


class SpreadConstraint(SpecPart):
    """A topology spread constraint of the service's pods, as in a pod. The operator adds the label selector."""

    max_skew: Annotated[int, Field(ge=1, le=1000)] = 1
    """Largest difference between the numbers of pods in two domains."""
    topology_key: LabelKey
    """The node label whose values are the domains, such as topology.kubernetes.io/zone."""
    when_unsatisfiable: Literal["DoNotSchedule", "ScheduleAnyway"] = "ScheduleAnyway"
    """DoNotSchedule: a pod that would violate the constraint stays pending. ScheduleAnyway: the constraint is a
    preference."""
