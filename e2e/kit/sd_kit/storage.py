"""The cluster's default StorageClass: kind's own node image brings one whose volumes everybody may write to.

A node image that was built here falls back to one whose volumes are for root alone. Then the same provisioner as kind's
is built and installed, when something first asks for it.
"""

import json
import shutil

from sd_kit import base_image, docker, gobuild, places, recipe, registry, release
from sd_kit.locks import locked, scratch
from sd_kit.steps import step

PROGRAM = "local-path-provisioner"
PROVISIONER = "rancher.io/local-path"
CLASS = "standard"
SOURCE = places.PACKAGE / "storage_class"
_NAMED = "IMAGE"
"""What stands for the image in the manifests."""


def ensure() -> None:
    """Make the default StorageClass one that works for pods of any user; does nothing when it is."""
    with locked("storage"):
        if _provisioner() != PROVISIONER:
            _install(registry.push(_image()))


def _provisioner() -> str:
    classes = json.loads(release.kubectl("get", "storageclasses", "-o", "json", purpose="list the StorageClasses"))
    return next((each["provisioner"] for each in classes["items"] if each["metadata"]["name"] == CLASS), "")


def _image() -> str:
    tag = f"sd-triton-local-path:{recipe.digest([SOURCE / 'Dockerfile', places.PACKAGE / 'versions.py'])}"
    if not docker.has_image(tag):
        base_image.ensure()
        gobuild.ensure([PROGRAM])
        with step(f"building {tag}"), scratch("local-path") as context:
            shutil.copy2(gobuild.binary(PROGRAM), context)
            docker.build(context, tag, f"--file={SOURCE / 'Dockerfile'}", log="local-path")
    return tag


def _install(image: str) -> None:
    with step("installing a StorageClass"):
        # A class's provisioner cannot be changed.
        release.kubectl("delete", "storageclass", CLASS, "--ignore-not-found", purpose="remove the StorageClass")
        manifests = places.folder("storage") / "manifests.yaml"
        manifests.write_text((SOURCE / "manifests.yaml").read_text().replace(_NAMED, image))
        release.kubectl("apply", "-f", str(manifests), purpose="install the StorageClass")
        rolled = ("rollout", "status", "deployment/provisioner", "-n", "local-path-storage", "--timeout=120s")
        release.kubectl(*rolled, purpose="wait for the provisioner of volumes")
