"""Models prepared by a user: the demo's pipeline on a claim, and in an image that contains nothing else."""

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


def create_claim(namespace: str) -> str:
    """Create a claim with the pipeline in a folder; return its name."""
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "100Mi"}}}
    metadata = {"name": CLAIM, "namespace": namespace}
    cluster.apply({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": spec})
    with model_services.writer_pod(CLAIM, namespace) as pod:
        model_services.run_python(pod, namespace, _COPY)
    return CLAIM


def push_image() -> str:
    """Build an image of the pipeline's files and push it to the kit's registry; return its reference."""
    with TemporaryDirectory() as folder:
        dockerfile = Path(folder) / "Dockerfile"
        dockerfile.write_text("FROM scratch\nCOPY . /\n")
        docker.build(DEMO_MODEL, "sd-triton-e2e-model:dev", f"--file={dockerfile}", log="image-model")
    return registry.push("sd-triton-e2e-model:dev")
