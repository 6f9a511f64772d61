"""The registry from which the cluster pulls: a container on this machine with its storage on the host."""

import http.client
import time
from http import HTTPStatus

from sd_kit import paths, subprocesses
from sd_kit.errors import KitError
from sd_kit.images import docker
from sd_kit.locks import locked
from sd_kit.offline import base_image, content_digest, dockerd
from sd_kit.progress import step

PORT = 5000
ADDRESS = f"localhost:{PORT}"
CONTAINER = "sd-triton-registry"
SOURCE = paths.OFFLINE / "registry_image"
START_TIMEOUT_S = 20.0
POLL_INTERVAL_S = 0.2

MANIFEST_TYPES = "application/vnd.docker.distribution.manifest.v2+json, application/vnd.oci.image.manifest.v1+json"


def ensure() -> None:
    """Start the registry, unless it answers already."""
    if answers():
        return
    dockerd.ensure()
    with locked("registry"):
        if not answers():
            _start()


def answers() -> bool:
    """Return True if a registry answers on the port."""
    return _status("/v2/") == HTTPStatus.OK


def has_image(name: str, tag: str) -> bool:
    """Return True if the registry has the image."""
    return _status(f"/v2/{name}/manifests/{tag}") == HTTPStatus.OK


def push(image: str, address: str = ADDRESS) -> str:
    """Push an image from docker's storage to a registry, by default the kit's; return the reference for pods."""
    name = image.rpartition("/")[2].partition(":")[0]
    # The tag depends on the content, since a node does not pull a tag again that it has.
    tag = docker.content_tag(image)
    reference = f"{address}/{name}:{tag}"
    if address == ADDRESS and has_image(name, tag):
        return reference
    with step(f"pushing {reference}"):
        docker.tag(image, reference)
        subprocesses.run([docker.client(), "push", reference], log="push", purpose=f"push {reference}")
    return reference


def stop() -> None:
    """Remove the registry's container; its images stay on the host."""
    if docker.container_state(CONTAINER) != "absent":
        argv = [docker.client(), "rm", "--force", CONTAINER]
        subprocesses.run(argv, log="registry", purpose="stop the registry")


def _start() -> None:
    image = _image()
    stop()
    with step("starting the registry"):
        port, storage = f"127.0.0.1:{PORT}:5000", f"{paths.folder('registry')}:/var/lib/registry"
        options = ["--name", CONTAINER, "--restart", "always", "--publish", port, "--volume", storage]
        argv = [docker.client(), "run", "--detach", *options, image]
        subprocesses.run(argv, log="registry", purpose="start the registry")
        _wait_until_it_answers()


def _image() -> str:
    tag = f"sd-triton-registry:{content_digest.digest([SOURCE])}"
    if not docker.has_image(tag):
        base_image.ensure()
        with step("building the registry's image"):
            docker.build(SOURCE, tag, log="registry")
    return tag


def _wait_until_it_answers() -> None:
    deadline_s = time.monotonic() + START_TIMEOUT_S
    while not answers():
        if time.monotonic() > deadline_s:
            raise KitError(f"The registry does not answer on {ADDRESS}. See `docker logs {CONTAINER}`.")
        time.sleep(POLL_INTERVAL_S)


def _status(path: str) -> int | None:
    """Return the HTTP status of a path, or None if nothing answers."""
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=5)
    try:
        connection.request("HEAD" if "manifests" in path else "GET", path, headers={"Accept": MANIFEST_TYPES})
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
