"""Fields that admission changes in the operator's own apply.

The response to a server-side apply is the object as admission has left it. A field of the manifest that differs in the
response was changed by admission: a policy engine, an image mirror, GKE Autopilot. Applying it again would give the
same result, so the operator accepts the value. An annotation on the object holds the paths of the accepted fields and
a digest of each value, never the value, so that another operator process accepts it as well. It applies again when the
manifest or the value changes.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any, cast

from sd_operator.reconcile.drift.manifest_diff import Difference, differences
from sd_operator.reconcile.objects import annotation, applied_digest, digest, title
from sd_operator.resources import GROUP, Manifest

ACCEPTED_ANNOTATION = f"{GROUP}/changed-by-admission"
"""Annotation on a child: the accepted fields, as JSON of path and digest of the value."""


def drift(live: Manifest, desired: Manifest) -> Iterator[Difference]:
    """Yield the fields that have to be restored: those that differ and are not accepted."""
    accepted = accepted_fields(live, desired)
    return (each for each in differences(live, desired) if accepted.get(each.path) != digest(each.live))


def accepted_fields(live: Manifest, desired: Manifest) -> Mapping[str, str]:
    """Return path and digest of the accepted fields; none if another manifest was applied."""
    if applied_digest(live) != applied_digest(desired):
        return {}
    try:
        accepted: Any = json.loads(annotation(live, ACCEPTED_ANNOTATION) or "{}")
    except ValueError:
        return {}
    return cast("dict[str, str]", accepted) if isinstance(accepted, dict) else {}


def acceptance(response: Manifest, desired: Manifest) -> dict[str, str | None]:
    """Return the annotation to write after an apply; empty if the object has it already, None removes it."""
    changed = {each.path: digest(each.live) for each in differences(response, desired)}
    value = json.dumps(changed, sort_keys=True) if changed else None
    return {} if annotation(response, ACCEPTED_ANNOTATION) == (value or "") else {ACCEPTED_ANNOTATION: value}


def accepted_message(live: Manifest, desired: Manifest) -> str:
    """Return the message about the accepted fields of a child; empty if there are none."""
    accepted = accepted_fields(live, desired)
    fields = [each.path for each in differences(live, desired) if accepted.get(each.path) == digest(each.live)]
    if not fields:
        return ""
    return (
        f"Admission changed {', '.join(fields)} of {title(desired)} when the operator applied it. The operator accepts "
        "the value."
    )
