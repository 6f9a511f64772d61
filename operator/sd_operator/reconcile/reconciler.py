"""One pass over one service: observe, decide, apply, report."""

from dataclasses import dataclass, field

from sd_operator.kube.cache import Key
from sd_operator.reconcile.apply import Applier
from sd_operator.reconcile.decide import decide
from sd_operator.reconcile.memory import Memory
from sd_operator.reconcile.observe import Observer
from sd_operator.reconcile.report import Reporter
from sd_operator.reconcile.retry_backoff import requeue_after_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciler:
    """Brings services to their specs. It may be killed after any write: the next pass continues from there."""

    observer: Observer
    applier: Applier
    reporter: Reporter
    memory: Memory = field(default_factory=Memory)

    async def reconcile(self, key: Key) -> float | None:
        """Make one pass; return the delay until the next one without an event, None if only an event needs one.

        Raises:
            KubeError: the API server did not respond, or rejected a request to read.
        """
        before = await self.observer.observe(key, self.memory)
        if before is None:
            self.memory.forget(key)  # the children have an owner reference: Kubernetes garbage-collects them
            return None
        outcome = await self.applier.apply(key, decide(before))
        observation = before.after(outcome)
        self.memory.update(key, observation, outcome)
        if outcome.found:
            return 0.0  # the next pass decides with the objects that this one found
        await self.reporter.report(observation)
        return requeue_after_s(observation)
