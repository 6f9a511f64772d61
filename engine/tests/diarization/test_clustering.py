"""Who is who across windows: many speakers, long recordings, and pipelines whose clustering is not known."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from oracle_pipeline import EXPECTED, GivenPipeline
from sd_engine.diarization.assignment import nearest_apart
from sd_engine.diarization.clustering import Bounds, Clustering, evenly_spread
from windows import conversation

pytestmark = EXPECTED

ANY = Bounds.of({})


@pytest.fixture(scope="module")
def vbx() -> Clustering:
    return Clustering.of(GivenPipeline("VBxClustering", Fa=0.5, Fb=1.0))


def clusters_of(voices: NDArray[np.int_], clusters: NDArray[np.int32]) -> list[set[int]]:
    """The clusters that each voice is found in."""
    return [set(clusters[voices == voice].tolist()) for voice in range(voices.max() + 1)]


def test_a_hundred_and_forty_speakers_are_told_apart(vbx: Clustering) -> None:
    random = np.random.default_rng(0)
    voices = np.tile(np.arange(140), (8, 1)).T.reshape(-1, 2)  # two speakers a window, eight embeddings each
    voices[:, 1] = np.roll(voices[:, 1], 8)
    blurred = random.normal(size=(140, 256))[voices] + 0.1 * random.normal(size=(*voices.shape, 256))
    segmentations = np.zeros((len(voices), 100, 2), np.uint8)
    segmentations[:, :50, 0] = segmentations[:, 50:, 1] = 1

    clusters, centroids = vbx(blurred.astype(np.float32), segmentations, ANY)

    found = clusters_of(voices, clusters)
    assert len(centroids) == 140
    assert all(len(cluster) == 1 for cluster in found)
    assert set.union(*found) == set(range(140))


def test_two_of_a_window_never_share_a_cluster_and_the_silent_come_last() -> None:
    similarity = np.array([[[1.9, 1.0], [1.8, 0.5]], [[0.2, 0.1], [2.0, 2.0]]])
    silent = np.array([[False, False], [False, True]])

    assert nearest_apart(similarity, silent).tolist() == [[1, 0], [0, 1]]


def test_embeddings_are_kept_window_by_window_all_along_the_recording() -> None:
    window = np.repeat(np.arange(0, 2000, 2), 3)  # three embeddings in every other window

    kept = evenly_spread(window, 300)

    assert kept.sum() == 300
    assert np.unique(window[kept], return_counts=True)[1].tolist() == [3] * 100
    assert set(np.diff(np.unique(window[kept]))) == {20}


def test_a_bounded_clustering_finds_the_same_speakers(vbx: Clustering) -> None:
    windows = conversation(4, windows=600, voices=5)

    everything, _ = vbx(windows.embeddings, windows.segmentations, ANY)
    bounded, centroids = vbx(windows.embeddings, windows.segmentations, ANY, most=100)

    spoken = windows.segmentations.any(axis=1)
    pairs = set(zip(everything[spoken].tolist(), bounded[spoken].tolist(), strict=True))
    assert len(centroids) == 5
    assert len(pairs) == 5


def test_a_bound_that_is_not_reached_changes_nothing(vbx: Clustering) -> None:
    windows = conversation(5)

    _, everything = vbx(windows.embeddings, windows.segmentations, ANY)
    _, bounded = vbx(windows.embeddings, windows.segmentations, ANY, most=10_000)

    np.testing.assert_array_equal(bounded, everything)


def test_clusters_may_be_smaller_by_as_much_as_embeddings_were_left_out() -> None:
    """One voice has 24 windows of 600; an eighth of them are too few for a cluster that must have twelve."""
    windows = conversation(6, windows=600, voices=2, overlap=0.0, noise=0.1)
    rare = np.random.default_rng(0).normal(size=256)
    windows.embeddings[300:324] = rare
    ahc = Clustering.of(GivenPipeline("AgglomerativeClustering"))

    clusters, centroids = ahc(windows.embeddings, windows.segmentations, ANY, most=100)

    assert len(centroids) == 3
    assert len(set(clusters[300:324].flat)) == 1


def test_an_unknown_clustering_is_refused() -> None:
    pipeline: Any = SimpleNamespace(clustering=object())

    with pytest.raises(ValueError, match="clusters by object; known are VBxClustering"):
        Clustering.of(pipeline)
