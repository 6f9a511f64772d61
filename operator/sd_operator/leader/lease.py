"""The Lease object: its content, and reading and writing it in the API server."""

from datetime import datetime
from http import HTTPStatus

from sd_operator.kube.connection import Connection, Request
from sd_operator.kube.errors import RejectedError
from sd_operator.leader.election import LEASE_DURATION_S, REQUEST_TIMEOUT_S, lease_spec
from sd_operator.resources import LEASES, Manifest


class LeaseLock:
    """Reads and writes one Lease. Its writes do not require leadership, because they establish it."""

    def __init__(self, connection: Connection, namespace: str, name: str) -> None:
        self._connection = connection
        self._namespace = namespace
        self._name = name

    async def read(self) -> Manifest:
        """Return the Lease, or one without a resourceVersion if it does not exist."""
        path = LEASES.path(self._namespace, self._name)
        try:
            return await self._connection.send(Request("GET", path, timeout_s=REQUEST_TIMEOUT_S))
        except RejectedError as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise
            return new_lease(self._namespace, self._name)

    async def write(self, lease: Manifest) -> Manifest:
        """Replace the version of the Lease that was read; create the Lease if it has no resourceVersion."""
        method, name = ("PUT", self._name) if "resourceVersion" in lease["metadata"] else ("POST", "")
        path = LEASES.path(self._namespace, name)
        return await self._connection.send(Request(method, path, body=lease, timeout_s=REQUEST_TIMEOUT_S))


def new_lease(namespace: str, name: str) -> Manifest:
    """A Lease that was never held."""
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": LEASES.api_version, "kind": LEASES.kind, "metadata": metadata, "spec": {}}


def acquired(lease: Manifest, identity: str, utc: datetime) -> Manifest:
    """The Lease acquired or renewed by `identity`. Its timestamps are informative; no decision reads them."""
    spec, timestamp = lease_spec(lease), utc.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    renewal = {"holderIdentity": identity, "leaseDurationSeconds": round(LEASE_DURATION_S), "renewTime": timestamp}
    if spec.get("holderIdentity") == identity:
        return lease | {"spec": spec | renewal}
    transitions = (spec.get("leaseTransitions") or 0) + 1
    return lease | {"spec": spec | renewal | {"acquireTime": timestamp, "leaseTransitions": transitions}}


def released(lease: Manifest) -> Manifest:
    """The Lease without a holder; any candidate may acquire it immediately."""
    return lease | {"spec": {name: value for name, value in lease_spec(lease).items() if name != "holderIdentity"}}
