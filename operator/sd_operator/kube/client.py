"""The client interface to the Kubernetes API that the operator uses. Objects are plain dictionaries."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from sd_operator.resources import Manifest, Resource


@dataclass(frozen=True, slots=True)
class Listing:
    """Objects of one kind, all as of `resource_version` or later."""

    resource_version: int
    items: list[Manifest]


class KubeClient(Protocol):
    """What the operator asks of the API server. All that writes raises LeaseLostError where it may not."""

    async def get(self, resource: Resource, namespace: str, name: str) -> Manifest | None:
        """One object; None where there is none."""
        ...

    async def list(self, resource: Resource, label_selector: str = "") -> Listing:
        """Every object of a kind in the namespaces that are watched."""
        ...

    async def list_namespaced(self, namespace: str, resource: Resource, label_selector: str) -> Sequence[Manifest]:
        """The objects of a kind in one namespace."""
        ...

    async def list_events(self, live: Manifest) -> Sequence[Manifest]:
        """What anybody has told of that very object."""
        ...

    async def apply(self, manifest: Manifest) -> Manifest:
        """Server-side apply: the fields of the manifest become ours, others stay as they are."""
        ...

    async def apply_if_absent(self, manifest: Manifest) -> Manifest:
        """The same where nothing has that name; raises AlreadyExistsError, and changes nothing, where something has."""
        ...

    async def apply_status(self, manifest: Manifest) -> Manifest:
        """The same for the status subresource."""
        ...

    async def create(self, manifest: Manifest) -> Manifest | None:
        """Makes an object that is never changed; None where it exists already."""
        ...

    async def annotate(self, live: Manifest, annotations: dict[str, str]) -> Manifest:
        """Sets annotations on that very object, and nothing else."""
        ...

    async def remove_fields(self, live: Manifest, pointers: Iterable[str]) -> Manifest | None:
        """Takes fields out of that very object, by JSON pointers; None, and nothing done, where it has changed."""
        ...

    async def delete(self, live: Manifest) -> None:
        """Removes that very object: one of the same name that came after it stays."""
        ...
