"""Continuous batching: one thread owns the device and builds each batch from all recordings in flight."""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future

from sd_engine import logs
from sd_engine.device.batch_runner import BatchPart, BatchRunner, DeviceMetrics
from sd_engine.device.device_job import DeviceJob, NetworkOutputs
from sd_engine.device.inference import NetworkKind, NetworkRunner
from sd_engine.device.schedule import Scheduler
from sd_engine.samples import Samples
from sd_engine.termination_message import exit_with_message


class Batcher:
    """Runs the networks on recordings, which may be submitted at any time by any thread."""

    def __init__(self, networks: NetworkRunner, batch_sizes: dict[NetworkKind, int], metrics: DeviceMetrics) -> None:
        self._networks = networks
        self._runner = BatchRunner(networks, batch_sizes, metrics)
        self._metrics = metrics
        self._scheduler = Scheduler()
        self._jobs: list[DeviceJob] = []
        self._jobs_changed = threading.Condition()

    def start(self) -> None:
        """Measure the device's throughput, then start its thread.

        Raises:
            RuntimeError: the device cannot run a batch of one item.
        """
        self._runner.warm_up()
        threading.Thread(target=self._serve, name="device", daemon=True).start()

    def submit(self, samples: Samples) -> Future[NetworkOutputs]:
        """Return a future of the networks' outputs for 16 kHz mono samples; cancelling it stops the job."""
        job = DeviceJob(samples, self._networks.geometry, self._networks.silent_embedding)
        with self._jobs_changed:
            self._jobs.append(job)
            self._jobs_changed.notify()
        return job.future

    def pending_s(self) -> float:
        """Return the device time that the recordings in flight still need."""
        with self._jobs_changed:
            return sum(map(self._runner.throughput.remaining_s, self._jobs))

    def estimate_s(self, audio_s: float) -> float:
        """Return an upper bound of the device time for a recording of this length."""
        geometry = self._networks.geometry
        windows = audio_s * geometry.sample_rate_hz / geometry.step_samples
        return windows * sum(self._runner.throughput.seconds_per_window.values())

    def _serve(self) -> None:
        """Run batches until the process ends. If this thread fails, the process exits: no request could finish."""
        try:
            while True:
                self._wait_for_jobs()
                started = time.monotonic()
                for job, error in self._runner.run(*self._next_batch()).items():
                    self._fail(job, error)
                self._complete_finished_jobs()
                self._metrics.record_device_demand(time.monotonic() - started)
        except BaseException as error:  # noqa: BLE001 - the process exits
            logs.failure("device_thread_failed", error)
            reason = type(error).__name__
            exit_with_message(f"The device thread has failed ({reason}). The engine exits and must be restarted.")

    def _wait_for_jobs(self) -> None:
        """Remove cancelled jobs and return once there is another one."""
        with self._jobs_changed:
            while not (active := [job for job in self._jobs if not job.future.cancelled()]):
                self._jobs.clear()
                self._jobs_changed.wait()
            self._jobs = active

    def _next_batch(self) -> tuple[NetworkKind, list[BatchPart]]:
        """Return the network that the first job needs, and a batch of all jobs that need it."""
        with self._jobs_changed:
            order = self._scheduler.order(self._jobs, self._runner.throughput.remaining_s, time.monotonic())
        kind = order[0].next_kind
        assert kind is not None  # noqa: S101 - finished jobs have been removed
        return kind, self._fill_batch(kind, [job for job in order if job.next_kind is kind])

    def _fill_batch(self, kind: NetworkKind, order: list[DeviceJob]) -> list[BatchPart]:
        batch, capacity = [], self._runner.batch_sizes[kind]
        for job in order:
            if capacity > 0:
                batch.append(BatchPart(job, job.next_items(kind, capacity)))
                capacity -= len(batch[-1].items)
        return batch

    def _fail(self, job: DeviceJob, error: Exception) -> None:
        with self._jobs_changed:
            self._jobs.remove(job)
        if job.future.set_running_or_notify_cancel():
            job.future.set_exception(error)

    def _complete_finished_jobs(self) -> None:
        with self._jobs_changed:
            finished = [job for job in self._jobs if job.next_kind is None]
            self._jobs = [job for job in self._jobs if job.next_kind is not None]
        for job in finished:
            if job.future.set_running_or_notify_cancel():
                job.future.set_result(job.outputs())
