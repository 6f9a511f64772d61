"""The docker client: its program, images and containers."""

import os
import shutil
from pathlib import Path

from sd_kit import subprocesses
from sd_kit.errors import KitError

BUILDKIT = {"DOCKER_BUILDKIT": "1"}
TAG_DIGITS = 12
CA_BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")
DISTRIBUTION_CLIENT = "/usr/bin/docker"


def client() -> str:
    """Return the path of the docker client.

    The distribution's client comes first: it matches the daemon's version and builds without a plugin.
    """
    candidates = (DISTRIBUTION_CLIENT, shutil.which("docker"))
    found = next((path for path in candidates if path and os.access(path, os.X_OK)), None)
    if found is None:
        raise KitError("There is no docker client. Run `sd-kit up` as root on Debian, or install docker.")
    return found


def answers() -> bool:
    """Return True if a docker daemon answers."""
    has_client = os.access(DISTRIBUTION_CLIENT, os.X_OK) or shutil.which("docker") is not None
    return has_client and subprocesses.succeeds([client(), "info"])


def has_image(reference: str) -> bool:
    """Return True if docker's local storage has the image."""
    return subprocesses.succeeds([client(), "image", "inspect", reference])


def content_tag(reference: str) -> str:
    """Return a tag derived from an image's content: the first twelve hex digits of its ID."""
    argv = [client(), "image", "inspect", "--format", "{{.Id}}", reference]
    return subprocesses.output(argv, purpose=f"find the image {reference}").removeprefix("sha256:")[:TAG_DIGITS]


def tag(image: str, reference: str) -> None:
    """Add a reference to an image."""
    subprocesses.run([client(), "tag", image, reference], log="docker", purpose=f"tag {image} as {reference}")


def references() -> list[str]:
    """Return all references of the images in docker's local storage."""
    argv = [client(), "images", "--format", "{{.Repository}}:{{.Tag}}"]
    return subprocesses.output(argv, purpose="list docker's images").splitlines()


def build(context: Path, tag: str, *options: str, log: str) -> None:
    """Build an image from a folder, with the host's network and its CA bundle as the build secret `ca`."""
    # A company's network may use its own certificate authority; a secret does not become part of the image.
    secret = [f"--secret=id=ca,src={CA_BUNDLE}"] if CA_BUNDLE.exists() else []
    argv = [client(), "build", "--network=host", "--progress=plain", *secret, "-t", tag, *options, context]
    subprocesses.run(argv, log=log, purpose=f"build the image {tag}", env=BUILDKIT)


def container_state(name: str) -> str:
    """Return docker's state of a container, such as `running` or `exited`; `absent` if it does not exist."""
    argv = [client(), "ps", "--all", "--filter", f"name=^{name}$", "--format", "{{.State}}"]
    return subprocesses.output(argv, purpose=f"read the state of the container {name}") or "absent"
