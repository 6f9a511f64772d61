"""Mutated recordings are reproducible, and files of any size can be mutated."""

from __future__ import annotations

import random

import pytest

from benchmarks.engine.recordings.mutations import MUTATIONS, Mutation


@pytest.mark.parametrize("mutation", [mutation for mutation in MUTATIONS if mutation.__name__ != "splice"])
@pytest.mark.parametrize("size_bytes", [0, 1, 50, 5000])
def test_a_mutation_accepts_files_of_any_size_and_is_reproducible(mutation: Mutation, size_bytes: int) -> None:
    results = set()
    for _ in range(2):
        content = bytearray(range(256)) * 20
        content = content[:size_bytes]
        rng = random.Random(3)  # noqa: S311 - reproducible, not secret
        for _ in range(10):
            mutation(content, rng)
        results.add(bytes(content))
    assert len(results) == 1
