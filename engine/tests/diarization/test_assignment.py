"""Assignment of local speakers to the most similar centroids."""

from __future__ import annotations

import numpy as np
from sd_engine.diarization.assignment import assign, assign_constrained, similarities


def test_similarity_is_two_minus_the_distance() -> None:
    embeddings = np.array([[[1.0, 0.0], [0.0, 1.0]]], np.float32)

    similarity = similarities(embeddings, np.array([[2.0, 0.0], [0.0, -3.0]]), "cosine")

    assert similarity.tolist() == [[[2.0, 1.0], [1.0, 0.0]]]


def test_local_speakers_of_a_window_may_share_a_cluster() -> None:
    assert assign(np.array([[[1.9, 1.0], [1.8, 0.5]]])).tolist() == [[0, 0]]


def test_constrained_local_speakers_get_different_clusters_and_inactive_ones_are_assigned_last() -> None:
    similarity = np.array([[[1.9, 1.0], [1.8, 0.5]], [[0.2, 0.1], [2.0, 2.0]]])
    inactive = np.array([[False, False], [False, True]])

    assert assign_constrained(similarity, inactive).tolist() == [[1, 0], [0, 1]]
