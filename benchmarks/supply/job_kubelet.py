"""Does for the Jobs of the supply what a kubelet does: mounts their volumes, runs their command, says how it ended.

A control plane without nodes makes the pods of these Jobs and waits. Here the command is the real one, run on this
machine with the folders in the places of the volumes; what it says at its end goes into the pod's status.
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

LOOK_EVERY_S = 0.1
MERGE = "application/merge-patch+json"
SELECTOR = "labelSelector=app.kubernetes.io%2Fcomponent%3Dmodel"
AT_ONCE = 16


@dataclass
class JobKubelet:
    """Runs the pods of Jobs below a folder that holds their claims."""

    api: ApiClient
    folder: Path
    ended_s: dict[str, list[float]] = field(default_factory=dict[str, list[float]])
    """When runs ended, by the name of the service that they were for."""
    _taken: set[str] = field(default_factory=set[str])
    _running: dict[str, subprocess.Popen[str]] = field(default_factory=dict[str, subprocess.Popen[str]])

    def look(self, threads: ThreadPoolExecutor) -> None:
        """Starts what is new and ends what is to go."""
        for pod in self.api.request("GET", f"/api/v1/pods?{SELECTOR}")["items"]:
            uid = pod["metadata"]["uid"]
            if "deletionTimestamp" in pod["metadata"]:
                self._end(pod)
            elif uid not in self._taken:
                self._taken.add(uid)
                threads.submit(self._run, pod).add_done_callback(lambda done: done.result())

    def _end(self, pod: Manifest) -> None:
        if process := self._running.get(pod["metadata"]["uid"]):
            process.terminate()
        self.api.request("DELETE", _path(pod), {"gracePeriodSeconds": 0})

    def _run(self, pod: Manifest) -> None:
        name = pod["metadata"]["name"]
        binding = {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": name}}
        self.api.request("POST", f"{_path(pod)}/binding", binding | {"target": {"kind": "Node", "name": "n"}})
        started = _now()
        self._tell(pod, "Running", {"running": {"startedAt": started}})
        status, said = self._ran(pod)
        ended = {"exitCode": status, "message": said, "startedAt": started, "finishedAt": _now()}
        ended["reason"] = "Error" if status else "Completed"
        service = pod["metadata"]["labels"]["app.kubernetes.io/instance"]
        self.ended_s.setdefault(service, []).append(time.monotonic())
        self._tell(pod, "Failed" if status else "Succeeded", {"terminated": ended})

    def _ran(self, pod: Manifest) -> tuple[int, str]:
        """Exit status and last words of its one container."""
        root = self.folder / "pods" / pod["metadata"]["uid"]
        root.mkdir(parents=True)
        [container] = pod["spec"]["containers"]
        places = self._mounted(pod, container, root)
        last_words = root / "termination-log"
        command, *words = [_in(places, word) for word in container["args"]]
        assert command == "models"
        argv = [sys.executable, "-m", "sd_model_store", *words, "--termination-message", str(last_words)]
        process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=(root / "log").open("w"), text=True)
        self._running[pod["metadata"]["uid"]] = process
        status = process.wait()
        said = last_words.read_text() if last_words.exists() else (root / "log").read_text()[-1000:]
        for mounted, place in places.items():
            said = said.replace(str(place), mounted)
        return status, said

    def _mounted(self, pod: Manifest, container: Manifest, root: Path) -> dict[str, Path]:
        """The folder that stands for each place in the container at which something is mounted."""
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
            self._lay_out("secrets", namespace, source["secretName"], source["items"], folder)
        if source := volume.get("configMap"):
            self._lay_out("configmaps", namespace, source["name"], source["items"], folder)
        return folder

    def _lay_out(self, plural: str, namespace: str, name: str, items: list[Manifest], folder: Path) -> None:
        """The keys as files; nothing where there is no such object, as an optional volume has it."""
        found = self.api.request("GET", f"/api/v1/namespaces/{namespace}/{plural}/{name}") or {}
        for item in items:
            if value := found.get("data", {}).get(item["key"]):
                content = base64.b64decode(value) if plural == "secrets" else value.encode()
                (folder / item["path"]).write_bytes(content)

    def _tell(self, pod: Manifest, phase: str, state: Manifest) -> None:
        container = {"name": pod["spec"]["containers"][0]["name"], "image": "", "imageID": "", "restartCount": 0}
        status = {"phase": phase, "containerStatuses": [{**container, "ready": False, "state": state}]}
        self.api.request("PATCH", f"{_path(pod)}/status", {"status": status}, MERGE)


@contextmanager
def job_kubelet(api: ApiClient, folder: Path) -> Iterator[JobKubelet]:
    """Works until the block ends."""
    kubelet, over = JobKubelet(api, folder), threading.Event()
    with ThreadPoolExecutor(AT_ONCE) as threads:

        def work() -> None:
            while not over.wait(LOOK_EVERY_S):
                kubelet.look(threads)

        working = threads.submit(work)
        try:
            yield kubelet
        finally:
            over.set()
            for process in kubelet._running.values():  # noqa: SLF001 - its own
                process.kill()
    working.result()


def _path(pod: Manifest) -> str:
    return f"/api/v1/namespaces/{pod['metadata']['namespace']}/pods/{pod['metadata']['name']}"


def _in(places: dict[str, Path], word: str) -> str:
    """A word of the command line with the folder in the place of the mount."""
    for mounted, folder in places.items():
        if word == mounted or word.startswith(f"{mounted}/"):
            return f"{folder}{word.removeprefix(mounted)}"
    return word


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
