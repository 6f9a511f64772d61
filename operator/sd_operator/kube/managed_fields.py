"""Who else has a say in an object: the entries of other field managers, which alone of them are worth remembering."""

from sd_operator.resources import FIELD_MANAGER, Manifest

ROOTS = ("f:spec", "f:data")
"""Where a child holds what its service asks for. Its metadata is everybody's."""


def foreign_entries(seen: Manifest) -> list[Manifest]:
    """Of an object's managed fields, the entries of others that reach beyond its metadata and its subresources."""
    entries: list[Manifest] = seen["metadata"].get("managedFields", [])
    return [each for each in entries if _is_foreign(each)]


def _is_foreign(entry: Manifest) -> bool:
    is_ours = entry.get("manager") == FIELD_MANAGER or entry.get("subresource")
    return not is_ours and any(root in entry.get("fieldsV1", {}) for root in ROOTS)
