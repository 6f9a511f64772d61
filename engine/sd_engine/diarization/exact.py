"""Exact and fast mode: the networks run by continuous batching, the later steps in worker processes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import torch

from sd_engine import wire
from sd_engine.device import device
from sd_engine.device.batcher import Batcher
from sd_engine.device.device_job import NetworkOutputs
from sd_engine.device.inference import NetworkKind, NetworkRunner, SharedTrunkEmbedder
from sd_engine.diarization.diarizer import DiarizationResult
from sd_engine.diarization.model_loader import Model
from sd_engine.diarization.timeline_job import TimelineJob
from sd_engine.metrics import Metrics
from sd_engine.networks import embedding as embedding_networks
from sd_engine.networks.geometry import Geometry
from sd_engine.networks.masks import SpeakerMasks
from sd_engine.networks.segmentation import SegmentationNetwork
from sd_engine.samples import Samples
from sd_engine.transport.options import Options
from sd_engine.transport.request import Request
from sd_engine.workers.rlimits import MEBIBYTE, ResourceLimits
from sd_engine.workers.worker_pool import WorkerPool

TIMELINE_WORKERS = 2
TIMELINE_LIMITS = ResourceLimits(cpu_s=1800, memory_bytes=3072 * MEBIBYTE)
TIMELINE_TIMEOUT_S = 3600.0


class BatchedDiarizer:
    """Sends each recording to the batcher and its network outputs to a timeline worker."""

    def __init__(self, batcher: Batcher, timeline_pool: WorkerPool, metrics: Metrics) -> None:
        self._batcher = batcher
        self._timeline_pool = timeline_pool
        self._metrics = metrics

    def start(self) -> None:
        """Start the workers and the device thread; return once the device's throughput is measured."""
        self._timeline_pool.start()
        self._batcher.start()

    def diarize(self, request: Request, owned_samples: list[Samples], options: Options) -> DiarizationResult:
        with self._metrics.stage_s.labels("networks").time():
            outputs = request.wait_for(self._batcher.submit(owned_samples.pop()))
        request.raise_if_cancelled()
        with self._metrics.stage_s.labels("timeline").time():
            response, timeline = self._build_timeline(outputs, options)
        return DiarizationResult(timeline, response["num_speakers"], outputs.device_s)

    def pending_s(self) -> float:
        return self._batcher.pending_s()

    def estimate_s(self, audio_s: float) -> float:
        return self._batcher.estimate_s(audio_s)

    def _build_timeline(self, outputs: NetworkOutputs, options: Options) -> tuple[wire.Message, bytes]:
        """Run a `TimelineJob` in a worker process and return its response and the timeline's JSON."""
        message = {
            "shape": outputs.activity.shape,
            "dimension": outputs.embeddings.shape[-1],
            "bounds": options.pipeline_arguments(),
            "include": sorted(options.include),
        }
        with ExitStack() as stack:
            memory_fds = [
                stack.enter_context(_memory("activity", outputs.activity.data)),
                stack.enter_context(_memory("embeddings", outputs.embeddings.data)),
            ]
            response, timeline_fd = self._timeline_pool.run(message, memory_fds, timeout_s=TIMELINE_TIMEOUT_S)
        assert timeline_fd is not None  # noqa: S101 - a timeline job always returns one
        try:
            return response, wire.read_memory(timeline_fd)
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
    """Return the diarizer for a pipeline that is compatible with this mode."""
    networks = build_networks(model.pipeline, model.device, fast=fast)
    sizes = batch_sizes(model.device, networks.executors.count)
    metrics.add_device_metrics(sizes)
    batcher = Batcher(networks, sizes, metrics)
    timeline_pool = WorkerPool(
        "timeline",
        TimelineJob.from_pipeline(model.pipeline),
        TIMELINE_WORKERS,
        TIMELINE_LIMITS,
        metrics.record_worker_restart,
    )
    return BatchedDiarizer(batcher, timeline_pool, metrics)


def build_networks(pipeline: Any, on: torch.device, *, fast: bool) -> NetworkRunner:  # noqa: ANN401 - pyannote.audio's
    """Return a pipeline's networks, in reduced precision if `fast` and if the device supports it."""
    geometry = Geometry.from_pipeline(pipeline)
    dtype = device.fast_dtype(on) if fast else torch.float32
    segmenter = SegmentationNetwork(pipeline._segmentation.model, dtype)  # noqa: SLF001
    embedder = _build_embedder(pipeline, geometry, on, dtype)
    return NetworkRunner(geometry, device.executors(on), segmenter, embedder)


def _build_embedder(
    pipeline: Any,  # noqa: ANN401
    geometry: Geometry,
    on: torch.device,
    dtype: torch.dtype,
) -> SharedTrunkEmbedder:
    embedding = pipeline._embedding  # noqa: SLF001
    network = embedding_networks.split(embedding.model_, dtype)
    assert network is not None  # noqa: S101 - the pipeline is compatible
    masks = SpeakerMasks.create(
        geometry, exclude_overlap=pipeline.embedding_exclude_overlap, min_samples=embedding.min_num_samples
    )
    return SharedTrunkEmbedder(network, geometry, masks, on)


def batch_sizes(on: torch.device, executors: int) -> dict[NetworkKind, int]:
    """Return the windows per batch: few on a CPU, where small batches are as fast and delay a short clip less."""
    if on.type == "cpu":
        return {NetworkKind.SEGMENTATION: 8 * executors, NetworkKind.EMBEDDING: 2 * executors}
    return {NetworkKind.SEGMENTATION: 64, NetworkKind.EMBEDDING: 64}
