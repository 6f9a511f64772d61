"""The cluster's default StorageClass, whose volumes are writable for every user.

kind's published node image contains one. In an image built here, kind falls back to a class whose volumes only root can
write to; then local-path-provisioner, which kind's image uses too, is built and installed on first use.
"""

import json
import shutil

from sd_kit import paths
from sd_kit.cluster import kubectl
from sd_kit.images import docker, registry
from sd_kit.locks import locked, temporary_folder
from sd_kit.offline import base_image, content_digest, go_build
from sd_kit.offline.go_programs import LOCAL_PATH
from sd_kit.progress import step

PROGRAM = "local-path-provisioner"
PROVISIONER = "rancher.io/local-path"
NAME = "standard"
SOURCE = paths.OFFLINE / "local_path_provisioner"
_IMAGE_PLACEHOLDER = "IMAGE"
"""Replaced by the image's reference in manifests.yaml."""


def ensure() -> None:
    """Install a default StorageClass for pods of any user, unless the cluster has it."""
    with locked("storage"):
        if _provisioner() != PROVISIONER:
            _install(registry.push(_image()))


def _provisioner() -> str:
    classes = json.loads(kubectl.run("get", "storageclasses", "-o", "json", purpose="list the StorageClasses"))
    return next((each["provisioner"] for each in classes["items"] if each["metadata"]["name"] == NAME), "")


def _image() -> str:
    tag = f"sd-triton-local-path:{content_digest.digest([SOURCE / 'Dockerfile'], [LOCAL_PATH])}"
    if not docker.has_image(tag):
        base_image.ensure()
        go_build.ensure([PROGRAM])
        with step(f"building {tag}"), temporary_folder("local-path") as context:
            shutil.copy2(go_build.binary(PROGRAM), context)
            docker.build(context, tag, f"--file={SOURCE / 'Dockerfile'}", log="local-path")
    return tag


def _install(image: str) -> None:
    with step("installing a StorageClass"):
        # The provisioner of an existing class is immutable.
        kubectl.run("delete", "storageclass", NAME, "--ignore-not-found", purpose="remove the StorageClass")
        manifests = paths.folder("storage") / "manifests.yaml"
        manifests.write_text((SOURCE / "manifests.yaml").read_text().replace(_IMAGE_PLACEHOLDER, image))
        kubectl.run("apply", "-f", str(manifests), purpose="install the StorageClass")
        rollout = ("rollout", "status", "deployment/provisioner", "-n", "local-path-storage", "--timeout=120s")
        kubectl.run(*rollout, purpose="wait for the volume provisioner")
