"""The registry that carries images into the cluster: a container on this machine, its images on the host."""

import http.client
import time
from http import HTTPStatus

from sd_kit import base_image, commands, docker, dockerd, places, recipe
from sd_kit.errors import KitError
from sd_kit.locks import locked
from sd_kit.steps import step

PORT = 5000
ADDRESS = f"localhost:{PORT}"
CONTAINER = "sd-triton-registry"
SOURCE = places.PACKAGE / "registry_image"
PATIENCE_S = 20.0

MANIFEST_TYPES = "application/vnd.docker.distribution.manifest.v2+json, application/vnd.oci.image.manifest.v1+json"


def ensure() -> None:
    """Make the registry answer on localhost; does nothing when it does."""
    if answers():
        return
    dockerd.ensure()
    with locked("registry"):
        if not answers():
            _start()


def answers() -> bool:
    """Whether a registry answers on the port."""
    return _status("/v2/") == HTTPStatus.OK


def holds(name: str, tag: str) -> bool:
    """Whether the registry has an image."""
    return _status(f"/v2/{name}/manifests/{tag}") == HTTPStatus.OK


def push(image: str, address: str = ADDRESS) -> str:
    """Carry one of docker's images into a registry, by default the kit's; give the reference that pods use."""
    name = image.rpartition("/")[2].partition(":")[0]
    # The content names the tag: a node never pulls a tag again that it already holds.
    tag = docker.content_tag(image)
    reference = f"{address}/{name}:{tag}"
    if address == ADDRESS and holds(name, tag):
        return reference
    with step(f"pushing {reference}"):
        docker.tag(image, reference)
        commands.run([docker.client(), "push", reference], log="push", purpose=f"push {reference}")
    return reference


def stop() -> None:
    """Remove the registry's container; its images stay on the host."""
    if docker.container_state(CONTAINER) != "absent":
        commands.run([docker.client(), "rm", "--force", CONTAINER], log="registry", purpose="stop the registry")


def _start() -> None:
    image = _image()
    stop()
    with step("starting the registry"):
        port, store = f"127.0.0.1:{PORT}:5000", f"{places.folder('registry')}:/var/lib/registry"
        options = ["--name", CONTAINER, "--restart", "always", "--publish", port, "--volume", store]
        argv = [docker.client(), "run", "--detach", *options, image]
        commands.run(argv, log="registry", purpose="start the registry")
        _wait_until_it_answers()


def _image() -> str:
    tag = f"sd-triton-registry:{recipe.digest([SOURCE])}"
    if not docker.has_image(tag):
        base_image.ensure()
        with step("building the registry's image"):
            docker.build(SOURCE, tag, log="registry")
    return tag


def _wait_until_it_answers() -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not answers():
        if time.monotonic() > deadline:
            raise KitError(f"The registry does not answer on {ADDRESS}. See `docker logs {CONTAINER}`.")
        time.sleep(0.2)


def _status(path: str) -> int | None:
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=5)
    try:
        connection.request("HEAD" if "manifests" in path else "GET", path, headers={"Accept": MANIFEST_TYPES})
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
