"""The report about a pass: the status and the Events, written only if they changed."""

import logging
from dataclasses import dataclass

from sd_operator.kube.cache import Cache
from sd_operator.kube.client import KubeClient
from sd_operator.kube.errors import RejectedError
from sd_operator.reconcile.events import events
from sd_operator.reconcile.observation import Observation
from sd_operator.reconcile.status import CONDITION_TYPES, status
from sd_operator.resources import Manifest

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Reporter:
    """The writer of statuses and Events."""

    kube: KubeClient
    cache: Cache

    async def report(self, observation: Observation) -> None:
        """Write the status and an Event for each change of a condition, if anything changed.

        Raises:
            UnavailableError: the API server did not respond; the next pass reports.
        """
        resource, latest = observation.resource, status(observation)
        if is_reported(latest, resource.get("status", {})):
            return
        for event in events(resource, latest, observation.now):
            await self._create(event)
        metadata = {name: resource["metadata"][name] for name in ("name", "namespace", "uid")}
        head = {name: resource[name] for name in ("apiVersion", "kind")}
        self.cache.upsert(await self.kube.apply_status(head | {"metadata": metadata, "status": latest}))

    async def _create(self, event: Manifest) -> None:
        try:
            await self.kube.create(event)
        except RejectedError as error:  # the status has the same message
            logger.warning("The API server rejected the Event %s: %s", event["reason"], error)


def is_reported(latest: Manifest, written: Manifest) -> bool:
    """Return True if the resource has that status. Conditions of other controllers do not matter."""
    ours = [each for each in written.get("conditions", []) if each["type"] in CONDITION_TYPES]
    return latest == written | {"conditions": ours}
