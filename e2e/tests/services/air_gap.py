"""The commands by which docs/models.md carries a model into a cluster without a network, run as they stand there."""

import json
import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from sd_kit import paths
from sd_kit.cluster import kubectl as kubectl_command
from sd_kit.images.build import references
from sd_kit.offline import go_build

_BLOCK = re.compile(r"^<!-- runs: (.+?) -->\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_BLOCKS = dict(_BLOCK.findall((paths.REPOSITORY / "docs" / "models.md").read_text()))
CLAIM = "models"
"""The claim that the page makes."""


@dataclass(frozen=True)
class Carrier:
    """Carries models into and out of a namespace, by way of a folder."""

    namespace: str
    folder: Path

    def take_out(self, service: str) -> str:
        """Writes the model of a running service into the folder; its digest."""
        said = self._run(_BLOCKS["out of a cluster"].replace("deploy/meetings", f"deploy/{service}"))
        return json.loads(said.splitlines()[-1])["digest"]

    def bring_in(self, digest: str) -> None:
        """Makes the claim, and puts the model from the folder onto it."""
        pod = re.sub(r"registry\.example\.com\S+", references()["client"], _BLOCKS["the pod that imports"])
        (self.folder / "import.yaml").write_text(pod)
        self._run(f"kubectl apply -f import.yaml\n{_BLOCKS['into a cluster'].replace('sha256:…', digest)}")

    def _run(self, commands: str) -> str:
        """What the commands say on standard error."""
        environment = {
            **os.environ,
            "PATH": f"{go_build.binary('kubectl').parent}:{os.environ['PATH']}",
            "KUBECONFIG": str(self._kubeconfig()),
        }
        argv = ["bash", "-euo", "pipefail", "-c", commands]
        done = subprocess.run(
            argv, cwd=self.folder, env=environment, capture_output=True, text=True, check=False, timeout=180
        )
        assert done.returncode == 0, f"{commands}\n{done.stdout}\n{done.stderr}"
        return done.stderr

    def _kubeconfig(self) -> Path:
        """One whose current namespace is ours: the page's commands name none."""
        ours = self.folder / "kubeconfig"
        if not ours.exists():
            ours.write_bytes(Path(paths.kubeconfig()).read_bytes())
            words = ("config", "set-context", "--current", f"--namespace={self.namespace}")
            subprocess.run([kubectl_command.program(), "--kubeconfig", ours, *words], check=True, capture_output=True)
        return ours
