"""Renders the chart with helm."""

import subprocess
from pathlib import Path

import yaml

from sd_harness.control_plane.control_plane import CHART, Manifest


def render_chart(programs: Path, *flags: str, namespace: str = "sd-triton") -> list[Manifest]:
    """The manifests of an installation with these flags of `helm template`."""
    images = ("--set=images.operator=operator:1", "--set=images.server=server:1")
    argv = [str(programs / "helm"), "template", "sd-triton", str(CHART), f"--namespace={namespace}", *images, *flags]
    rendered = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
    return [manifest for manifest in yaml.safe_load_all(rendered) if manifest]
