"""The client interface to the Kubernetes API that the operator uses. Objects are plain dictionaries."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from sd_operator.resources import Manifest, Resource


@dataclass(frozen=True, slots=True)
class Listing:
    """A full list of one kind; every item is as of `resource_version` or later."""

    resource_version: int
    items: list[Manifest]


class KubeClient(Protocol):
    """Reads and writes objects. Every write raises LeaseLostError while this operator does not hold the Lease."""

    async def get(self, resource: Resource, namespace: str, name: str) -> Manifest | None:
        """Return one object, or None if it does not exist."""
        ...

    async def list(self, resource: Resource, label_selector: str = "") -> Listing:
        """List all objects of a kind in the watched namespaces."""
        ...

    async def list_namespaced(self, namespace: str, resource: Resource, label_selector: str) -> Sequence[Manifest]:
        """List the objects of a kind in one namespace."""
        ...

    async def list_events(self, live: Manifest) -> Sequence[Manifest]:
        """List the Events that refer to the object with this UID."""
        ...

    async def apply(self, manifest: Manifest) -> Manifest:
        """Server-side apply with force: take ownership of the manifest's fields, leave other fields unchanged."""
        ...

    async def apply_if_absent(self, manifest: Manifest) -> Manifest:
        """Server-side apply of a new object.

        Raises:
            AlreadyExistsError: an object of that name exists; it is left unchanged.
        """
        ...

    async def apply_status(self, manifest: Manifest) -> Manifest:
        """Server-side apply of the status subresource."""
        ...

    async def create(self, manifest: Manifest) -> Manifest | None:
        """Create an object; return None if one of that name exists."""
        ...

    async def annotate(self, live: Manifest, annotations: Mapping[str, str | None]) -> Manifest:
        """Set annotations on the object with this UID, remove those that are None, and change nothing else."""
        ...

    async def delete(self, live: Manifest) -> None:
        """Delete the object with this UID; a later object of the same name is not deleted."""
        ...
