"""Access to the status conditions of any object."""

from sd_operator.resources import Manifest


def conditions_of(live: Manifest) -> dict[str, Manifest]:
    """The object's conditions by type; empty before it has a status."""
    return {each["type"]: each for each in live.get("status", {}).get("conditions", ())}


def is_condition_true(live: Manifest, kind: str) -> bool:
    """Return True if the object has the condition with status True."""
    return conditions_of(live).get(kind, {}).get("status") == "True"


def transition_time(live: Manifest, kind: str) -> str:
    """The condition's lastTransitionTime in RFC 3339; empty if there is no such condition."""
    return conditions_of(live).get(kind, {}).get("lastTransitionTime") or ""
