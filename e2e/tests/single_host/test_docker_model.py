"""An image that contains a model: the token of its build is in no layer, and it needs no network."""

import io
import json
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import containers
import host_hub
import pytest
from host_hub import COMMIT, NO_TERMS_TOKEN, PAGE, TOKEN
from sd_harness.cluster import secret_leak_scan
from sd_harness.cluster.oracle import segments
from sd_harness.hub import hub_models
from sd_harness.hub.hub_state import FakeHub
from sd_kit import paths
from sd_kit.errors import KitError
from sd_kit.images import docker
from sd_model_store import manifest

SERVER, MODEL = "sd-triton-e2e-built-server", "sd-triton-e2e-built-model"
TEXT_OF_A_LAYER = "segmentation_batch_size"
"""A text of the model's config.yaml, which the scan of the layers must find."""


@pytest.fixture(scope="module")
def hub() -> Iterator[FakeHub]:
    with host_hub.running() as hub:
        yield hub


@pytest.fixture(scope="module")
def built_images(hub: FakeHub, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """A server with the model and an image of the model alone, each built with a secret and with a build argument."""
    token_file = tmp_path_factory.mktemp("token") / "token"
    token_file.write_text(TOKEN)
    token_options = {
        "secret": f"--secret=id=hf_token,src={token_file}",
        "argument": f"--build-arg=HUGGING_FACE_HUB_TOKEN={TOKEN}",
    }
    for tag, option in token_options.items():
        build(hub, f"{SERVER}:{tag}", option, "--no-cache")
        build(hub, f"{MODEL}:{tag}", option, "--target=model")
    images = [f"{name}:{tag}" for name in (SERVER, MODEL) for tag in token_options]
    yield images
    containers.run("image", "rm", "--force", *images)


def build(hub: FakeHub, tag: str, *options: str) -> None:
    folder = paths.REPOSITORY / "images"
    argument = f"--build-arg=HUB_ENDPOINT={hub.url}"
    docker.build(folder, tag, f"--file={folder / 'model.Dockerfile'}", argument, *options, log="model-image")


def test_the_token_is_in_no_layer_and_no_history_of_a_built_image(built_images: list[str]) -> None:
    for image in built_images:
        assert secret_leak_scan.sources_with(TOKEN, secret_leak_scan.image_metadata(image)) == []
    # Saving all images together reads their common layers once.
    patterns = " ".join(f"-e '{form}'" for form in (*secret_leak_scan.encodings(TOKEN), TEXT_OF_A_LAYER))
    script = f"{docker.client()} save {' '.join(built_images)} | grep -oaF {patterns} | sort -u"
    argv = ["bash", "-o", "pipefail", "-c", script]
    found = subprocess.run(argv, check=True, capture_output=True, text=True).stdout
    assert found == f"{TEXT_OF_A_LAYER}\n", "the scan must find this text and no form of the token"


@pytest.mark.usefixtures("built_images")
def test_a_server_image_with_a_model_needs_no_network(clip: bytes, stock: dict[str, list[list[object]]]) -> None:
    arguments = containers.readme_arguments(containers.DEMO)[:-1]
    with containers.running(["--network", "none", *arguments, f"{SERVER}:argument"]):
        containers.wait_until_ready()
        assert segments(containers.diarize(clip)) == stock[""]
        environments = "\n".join(containers.process_environments()).replace("\0", "\n")
    assert f"SD_MODEL_DIR=/opt/sd/models/pyannote--speaker-diarization-community-1/{COMMIT}\n" in environments
    assert "SD_MODEL_DIGEST=sha256:" in environments
    assert TOKEN not in environments


@pytest.mark.usefixtures("built_images")
@pytest.mark.parametrize("tag", ["secret", "argument"])
def test_a_model_image_contains_only_the_files_of_its_manifest(tag: str, tmp_path: Path) -> None:
    saved = subprocess.run([docker.client(), "save", f"{MODEL}:{tag}"], check=True, capture_output=True).stdout
    with tarfile.open(fileobj=io.BytesIO(saved)) as image:
        (layer,) = json.load(image.extractfile("manifest.json") or io.BytesIO())[0]["Layers"]
        with tarfile.open(fileobj=image.extractfile(layer)) as files:
            for member in filter(tarfile.TarInfo.isfile, files):
                path = tmp_path / member.name
                path.parent.mkdir(exist_ok=True)
                path.write_bytes((files.extractfile(member) or io.BytesIO()).read())
    stored = manifest.read(tmp_path)
    assert stored is not None
    assert manifest.verify(tmp_path, stored.digest).files.keys() == {*hub_models.NEEDED_FILES, "origin.json"}


def test_a_build_without_accepted_terms_fails_with_the_page_to_open(hub: FakeHub) -> None:
    with pytest.raises(KitError) as failure:
        build(hub, f"{SERVER}:failed", f"--build-arg=HUGGING_FACE_HUB_TOKEN={NO_TERMS_TOKEN}")
    assert '"reason": "TermsNotAccepted"' in str(failure.value)
    assert f"requires accepting its terms at {PAGE} with the account of this token." in str(failure.value)
    assert not docker.has_image(f"{SERVER}:failed")
