"""The last seen state of everything that the operator watches, trimmed, and found by the service it belongs to."""

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from sd_operator.kube.client import Listing
from sd_operator.kube.managed_fields import foreign_entries
from sd_operator.resources import (
    CHILD_KINDS,
    COMPONENT_LABEL,
    DIARIZATION_SERVICES,
    INSTANCE_LABEL,
    JOBS,
    MODEL_COMPONENT,
    PODS,
    RESOURCE_BY_KIND,
    Manifest,
    Resource,
)


class Key(NamedTuple):
    """A DiarizationService."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


REMEMBERED = 10_000
"""Objects that have gone: what is older than so many deletions has been overtaken by everything."""


class Cache:
    """Objects by kind and service. Older versions of an object never replace newer ones."""

    def __init__(self) -> None:
        self._objects: dict[str, dict[Key, dict[str, Manifest]]] = {
            kind: defaultdict(dict) for kind in RESOURCE_BY_KIND
        }
        self._keys: dict[str, Key] = {}  # by UID: an object whose labels were changed is still found
        self._gone: dict[str, int] = {}  # version at which an object went, by UID, the last to go last

    def upsert(self, seen: Manifest) -> Key:
        """Remembers an object; returns the service that it belongs to."""
        uid, key = seen["metadata"]["uid"], owner_key(seen)
        known = self._known(seen["kind"], uid)
        if resource_version(seen) <= (self._gone.get(uid, -1) if known is None else resource_version(known)):
            return key  # overtaken: a list or an answer tells of a moment before the last event
        self._forget(seen["kind"], uid)
        self._objects[seen["kind"]][key][uid] = trimmed(seen)
        self._keys[uid] = key
        return key

    def delete(self, gone: Manifest) -> Key:
        """Forgets an object; returns the service that it belonged to."""
        uid = gone["metadata"]["uid"]
        self._forget(gone["kind"], uid)
        self._gone.pop(uid, None)
        self._gone[uid] = resource_version(gone)
        if len(self._gone) > REMEMBERED:
            del self._gone[next(iter(self._gone))]
        return owner_key(gone)

    def replace(self, resource: Resource, listing: Listing) -> None:
        """Takes a full list for the truth, except where something newer than the list was seen since."""
        listed = {item["metadata"]["uid"] for item in listing.items}
        for known in [*self._all(resource.kind)]:
            if known["metadata"]["uid"] not in listed and resource_version(known) <= listing.resource_version:
                as_of_the_list = known["metadata"] | {"resourceVersion": str(listing.resource_version)}
                self.delete(known | {"metadata": as_of_the_list})
        for item in listing.items:
            self.upsert(item)

    def clear(self, resource: Resource) -> None:
        """Forgets everything of a kind that the cluster no longer has."""
        for known in [*self._all(resource.kind)]:
            self.delete(known)

    def uids(self) -> set[str]:
        """Everything that it holds, by UID."""
        return {*self._keys}

    def keys(self) -> set[Key]:
        """Every service that exists."""
        return {key for key, objects in self._objects[DIARIZATION_SERVICES.kind].items() if objects}

    def service(self, key: Key) -> Manifest | None:
        """The resource itself."""
        return next(iter(self._of(DIARIZATION_SERVICES, key)), None)

    def children(self, key: Key) -> list[Manifest]:
        """The objects that the operator made for a service."""
        return [child for resource in CHILD_KINDS for child in self._of(resource, key)]

    def serving_pods(self, key: Key) -> list[Manifest]:
        """The service's pods that serve, or are to."""
        return [pod for pod in self._of(PODS, key) if not _supplies(pod)]

    def model_jobs(self, key: Key) -> list[Manifest]:
        """The Jobs that bring the service its model."""
        return self._of(JOBS, key)

    def model_job_pods(self, key: Key) -> list[Manifest]:
        """Their pods."""
        return [pod for pod in self._of(PODS, key) if _supplies(pod)]

    def keys_with_model_jobs(self, namespace: str) -> list[Key]:
        """The services of a namespace that have any; few do, since an ended Job goes after an hour."""
        return [key for key in self._objects[JOBS.kind] if key.namespace == namespace and self.service(key)]

    def keys_in_namespace(self, namespace: str) -> list[Key]:
        """Every service of a namespace."""
        return sorted(key for key in self.keys() if key.namespace == namespace)

    def _of(self, resource: Resource, key: Key) -> list[Manifest]:
        # .get, because asking must not make an empty entry.
        return [*self._objects[resource.kind].get(key, {}).values()]

    def _all(self, kind: str) -> Iterable[Manifest]:
        return (known for objects in self._objects[kind].values() for known in objects.values())

    def _known(self, kind: str, uid: str) -> Manifest | None:
        return self._objects[kind].get(self._keys[uid], {}).get(uid) if uid in self._keys else None

    def _forget(self, kind: str, uid: str) -> None:
        key = self._keys.pop(uid, None)
        if key is None:
            return
        objects = self._objects[kind][key]
        objects.pop(uid, None)
        if not objects:
            del self._objects[kind][key]


def owner_key(seen: Manifest) -> Key:
    """The service that an object belongs to: itself, its owner, or the one its labels name (a pod's owner is none)."""
    metadata = seen["metadata"]
    if seen["kind"] == DIARIZATION_SERVICES.kind:
        return Key(metadata["namespace"], metadata["name"])
    owners = [owner["name"] for owner in metadata.get("ownerReferences", ()) if _is_service(owner)]
    return Key(metadata["namespace"], owners[0] if owners else metadata.get("labels", {}).get(INSTANCE_LABEL, ""))


def _supplies(pod: Manifest) -> bool:
    return pod["metadata"].get("labels", {}).get(COMPONENT_LABEL) == MODEL_COMPONENT


def _is_service(owner: Manifest) -> bool:
    return owner.get("controller", False) and owner["kind"] == DIARIZATION_SERVICES.kind


def resource_version(seen: Manifest) -> int:
    """An object's resourceVersion: of one kind, larger is newer."""
    return int(seen["metadata"]["resourceVersion"])


def trimmed(seen: Manifest) -> Manifest:
    """The object without what no decision reads; half of a pod's size is its spec and its managed fields."""
    metadata = {name: value for name, value in seen["metadata"].items() if name != "managedFields"}
    kept = seen | {"metadata": metadata}
    if seen["kind"] == PODS.kind:
        kept.pop("spec", None)
    elif seen["kind"] != DIARIZATION_SERVICES.kind and (entries := foreign_entries(seen)):
        metadata["managedFields"] = entries
    return kept
