"""The cache: latest observed state of all watched objects, indexed by the DiarizationService they belong to."""

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from sd_operator.kube.client import Listing
from sd_operator.kube.managed_fields import pause_entries
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
    """Namespace and name of a DiarizationService."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


MAX_TOMBSTONES = 10_000
"""Tombstones kept; the oldest are dropped, because no event or list that is still in flight can be older."""


class Cache:
    """Objects by kind and DiarizationService. An older resourceVersion never replaces a newer one."""

    def __init__(self) -> None:
        self._objects: dict[str, dict[Key, dict[str, Manifest]]] = {
            kind: defaultdict(dict) for kind in RESOURCE_BY_KIND
        }
        self._keys: dict[str, Key] = {}  # by UID, because an object's labels may change
        self._tombstones: dict[str, int] = {}  # resourceVersion at deletion by UID, oldest first

    def upsert(self, live: Manifest) -> Key:
        """Store an object unless a newer version is known; return the key of the service it belongs to."""
        uid, key = live["metadata"]["uid"], owner_key(live)
        if resource_version(live) <= self._known_version(live["kind"], uid):
            return key
        self._discard(live["kind"], uid)
        self._objects[live["kind"]][key][uid] = strip_unused_fields(live)
        self._keys[uid] = key
        return key

    def delete(self, live: Manifest) -> Key:
        """Remove an object and leave a tombstone; return the key of the service it belonged to."""
        uid = live["metadata"]["uid"]
        self._discard(live["kind"], uid)
        self._tombstones.pop(uid, None)
        self._tombstones[uid] = resource_version(live)
        if len(self._tombstones) > MAX_TOMBSTONES:
            del self._tombstones[next(iter(self._tombstones))]
        return owner_key(live)

    def replace(self, resource: Resource, listing: Listing) -> None:
        """Replace all objects of a kind by a full list, except those observed at a version newer than the list."""
        listed = {item["metadata"]["uid"] for item in listing.items}
        for cached in [*self._all(resource.kind)]:
            if cached["metadata"]["uid"] not in listed and resource_version(cached) <= listing.resource_version:
                metadata = cached["metadata"] | {"resourceVersion": str(listing.resource_version)}
                self.delete(cached | {"metadata": metadata})
        for item in listing.items:
            self.upsert(item)

    def clear(self, resource: Resource) -> None:
        """Remove all objects of a kind that the API server no longer serves."""
        for cached in [*self._all(resource.kind)]:
            self.delete(cached)

    def uids(self) -> set[str]:
        """UIDs of all cached objects."""
        return {*self._keys}

    def keys(self) -> set[Key]:
        """Keys of all existing services."""
        return {key for key, objects in self._objects[DIARIZATION_SERVICES.kind].items() if objects}

    def service(self, key: Key) -> Manifest | None:
        """The DiarizationService itself, if it exists."""
        return next(iter(self._by_key(DIARIZATION_SERVICES, key)), None)

    def children(self, key: Key) -> list[Manifest]:
        """Child objects that the operator created for a service."""
        return [child for resource in CHILD_KINDS for child in self._by_key(resource, key)]

    def serving_pods(self, key: Key) -> list[Manifest]:
        """Pods of the service's Deployment."""
        return [pod for pod in self._by_key(PODS, key) if not _is_model_pod(pod)]

    def model_jobs(self, key: Key) -> list[Manifest]:
        """Jobs that fetch or remove models for a service."""
        return self._by_key(JOBS, key)

    def model_job_pods(self, key: Key) -> list[Manifest]:
        """Pods of the service's model Jobs."""
        return [pod for pod in self._by_key(PODS, key) if _is_model_pod(pod)]

    def keys_with_model_jobs(self, namespace: str) -> list[Key]:
        """Keys of a namespace's services that have model Jobs; finished Jobs expire after an hour."""
        return [key for key in self._objects[JOBS.kind] if key.namespace == namespace and self.service(key)]

    def keys_in_namespace(self, namespace: str) -> list[Key]:
        """Keys of all services of a namespace, sorted."""
        return sorted(key for key in self.keys() if key.namespace == namespace)

    def _by_key(self, resource: Resource, key: Key) -> list[Manifest]:
        # .get, because a lookup in a defaultdict inserts an empty entry.
        return [*self._objects[resource.kind].get(key, {}).values()]

    def _all(self, kind: str) -> Iterable[Manifest]:
        return (cached for objects in self._objects[kind].values() for cached in objects.values())

    def _known_version(self, kind: str, uid: str) -> int:
        """The resourceVersion of the cached object or of its tombstone; -1 for an unknown object."""
        if uid in self._keys and (cached := self._objects[kind].get(self._keys[uid], {}).get(uid)):
            return resource_version(cached)
        return self._tombstones.get(uid, -1)

    def _discard(self, kind: str, uid: str) -> None:
        key = self._keys.pop(uid, None)
        if key is None:
            return
        objects = self._objects[kind][key]
        objects.pop(uid, None)
        if not objects:
            del self._objects[kind][key]


def owner_key(live: Manifest) -> Key:
    """The service of an object: itself, its controller, or the instance label (pods have other controllers)."""
    metadata = live["metadata"]
    if live["kind"] == DIARIZATION_SERVICES.kind:
        return Key(metadata["namespace"], metadata["name"])
    owners = [owner["name"] for owner in metadata.get("ownerReferences", ()) if _is_service(owner)]
    return Key(metadata["namespace"], owners[0] if owners else metadata.get("labels", {}).get(INSTANCE_LABEL, ""))


def _is_model_pod(pod: Manifest) -> bool:
    return pod["metadata"].get("labels", {}).get(COMPONENT_LABEL) == MODEL_COMPONENT


def _is_service(owner: Manifest) -> bool:
    return owner.get("controller", False) and owner["kind"] == DIARIZATION_SERVICES.kind


def resource_version(live: Manifest) -> int:
    """An object's resourceVersion as a number; within one kind, a larger one is newer."""
    return int(live["metadata"]["resourceVersion"])


def strip_unused_fields(live: Manifest) -> Manifest:
    """The object without the fields that no decision reads: half of a pod's size is its spec and managed fields."""
    metadata = {name: value for name, value in live["metadata"].items() if name != "managedFields"}
    stripped = live | {"metadata": metadata}
    if live["kind"] == PODS.kind:
        stripped.pop("spec", None)
    elif entries := pause_entries(live):
        metadata["managedFields"] = entries
    return stripped
