"""Revisions that no service uses any more go."""

from __future__ import annotations

from sd_model_store import names, space
from sd_model_store.cache import Cache
from sd_model_store.deadline import Deadline


def remove(cache: Cache, deadline: Deadline, pipeline: str, keep: frozenset[str]) -> list[str]:
    """Deletes every revision of the pipeline but those to keep; says which were complete.

    Raises:
        CacheUnusableError: the cache cannot be written, or somebody else works in it for too long.
    """
    names.check_pipeline(pipeline)
    with cache.locked(deadline), space.writing(cache.root):
        return cache.remove(pipeline, keep)
