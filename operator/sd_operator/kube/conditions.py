"""The conditions of any object, by their type: the cluster's and ours are alike."""

from sd_operator.resources import Manifest


def conditions_of(live: Manifest) -> dict[str, Manifest]:
    """None where the object has no status yet."""
    return {each["type"]: each for each in live.get("status", {}).get("conditions", ())}


def is_condition_true(live: Manifest, kind: str) -> bool:
    """Whether the object has that condition, and it holds."""
    return conditions_of(live).get(kind, {}).get("status") == "True"


def transition_time(live: Manifest, kind: str) -> str:
    """When a condition last changed, as the cluster writes times; empty where there is no such condition."""
    return conditions_of(live).get(kind, {}).get("lastTransitionTime") or ""
