"""The Lease in the API server."""

from http import HTTPStatus

from sd_operator.kube.connection import Connection, Request
from sd_operator.kube.errors import RejectedError
from sd_operator.leader.lease import ANSWER_WITHIN_S, fresh
from sd_operator.resources import LEASES, Manifest


class KubeLeases:
    """Reads and writes one Lease. Its requests need no Lease: they are how there comes to be one."""

    def __init__(self, connection: Connection, namespace: str, name: str) -> None:
        self._connection = connection
        self._namespace = namespace
        self._name = name

    async def read(self) -> Manifest:
        """The Lease; one without a version where there is none yet."""
        path = LEASES.path(self._namespace, self._name)
        try:
            return await self._connection.send(Request("GET", path, timeout_s=ANSWER_WITHIN_S))
        except RejectedError as refusal:
            if refusal.status != HTTPStatus.NOT_FOUND:
                raise
            return fresh(self._namespace, self._name)

    async def write(self, lease: Manifest) -> Manifest:
        """Replaces the version of the Lease that is given, or makes the Lease where that has none."""
        method, name = ("PUT", self._name) if "resourceVersion" in lease["metadata"] else ("POST", "")
        path = LEASES.path(self._namespace, name)
        return await self._connection.send(Request(method, path, body=lease, timeout_s=ANSWER_WITHIN_S))
