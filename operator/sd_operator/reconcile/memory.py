"""State that survives between the passes over a service."""

from dataclasses import dataclass, field

from sd_operator.kube.cache import Key
from sd_operator.reconcile.drift.field_conflicts import RepairHistory
from sd_operator.reconcile.observation import Observation
from sd_operator.reconcile.plan import Outcome
from sd_operator.reconcile.retry_backoff import RetryBackoff, is_retried
from sd_operator.resources import Manifest


@dataclass(slots=True)
class Memory:
    """The state of all services. A restart loses it without harm."""

    repairs: dict[Key, RepairHistory] = field(default_factory=dict[Key, RepairHistory])
    found: dict[Key, list[Manifest]] = field(default_factory=dict[Key, list[Manifest]])
    """Objects that the last pass found and that the cache does not know. Each is used in one more pass."""
    retries: RetryBackoff = field(default_factory=RetryBackoff)

    def repairs_of(self, key: Key) -> RepairHistory:
        """Return the repairs of a service; an empty history if there is none."""
        return self.repairs.get(key, RepairHistory())

    def update(self, key: Key, observation: Observation, outcome: Outcome) -> None:
        """Remember the state after a pass."""
        self.repairs[key] = observation.repairs
        self.retries.update(key, is_retried=is_retried(observation))
        if outcome.found:
            self.found.setdefault(key, []).extend(outcome.found)
        else:
            self.found.pop(key, None)

    def forget(self, key: Key) -> None:
        """Drop everything about a service that was deleted."""
        self.repairs.pop(key, None)
        self.found.pop(key, None)
        self.retries.update(key, is_retried=False)
