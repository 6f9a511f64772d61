"""Models that somebody prepared: the demo's pipeline on a claim, and in an image of nothing else."""

from pathlib import Path
from tempfile import TemporaryDirectory

from sd_harness.cluster import cluster, model_services
from sd_kit import paths
from sd_kit.images import docker, registry

DEMO_MODEL = paths.REPOSITORY / "engine" / "sd_engine" / "demo_model"
CLAIM, FOLDER = "prepared", "pipelines/demo"
_COPY = f"""
import shutil
shutil.copytree("/opt/sd/sd_engine/demo_model", "/claim/{FOLDER}")
"""


def on_a_claim(namespace: str) -> str:
    """A claim with the pipeline in a folder; its name."""
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "100Mi"}}}
    metadata = {"name": CLAIM, "namespace": namespace}
    cluster.apply({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": spec})
    with model_services.hand(CLAIM, namespace) as hand:
        model_services.by_hand(hand, namespace, _COPY)
    return CLAIM


def in_an_image() -> str:
    """An image with the pipeline's files and nothing else, in the kit's registry; its reference."""
    with TemporaryDirectory() as folder:
        dockerfile = Path(folder) / "Dockerfile"
        dockerfile.write_text("FROM scratch\nCOPY . /\n")
        docker.build(DEMO_MODEL, "sd-triton-e2e-model:dev", f"--file={dockerfile}", log="image-model")
    return registry.push("sd-triton-e2e-model:dev")
