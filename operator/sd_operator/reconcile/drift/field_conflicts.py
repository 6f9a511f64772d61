"""Conflicts with other field managers: a child that is changed back again and again is restored ever more rarely."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Self

from sd_operator.api.reason import Reason
from sd_operator.kube.managed_fields import field_manager, latest_manager
from sd_operator.reconcile.finding import Finding
from sd_operator.reconcile.objects import Identity, identity, title
from sd_operator.reconcile.plan import Change
from sd_operator.resources import Manifest

IMMEDIATE_REPAIRS = 3
"""Repairs of a child within `WINDOW_S` that are made without delay. More of them are a conflict."""
WINDOW_S = 300.0
CONFLICT_INTERVAL_S = 60.0
"""Time between two repairs during a conflict."""


@dataclass(frozen=True, slots=True)
class RepairHistory:
    """The repairs of a service's children. Immutable; times are those of a monotonic clock.

    A repair applies a manifest that was applied before. The digest on the live object tells that it was; if somebody
    removed the digest or the object, the history does.
    """

    digests: Mapping[Identity, str] = field(default_factory=dict[Identity, str])
    """The digest of the manifest that was applied last."""
    repairs: Mapping[Identity, tuple[float, ...]] = field(default_factory=dict[Identity, tuple[float, ...]])
    """The times of the repairs."""
    conflicts: Mapping[Identity, Finding] = field(default_factory=dict[Identity, Finding])
    """The last message about each conflict."""

    def may_apply(self, change: Change, now: float) -> bool:
        """Return True if the change is no repair, or a repair that is not delayed."""
        recent = self._recent(identity(change.manifest), now)
        is_delayed = len(recent) >= IMMEDIATE_REPAIRS and now - recent[-1] < CONFLICT_INTERVAL_S
        return not (is_delayed and self._is_repair(change))

    def is_in_conflict(self, child: Identity, now: float) -> bool:
        """Return True if the child was repaired too often."""
        return len(self._recent(child, now)) >= IMMEDIATE_REPAIRS

    def findings(self, now: float) -> list[Finding]:
        """Return the messages of the present conflicts, also while nothing has to be repaired."""
        return [each for child, each in sorted(self.conflicts.items()) if self.is_in_conflict(child, now)]

    def with_conflicts(self, conflicts: Mapping[Identity, Finding]) -> Self:
        """Return the history with further messages."""
        return type(self)(self.digests, self.repairs, {**self.conflicts, **conflicts})

    def updated(self, applied: Iterable[Change], deleted: Iterable[Manifest], now: float) -> Self:
        """Return the history after a pass. To create again what the operator deleted itself is no repair."""
        digests, repairs = dict(self.digests), dict(self.repairs)
        for live in deleted:
            digests.pop(identity(live), None)
        for change in applied:
            child = identity(change.manifest)
            if self._is_repair(change):
                repairs[child] = (*self._recent(child, now), now)
            digests[child] = change.digest
        return type(self)(digests, repairs, self.conflicts)

    def _is_repair(self, change: Change) -> bool:
        return change.is_repair or self.digests.get(identity(change.manifest)) == change.digest

    def _recent(self, child: Identity, now: float) -> list[float]:
        return [at for at in self.repairs.get(child, ()) if now - at < WINDOW_S]


def conflict(change: Change, live: Manifest | None) -> Finding:
    """Return the message about a conflict; `live` is the object with its managed fields, None if it was deleted."""
    if live is None or change.difference is None:
        message = f"Another client repeatedly deletes {title(change.manifest)}, which this DiarizationService defines."
        advice = "Remove what needs it from this DiarizationService, or stop the deletion."
    else:
        manager = field_manager(live, change.difference.steps) or latest_manager(live) or "Another client"
        place = f"{change.difference.path} of {title(change.manifest)}"
        message = f"{manager} repeatedly changes {place}, which this DiarizationService sets."
        advice = f"Set the value here, or remove the field from what {manager} applies."
    return Finding(Reason.FIELD_CONFLICT, f"{message} {advice} The operator restores it once a minute.")
