"""Exact and fast mode: the networks by continuous batching, the steps after them in worker processes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import torch

from sd_engine import wire
from sd_engine.device import device
from sd_engine.device.batcher import Batcher
from sd_engine.device.device_job import Networked
from sd_engine.device.inference import Embedder, Heads, Kind, Networks, TrunkOnce, geometry_of
from sd_engine.diarization.diarizer import Diarized
from sd_engine.diarization.model_loader import Model
from sd_engine.diarization.timeline_job import TimelineJob
from sd_engine.metrics import Metrics
from sd_engine.networks import embedding as embedding_networks
from sd_engine.networks.geometry import Geometry
from sd_engine.networks.masks import Masks
from sd_engine.networks.segmentation import SegmentationNetwork
from sd_engine.samples import Samples
from sd_engine.transport.options import Options
from sd_engine.transport.request import Request
from sd_engine.workers.rlimits import MEBIBYTE, ResourceLimits
from sd_engine.workers.worker_pool import WorkerPool

TIMELINE_WORKERS = 2
TIMELINE_LIMITS = ResourceLimits(cpu_s=1800, memory_bytes=3072 * MEBIBYTE)
TIMELINE_WITHIN_S = 3600.0


class BatchedDiarizer:
    """All recordings share the device; each then waits for a timeline worker."""

    def __init__(self, batcher: Batcher, timelines: WorkerPool, metrics: Metrics) -> None:
        self._batcher = batcher
        self._timelines = timelines
        self._metrics = metrics

    def start(self) -> None:
        """Measures the device, then serves."""
        self._timelines.start()
        self._batcher.start()

    def diarize(self, request: Request, held: list[Samples], options: Options) -> Diarized:
        with self._metrics.stage_s.labels("networks").time():
            networked = request.wait_for(self._batcher.submit(held.pop()))
        request.raise_if_cancelled()
        with self._metrics.stage_s.labels("timeline").time():
            answer, timeline = self._timeline(networked, options)
        return Diarized(timeline, answer["speakers"], networked.device_s)

    def owed_s(self) -> float:
        return self._batcher.owed_s()

    def cost_s(self, audio_s: float) -> float:
        return self._batcher.cost_s(audio_s)

    def _timeline(self, networked: Networked, options: Options) -> tuple[wire.Message, bytes]:
        question = {
            "shape": networked.activity.shape,
            "dimension": networked.embeddings.shape[-1],
            "bounds": options.pipeline_arguments(),
            "include": sorted(options.include),
        }
        with ExitStack() as opened:
            memory_fds = [
                opened.enter_context(_memory("activity", networked.activity.data)),
                opened.enter_context(_memory("embeddings", networked.embeddings.data)),
            ]
            answer, timeline_fd = self._timelines.run(question, memory_fds, timeout_s=TIMELINE_WITHIN_S)
        assert timeline_fd is not None  # noqa: S101 - the job's answer
        try:
            return answer, wire.read_memory(timeline_fd)
        finally:
            os.close(timeline_fd)


@contextmanager
def _memory(name: str, content: memoryview) -> Iterator[int]:
    memory_fd = wire.write_memory(name, content)
    try:
        yield memory_fd
    finally:
        os.close(memory_fd)


def build(model: Model, *, fast: bool, metrics: Metrics) -> BatchedDiarizer:
    """For a pipeline that `recognition` has found known."""
    networks = networks_of(model.pipeline, model.device, fast=fast)
    sizes = batch_sizes(model.device, networks.lanes.count)
    metrics.add_device_metrics(sizes)
    batcher = Batcher(networks, sizes, metrics)
    timelines = WorkerPool(
        "timeline", TimelineJob.of(model.pipeline), TIMELINE_WORKERS, TIMELINE_LIMITS, metrics.record_worker_restart
    )
    return BatchedDiarizer(batcher, timelines, metrics)


def networks_of(pipeline: Any, on: torch.device, *, fast: bool) -> Networks:  # noqa: ANN401 - pyannote's
    """A pipeline's networks in the forms that the device runs."""
    geometry, lanes = geometry_of(pipeline), device.lanes(on)
    dtype = device.fast_dtype(on) if fast else torch.float32
    segmentation = SegmentationNetwork(pipeline._segmentation.model, dtype)  # noqa: SLF001
    return Networks(geometry, lanes, segmentation, _embedder(pipeline, geometry, on, dtype))


def _embedder(pipeline: Any, geometry: Geometry, on: torch.device, dtype: torch.dtype) -> Embedder:  # noqa: ANN401
    embedding = pipeline._embedding  # noqa: SLF001
    network = embedding_networks.known(embedding.model_, dtype)
    assert network is not None  # noqa: S101 - recognition has seen to it
    masks = Masks.of(
        geometry, exclude_overlap=pipeline.embedding_exclude_overlap, least_samples=embedding.min_num_samples
    )
    heads = Heads(network, geometry, masks, on)
    return TrunkOnce(network, heads, geometry, on)


def batch_sizes(on: torch.device, lanes: int) -> dict[Kind, int]:
    """In units: a CPU is as fast with few, and a short clip waits less; a GPU wants many."""
    if on.type == "cpu":
        return {Kind.SEGMENTATION: 8 * lanes, Kind.EMBEDDING: 2 * lanes}
    return {Kind.SEGMENTATION: 64, Kind.EMBEDDING: 64}
