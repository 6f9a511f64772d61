"""Clustering: many speakers, long recordings and unsupported classes."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from oracle_pipeline import IGNORE_EXPECTED_WARNINGS, OraclePipeline
from sd_engine.diarization.clustering import Clustering
from sd_engine.diarization.speaker_bounds import SpeakerBounds
from synthetic_windows import synthesize

pytestmark = IGNORE_EXPECTED_WARNINGS

UNBOUNDED = SpeakerBounds.from_arguments({})


@pytest.fixture(scope="module")
def vbx() -> Clustering:
    return Clustering.from_pipeline(OraclePipeline("VBxClustering", Fa=0.5, Fb=1.0))


def clusters_of(speakers: NDArray[np.int_], clusters: NDArray[np.int32]) -> list[set[int]]:
    """Return the clusters of each true speaker."""
    return [set(clusters[speakers == speaker].tolist()) for speaker in range(speakers.max() + 1)]


def test_140_speakers_get_140_clusters(vbx: Clustering) -> None:
    random = np.random.default_rng(0)
    speakers = np.tile(np.arange(140), (8, 1)).T.reshape(-1, 2)  # two speakers per window, eight embeddings each
    speakers[:, 1] = np.roll(speakers[:, 1], 8)
    embeddings = random.normal(size=(140, 256))[speakers] + 0.1 * random.normal(size=(*speakers.shape, 256))
    segmentations = np.zeros((len(speakers), 100, 2), np.uint8)
    segmentations[:, :50, 0] = segmentations[:, 50:, 1] = 1

    clusters, centroids = vbx(embeddings.astype(np.float32), segmentations, UNBOUNDED)

    by_speaker = clusters_of(speakers, clusters)
    assert len(centroids) == 140
    assert all(len(cluster) == 1 for cluster in by_speaker)
    assert set.union(*by_speaker) == set(range(140))


def test_clustering_of_selected_embeddings_finds_the_same_speakers(vbx: Clustering) -> None:
    windows = synthesize(4, windows=600, speakers=5)

    all_clusters, _ = vbx(windows.embeddings, windows.segmentations, UNBOUNDED)
    clusters, centroids = vbx(windows.embeddings, windows.segmentations, UNBOUNDED, max_embeddings=100)

    active = windows.segmentations.any(axis=1)
    pairs = set(zip(all_clusters[active].tolist(), clusters[active].tolist(), strict=True))
    assert len(centroids) == 5
    assert len(pairs) == 5


def test_a_limit_above_the_number_of_embeddings_changes_nothing(vbx: Clustering) -> None:
    windows = synthesize(5)

    _, unlimited = vbx(windows.embeddings, windows.segmentations, UNBOUNDED)
    _, limited = vbx(windows.embeddings, windows.segmentations, UNBOUNDED, max_embeddings=10_000)

    np.testing.assert_array_equal(limited, unlimited)


def test_the_minimum_cluster_size_is_reduced_with_the_number_of_embeddings() -> None:
    """One speaker has 24 of 600 windows; an eighth of them are too few for a minimum cluster size of twelve."""
    windows = synthesize(6, windows=600, speakers=2, overlap=0.0, noise=0.1)
    rare = np.random.default_rng(0).normal(size=256)
    windows.embeddings[300:324] = rare
    ahc = Clustering.from_pipeline(OraclePipeline("AgglomerativeClustering"))

    clusters, centroids = ahc(windows.embeddings, windows.segmentations, UNBOUNDED, max_embeddings=100)

    assert len(centroids) == 3
    assert len(set(clusters[300:324].flat)) == 1


def test_an_unsupported_clustering_class_is_rejected() -> None:
    pipeline: Any = SimpleNamespace(clustering=object())

    with pytest.raises(ValueError, match="Clustering by object is not supported; supported are VBxClustering"):
        Clustering.from_pipeline(pipeline)
