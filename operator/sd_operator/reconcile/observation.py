"""The state of one service and everything else that a decision about it depends on."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Self

from sd_operator.api.service import DiarizationService
from sd_operator.reconcile.desired_state import DesiredState
from sd_operator.reconcile.drift.field_conflicts import RepairHistory
from sd_operator.reconcile.finding import Finding
from sd_operator.reconcile.objects import Identity, identity
from sd_operator.reconcile.plan import Outcome
from sd_operator.resources import Manifest


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """A snapshot. `desired` is None if the spec is invalid; `spec_error` then says why."""

    resource: Manifest
    now: datetime
    monotonic_s: float = 0.0
    desired: DesiredState | None = None
    spec_error: str = ""
    children: list[Manifest] = field(default_factory=list[Manifest])
    """The live children in the cache."""
    unlisted: list[Manifest] = field(default_factory=list[Manifest])
    """Objects with the names of children that lack the operator's label and so are not in the cache."""
    pods: list[Manifest] = field(default_factory=list[Manifest])
    """The pods that serve, or will."""
    settings_readers: list[Manifest] = field(default_factory=list[Manifest])
    """Pods and pod templates that may refer to settings of an earlier spec."""
    backlogs_s: Mapping[str, float] = field(default_factory=dict[str, float])
    """The backlog of each pod by its UID; only if the service is scaled down."""
    in_conflict: Mapping[Identity, Manifest | None] = field(default_factory=dict[Identity, Manifest | None])
    """Children in conflict that differ, with their managed fields; None for one that was deleted."""
    setup_failures: Mapping[str, Finding] = field(default_factory=dict[str, Finding])
    """The reason why a pod cannot be set up on its node, by the UID of the pod."""
    repairs: RepairHistory = field(default_factory=RepairHistory)
    retry_delay_s: float = 0.0
    errors: list[Finding] = field(default_factory=list[Finding])
    """The reasons why a part of the plan was not applied."""
    conflicts: list[Finding] = field(default_factory=list[Finding])

    @property
    def service(self) -> DiarizationService | None:
        """The parsed service; None if its spec is invalid."""
        return self.desired.service if self.desired else None

    @property
    def generation(self) -> int:
        """The generation of the spec."""
        return self.resource["metadata"].get("generation", 0)

    @property
    def live(self) -> dict[Identity, Manifest]:
        """All live objects with the names of children, foreign ones included, by kind and name."""
        return {identity(child): child for child in (*self.unlisted, *self.children)}

    def child(self, kind: str) -> Manifest | None:
        """Return the live child of a kind that occurs once."""
        return next((child for child in self.children if child["kind"] == kind), None)

    def after(self, outcome: Outcome) -> Self:
        """Return the state after a plan was applied: conditions never describe a child as it was before."""
        plan, written = outcome.plan, {identity(live): live for live in outcome.live}
        unchanged = [child for child in self.children if identity(child) not in written]
        repairs = self.repairs.with_conflicts(plan.conflicts)
        return replace(
            self,
            children=[*unchanged, *written.values()],
            errors=[*plan.errors, *outcome.errors],
            conflicts=repairs.findings(self.monotonic_s),
            repairs=repairs.updated(outcome.applied, plan.delete, self.monotonic_s),
        )
