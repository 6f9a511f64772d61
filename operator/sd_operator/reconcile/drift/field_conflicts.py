"""Who else writes what the operator writes: a field that is taken again and again is contested, not fought over."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from sd_operator.kube.cache import Key
from sd_operator.reconcile.decide import Change, Plan, identity
from sd_operator.reconcile.reason import Cause
from sd_operator.resources import FIELD_MANAGER, Manifest

PATIENCE = 3
"""Repairs within `MEMORY_S` that are made at once; more of them are a conflict."""
MEMORY_S = 300.0
TRUCE_S = 60.0
"""How long a contested object is left alone between two repairs."""

Place = tuple[str, str]
"""Kind and name of a child."""


@dataclass(slots=True)
class Conflicts:
    """The repairs of the last minutes, by service and child. Pure: every method is told the time.

    A repair is a manifest that was applied before and has to be applied again. That it was is known from the digest on
    the live object, and, where an outsider removes that or the whole object, from memory.
    """

    _applied: dict[Key, dict[Place, str]] = field(default_factory=lambda: defaultdict(dict))
    _repairs: dict[Key, dict[Place, list[float]]] = field(default_factory=lambda: defaultdict(dict))
    _causes: dict[Key, dict[Place, Cause]] = field(default_factory=lambda: defaultdict(dict))

    def may_repair(self, key: Key, change: Change, now: float) -> bool:
        """Whether a change is written now."""
        if not self._is_repair(key, change):
            return True
        recent = self._recent(key, identity(change.manifest), now)
        return len(recent) < PATIENCE or now - recent[-1] >= TRUCE_S

    def is_contested(self, key: Key, change: Change, now: float) -> bool:
        """Whether somebody else keeps changing that child."""
        return len(self._recent(key, identity(change.manifest), now)) >= PATIENCE

    def blame(self, key: Key, change: Change, live: Manifest | None) -> None:
        """Remembers who changed a contested child; `live` is the object with its managed fields."""
        self._causes[key][identity(change.manifest)] = cause(change, live)

    def causes(self, key: Key, now: float) -> list[Cause]:
        """What is contested still, in sentences: also in the moments in which nothing has to be repaired."""
        known = self._causes.get(key, {})
        return [cause for place, cause in sorted(known.items()) if len(self._recent(key, place, now)) >= PATIENCE]

    def remember(self, key: Key, applied: Iterable[Change], plan: Plan, now: float) -> None:
        """What the operator wrote; what it removed itself and makes again some day is no repair."""
        for live in plan.delete:
            self._applied[key].pop(identity(live), None)
        for change in applied:
            place = identity(change.manifest)
            if self._is_repair(key, change):
                self._repairs[key][place] = [*self._recent(key, place, now), now]
            self._applied[key][place] = change.digest

    def forget(self, key: Key) -> None:
        """The service is gone."""
        for known in (self._applied, self._repairs, self._causes):
            known.pop(key, None)

    def _is_repair(self, key: Key, change: Change) -> bool:
        return change.is_repair or self._applied.get(key, {}).get(identity(change.manifest)) == change.digest

    def _recent(self, key: Key, place: Place, now: float) -> list[float]:
        return [at for at in self._repairs.get(key, {}).get(place, []) if now - at < MEMORY_S]


def outsider(live: Manifest) -> str:
    """Who wrote an object last, the operator and the writers of its status aside."""
    writers: Iterable[Manifest] = live["metadata"].get("managedFields", ())
    others = [each for each in writers if each.get("manager") != FIELD_MANAGER and not each.get("subresource")]
    return max(others, key=lambda each: each.get("time", ""))["manager"] if others else "somebody else"


def cause(change: Change, live: Manifest | None) -> Cause:
    """The conflict in a sentence; `live` is the object with its managed fields, None where it has gone."""
    kind, name = identity(change.manifest)
    who = outsider(live) if live else "Somebody else"
    what = f"changing {change.field} of {kind} {name}" if live else f"removing {kind} {name}"
    advice = f"set it here, or take it out of what {who} applies" if live else "do without it here, or let it stay"
    return Cause(
        "FieldConflict",
        f"{who} keeps {what}, which this DiarizationService sets. Let one of them decide: {advice}. "
        "The operator now repairs it once a minute.",
    )
