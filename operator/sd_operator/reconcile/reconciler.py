"""One look at one service: observe, decide, apply, report."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from sd_operator.api.service import DiarizationService, SpecError
from sd_operator.children import desired
from sd_operator.reconcile.apply import carry_out
from sd_operator.reconcile.cause import Cause
from sd_operator.reconcile.decide import decide, leaving
from sd_operator.reconcile.observe import Observation, observe
from sd_operator.reconcile.status import status
from sd_operator.runtime.cache import Cache, Key
from sd_operator.runtime.kube import Kube
from sd_operator.settings import ServingImages
from sd_operator.vocabulary import Manifest


def utc_now() -> datetime:
    """The time for conditions."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Reconciler:
    """Brings services to their specs. It may be killed after any write: the next look takes it from there."""

    kube: Kube
    cache: Cache
    images: ServingImages
    now: Callable[[], datetime] = utc_now

    async def reconcile(self, key: Key) -> bool:
        """Returns whether the service is settled; where it is not, only another try can help.

        Raises:
            KubeError: the API server did not answer, or does not let the operator read.
        """
        resource = self.cache.service(key)
        if resource is None or leaving(resource):
            return True  # the children have it as their owner: the cluster's garbage collector removes them
        try:
            service = DiarizationService.parse(resource)
        except SpecError as error:
            await self._report(key, resource, None, [Cause("SpecRefused", str(error))])
            return True  # a changed spec is a new event
        refusals = await self._bring(key, service)
        await self._report(key, resource, service, refusals)
        return not refusals

    async def _bring(self, key: Key, service: DiarizationService) -> list[Cause]:
        wanted = desired(service, self.images)
        live = await observe(self.kube, self.cache, key, wanted)
        return await carry_out(self.kube, self.cache, decide(service, wanted, live))

    async def _report(
        self, key: Key, resource: Manifest, service: DiarizationService | None, refusals: list[Cause]
    ) -> None:
        seen = Observation(resource, self.cache.children(key), self.cache.pods(key), refusals)
        latest = status(service, seen, self.now())
        if latest == resource.get("status"):
            return
        identity = {name: resource["metadata"][name] for name in ("name", "namespace", "uid")}
        head = {name: resource[name] for name in ("apiVersion", "kind")}
        self.cache.put(await self.kube.apply_status(head | {"metadata": identity, "status": latest}))
