"""Transfer of a model into a cluster without network, with the commands of docs/models.md."""

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

_BLOCK = re.compile(r"^<!-- test: (.+?) -->\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_BLOCKS = dict(_BLOCK.findall((paths.REPOSITORY / "docs" / "models.md").read_text()))
CLAIM = "models"
"""The claim that the page's manifest creates."""


@dataclass(frozen=True)
class ModelTransfer:
    """Exports models from a namespace into a folder, and imports them from it."""

    namespace: str
    folder: Path

    def export_model(self, service: str) -> str:
        """Export the model of a running service into the folder; return its digest."""
        stderr = self._run(_BLOCKS["export"].replace("deploy/meetings", f"deploy/{service}"))
        return json.loads(stderr.splitlines()[-1])["digest"]

    def import_model(self, digest: str) -> None:
        """Create the claim, and import the model from the folder into it."""
        manifests = re.sub(r"registry\.example\.com\S+", references()["client"], _BLOCKS["import pod"])
        (self.folder / "import.yaml").write_text(manifests)
        self._run(f"kubectl apply -f import.yaml\n{_BLOCKS['import'].replace('sha256:…', digest)}")

    def _run(self, commands: str) -> str:
        """Return the stderr of shell commands that must succeed."""
        environment = {
            **os.environ,
            "PATH": f"{go_build.binary('kubectl').parent}:{os.environ['PATH']}",
            "KUBECONFIG": str(self._kubeconfig()),
        }
        argv = ["bash", "-euo", "pipefail", "-c", commands]
        completed = subprocess.run(
            argv, cwd=self.folder, env=environment, capture_output=True, text=True, check=False, timeout=180
        )
        assert completed.returncode == 0, f"{commands}\n{completed.stdout}\n{completed.stderr}"
        return completed.stderr

    def _kubeconfig(self) -> Path:
        """Return a kubeconfig whose current namespace is this one: the page's commands contain no namespace."""
        path = self.folder / "kubeconfig"
        if not path.exists():
            path.write_bytes(Path(paths.kubeconfig()).read_bytes())
            arguments = ("config", "set-context", "--current", f"--namespace={self.namespace}")
            argv = [kubectl_command.program(), "--kubeconfig", path, *arguments]
            subprocess.run(argv, check=True, capture_output=True)
        return path
