"""A minimal kubelet for model Jobs on a control plane without nodes.

It runs the real command of a Job's pod on this machine, with local folders in place of the mounted volumes, and writes
the termination message and exit code into the pod's status.
"""

from __future__ import annotations

import base64
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from sd_harness.control_plane.control_plane import Manifest

from benchmarks.operator.api_client import ApiClient

POLL_INTERVAL_S = 0.1
MERGE_PATCH = "application/merge-patch+json"
SELECTOR = "labelSelector=app.kubernetes.io%2Fcomponent%3Dmodel"
MAX_CONCURRENT_PODS = 16
FALLBACK_LOG_CHARACTERS = 1000
"""Characters of the log that replace a missing termination message, as with FallbackToLogsOnError."""


@dataclass
class JobKubelet:
    """Runs the pods of model Jobs; `folder` contains their volumes."""

    api: ApiClient
    folder: Path
    finished_s: dict[str, list[float]] = field(default_factory=dict[str, list[float]])
    """Times at which runs have finished, by the name of their service."""
    _started: set[str] = field(default_factory=set[str])
    _processes: dict[str, subprocess.Popen[str]] = field(default_factory=dict[str, subprocess.Popen[str]])

    def sync(self, threads: ThreadPoolExecutor) -> None:
        """Start new pods, and end those that are being deleted."""
        for pod in self.api.request("GET", f"/api/v1/pods?{SELECTOR}")["items"]:
            uid = pod["metadata"]["uid"]
            if "deletionTimestamp" in pod["metadata"]:
                self._delete(pod)
            elif uid not in self._started:
                self._started.add(uid)
                threads.submit(self._run, pod).add_done_callback(lambda future: future.result())

    def kill_all(self) -> None:
        """Kill all processes."""
        for process in self._processes.values():
            process.kill()

    def _delete(self, pod: Manifest) -> None:
        if process := self._processes.get(pod["metadata"]["uid"]):
            process.terminate()
        self.api.request("DELETE", _path(pod), {"gracePeriodSeconds": 0})

    def _run(self, pod: Manifest) -> None:
        name = pod["metadata"]["name"]
        binding = {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": name}}
        self.api.request("POST", f"{_path(pod)}/binding", binding | {"target": {"kind": "Node", "name": "n"}})
        started_at = _now()
        self._patch_status(pod, "Running", {"running": {"startedAt": started_at}})
        exit_code, message = self._run_container(pod)
        terminated = {"exitCode": exit_code, "message": message, "startedAt": started_at, "finishedAt": _now()}
        terminated["reason"] = "Error" if exit_code else "Completed"
        service = pod["metadata"]["labels"]["app.kubernetes.io/instance"]
        self.finished_s.setdefault(service, []).append(time.monotonic())
        self._patch_status(pod, "Failed" if exit_code else "Succeeded", {"terminated": terminated})

    def _run_container(self, pod: Manifest) -> tuple[int, str]:
        """Run the pod's only container; return its exit code and termination message."""
        root = self.folder / "pods" / pod["metadata"]["uid"]
        root.mkdir(parents=True)
        [container] = pod["spec"]["containers"]
        folders = self._mounted_folders(pod, container, root)
        log, termination_log = root / "log", root / "termination-log"
        command, *arguments = [_with_folder(folders, argument) for argument in container["args"]]
        assert command == "models"
        argv = [sys.executable, "-m", "sd_model_store", *arguments, "--termination-message", str(termination_log)]
        process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=log.open("w"), text=True)
        self._processes[pod["metadata"]["uid"]] = process
        exit_code = process.wait()
        has_message = termination_log.exists()
        message = termination_log.read_text() if has_message else log.read_text()[-FALLBACK_LOG_CHARACTERS:]
        for mount_path, folder in folders.items():
            message = message.replace(str(folder), mount_path)
        return exit_code, message

    def _mounted_folders(self, pod: Manifest, container: Manifest, root: Path) -> dict[str, Path]:
        """Return the local folder of each mount path of the container."""
        volumes = {volume["name"]: volume for volume in pod["spec"]["volumes"]}
        return {
            mount["mountPath"]: self._volume(pod["metadata"]["namespace"], volumes[mount["name"]], root)
            for mount in container["volumeMounts"]
        }

    def _volume(self, namespace: str, volume: Manifest, root: Path) -> Path:
        if claim := volume.get("persistentVolumeClaim"):
            folder = self.folder / "claims" / namespace / claim["claimName"]
            folder.mkdir(parents=True, exist_ok=True)
            return folder
        folder = root / volume["name"]
        folder.mkdir()
        if source := volume.get("secret"):
            self._write_items("secrets", namespace, source["secretName"], source["items"], folder)
        if source := volume.get("configMap"):
            self._write_items("configmaps", namespace, source["name"], source["items"], folder)
        return folder

    def _write_items(self, plural: str, namespace: str, name: str, items: list[Manifest], folder: Path) -> None:
        """Write the items of a Secret or ConfigMap as files; nothing if it is missing, as for an optional volume."""
        source = self.api.request("GET", f"/api/v1/namespaces/{namespace}/{plural}/{name}") or {}
        for item in items:
            if value := source.get("data", {}).get(item["key"]):
                content = base64.b64decode(value) if plural == "secrets" else value.encode()
                (folder / item["path"]).write_bytes(content)

    def _patch_status(self, pod: Manifest, phase: str, state: Manifest) -> None:
        container = {"name": pod["spec"]["containers"][0]["name"], "image": "", "imageID": "", "restartCount": 0}
        status = {"phase": phase, "containerStatuses": [{**container, "ready": False, "state": state}]}
        self.api.request("PATCH", f"{_path(pod)}/status", {"status": status}, MERGE_PATCH)


@contextmanager
def job_kubelet(api: ApiClient, folder: Path) -> Iterator[JobKubelet]:
    """Run a kubelet in a thread until the block ends."""
    kubelet, stopped = JobKubelet(api, folder), threading.Event()
    with ThreadPoolExecutor(MAX_CONCURRENT_PODS) as threads:

        def sync_loop() -> None:
            while not stopped.wait(POLL_INTERVAL_S):
                kubelet.sync(threads)

        loop = threads.submit(sync_loop)
        try:
            yield kubelet
        finally:
            stopped.set()
            kubelet.kill_all()
    loop.result()


def _path(pod: Manifest) -> str:
    return f"/api/v1/namespaces/{pod['metadata']['namespace']}/pods/{pod['metadata']['name']}"


def _with_folder(folders: dict[str, Path], argument: str) -> str:
    """Return the argument with its mount path replaced by the local folder."""
    for mount_path, folder in folders.items():
        if argument == mount_path or argument.startswith(f"{mount_path}/"):
            return f"{folder}{argument.removeprefix(mount_path)}"
    return argument


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
