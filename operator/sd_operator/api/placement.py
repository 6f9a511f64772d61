"""Taints that pods tolerate, and how evenly they are spread."""

from typing import Annotated, Literal

from pydantic import Field

from sd_operator.api.names import LabelKey, LabelValue
from sd_operator.api.rules import SpecPart, rule


class Toleration(SpecPart):
    """A taint that the pods tolerate, as in a pod."""

    key: LabelKey | None = None
    """The taint's key; left out with operator Exists, every taint is tolerated."""
    operator: Literal["Equal", "Exists"] = "Equal"
    """Equal: the taint's value must be `value`. Exists: any value will do."""
    value: LabelValue = ""
    """The taint's value, for operator Equal."""
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] | None = None
    """The taint's effect; left out, every effect."""
    toleration_seconds: Annotated[int, Field(ge=0, le=86400 * 365)] | None = None
    """How long a pod stays on a node that gets the taint; for effect NoExecute."""

    @rule(
        "a toleration without a key tolerates every taint: say so with operator Exists",
        cel="has(self.key) || self.operator == 'Exists'",
    )
    def _every_taint_is_meant(self) -> bool:
        return self.key is not None or self.operator == "Exists"

    @rule(
        "a toleration with operator Exists has no value",
        cel="!has(self.value) || self.value == '' || self.operator == 'Equal'",
    )
    def _exists_has_no_value(self) -> bool:
        return self.value == "" or self.operator == "Equal"

    @rule(
        "tolerationSeconds belongs to effect NoExecute",
        cel="!has(self.tolerationSeconds) || self.?effect.orValue('') == 'NoExecute'",
    )
    def _only_pods_that_are_ended_have_time(self) -> bool:
        return self.toleration_seconds is None or self.effect == "NoExecute"


class SpreadConstraint(SpecPart):
    """How evenly the service's pods are spread over domains, as in a pod; the operator adds the selector."""

    max_skew: Annotated[int, Field(ge=1, le=1000)] = 1
    """How many more pods one domain may have than another."""
    topology_key: LabelKey
    """The node label whose values are the domains, such as topology.kubernetes.io/zone."""
    when_unsatisfiable: Literal["DoNotSchedule", "ScheduleAnyway"] = "ScheduleAnyway"
    """DoNotSchedule: a pod waits rather than break it. ScheduleAnyway: it is a wish."""
