"""The docker client: which program it is, and the few things that the kit asks of it."""

import os
import shutil
from pathlib import Path

from sd_kit import commands
from sd_kit.errors import KitError

BUILDKIT = {"DOCKER_BUILDKIT": "1"}
TAG_DIGITS = 12
CA_BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")


def client() -> str:
    """The docker program: the distribution's first, because it fits the daemon and builds without a plugin."""
    found = next(
        (path for path in ("/usr/bin/docker", shutil.which("docker")) if path and os.access(path, os.X_OK)), None
    )
    if found is None:
        raise KitError("There is no docker program. Run `sd-kit up` as root on Debian, or install docker yourself.")
    return found


def answers() -> bool:
    """Whether a docker daemon answers."""
    has_client = os.access("/usr/bin/docker", os.X_OK) or shutil.which("docker") is not None
    return has_client and commands.succeeds([client(), "info"])


def has_image(reference: str) -> bool:
    """Whether docker's own storage holds an image."""
    return commands.succeeds([client(), "image", "inspect", reference])


def content_tag(reference: str) -> str:
    """The tag that an image's content gives it: the first twelve hex digits of its digest."""
    argv = [client(), "image", "inspect", "--format", "{{.Id}}", reference]
    return commands.output(argv, purpose=f"find the image {reference}").removeprefix("sha256:")[:TAG_DIGITS]


def tag(image: str, reference: str) -> None:
    """Give an image one more name."""
    commands.run([client(), "tag", image, reference], log="docker", purpose=f"tag {image} as {reference}")


def references() -> list[str]:
    """Every name that docker's images have."""
    argv = [client(), "images", "--format", "{{.Repository}}:{{.Tag}}"]
    return commands.output(argv, purpose="list docker's images").splitlines()


def build(context: Path, tag: str, *options: str, log: str) -> None:
    """Build an image from a folder. Uses the host's network, and its CA bundle as a secret where it has one."""
    # A company's network may answer with a certificate authority of its own; images never contain it.
    secret = [f"--secret=id=ca,src={CA_BUNDLE}"] if CA_BUNDLE.exists() else []
    argv = [client(), "build", "--network=host", "--progress=plain", *secret, "-t", tag, *options, context]
    commands.run(argv, log=log, purpose=f"build the image {tag}", env=BUILDKIT)


def container_state(name: str) -> str:
    """`running`, `exited` and so on, or `absent`."""
    argv = [client(), "ps", "--all", "--filter", f"name=^{name}$", "--format", "{{.State}}"]
    return commands.output(argv, purpose=f"ask docker about the container {name}") or "absent"
