"""Identity, ownership and digest of the objects of a service."""

import hashlib
import json

from sd_operator.resources import APPLIED_ANNOTATION, Manifest

Identity = tuple[str, str]
"""Kind and name of an object. All objects of a service are in its namespace."""


def identity(manifest: Manifest) -> Identity:
    """Return kind and name."""
    return manifest["kind"], manifest["metadata"]["name"]


def title(manifest: Manifest) -> str:
    """Return kind and name as messages write them."""
    return f"{manifest['kind']} {manifest['metadata']['name']}"


def is_owned_by(live: Manifest, uid: str) -> bool:
    """Return True if the object is owned by the resource with that UID, not by an earlier one of the same name."""
    return any(owner["uid"] == uid for owner in live["metadata"].get("ownerReferences", ()))


def is_being_deleted(live: Manifest) -> bool:
    """Return True if the object has a deletion timestamp."""
    return "deletionTimestamp" in live["metadata"]


def annotation(live: Manifest, name: str) -> str:
    """Return the value of an annotation; empty if there is none."""
    return live["metadata"].get("annotations", {}).get(name, "")


def with_digest(manifest: Manifest) -> Manifest:
    """Return the manifest with an annotation that holds its digest.

    A field that is no longer desired does not differ from the live object, but the digest does.
    """
    metadata = manifest["metadata"]
    annotations = metadata.get("annotations", {}) | {APPLIED_ANNOTATION: digest(manifest)}
    return manifest | {"metadata": metadata | {"annotations": annotations}}


def digest(value: object) -> str:
    """Return 16 hex digits of the SHA-256 of a JSON value."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def applied_digest(manifest: Manifest) -> str:
    """Return the digest that the annotation holds; empty if the operator has not applied the object."""
    return annotation(manifest, APPLIED_ANNOTATION)
