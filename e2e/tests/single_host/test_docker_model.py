"""A real model in an image: built with a token that is in no layer, served without a network."""

import io
import json
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import containers
import host_hub
import pytest
from host_hub import CANARY, COMMIT, NO_TERMS, PAGE
from sd_harness.cluster import secret_leak_scan
from sd_harness.cluster.oracle import segments
from sd_harness.hub import hub_models
from sd_harness.hub.fake_hub import Hub
from sd_kit import paths
from sd_kit.errors import KitError
from sd_kit.images import docker
from sd_model_store import manifest

SERVER, MODEL = "sd-triton-e2e-built-server", "sd-triton-e2e-built-model"
IN_CONFIG = "segmentation_batch_size"


@pytest.fixture(scope="module")
def hub() -> Iterator[Hub]:
    with host_hub.running() as hub:
        yield hub


@pytest.fixture(scope="module")
def built(hub: Hub, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """A server with the model and the model alone, each given the token in the one way and in the other."""
    token = tmp_path_factory.mktemp("token") / "token"
    token.write_text(CANARY)
    ways = {
        "secret": f"--secret=id=hf_token,src={token}",
        "argument": f"--build-arg=HUGGING_FACE_HUB_TOKEN={CANARY}",
    }
    for way, option in ways.items():
        build(hub, f"{SERVER}:{way}", option, "--no-cache")
        build(hub, f"{MODEL}:{way}", option, "--target=model")
    images = [f"{name}:{way}" for name in (SERVER, MODEL) for way in ways]
    yield images
    containers.run("image", "rm", "--force", *images)


def build(hub: Hub, tag: str, *options: str) -> None:
    folder = paths.REPOSITORY / "images"
    argument = f"--build-arg=HUB_ENDPOINT={hub.url}"
    docker.build(folder, tag, f"--file={folder / 'model.Dockerfile'}", argument, *options, log="model-image")


def test_the_token_is_in_no_layer_and_no_history_of_a_built_image(built: list[str]) -> None:
    for image in built:
        assert secret_leak_scan.holding(CANARY, secret_leak_scan.image(image)) == []
    # Saved together, they share what they have in common: five gigabytes are read once.
    patterns = " ".join(f"-e '{form}'" for form in (*secret_leak_scan.forms(CANARY), IN_CONFIG))
    search = f"{docker.client()} save {' '.join(built)} | grep -oaF {patterns} | sort -u"
    found = subprocess.run(["bash", "-o", "pipefail", "-c", search], check=True, capture_output=True, text=True).stdout
    assert found == f"{IN_CONFIG}\n", "nothing but what is known to be there"


@pytest.mark.usefixtures("built")
def test_a_built_image_serves_without_a_network(clip: bytes, stock: dict[str, list[list[object]]]) -> None:
    words = containers.readme_arguments(containers.DEMO)[:-1]
    with containers.running(["--network", "none", *words, f"{SERVER}:argument"]):
        containers.wait_until_ready()
        assert segments(containers.diarize(clip)) == stock[""]
        environments = "\n".join(containers.process_environments()).replace("\0", "\n")
    assert f"SD_MODEL_DIR=/opt/sd/models/pyannote--speaker-diarization-community-1/{COMMIT}\n" in environments
    assert "SD_MODEL_DIGEST=sha256:" in environments
    assert CANARY not in environments


@pytest.mark.usefixtures("built")
@pytest.mark.parametrize("way", ["secret", "argument"])
def test_a_model_image_holds_the_files_of_its_manifest_and_nothing_else(way: str, tmp_path: Path) -> None:
    saved = subprocess.run([docker.client(), "save", f"{MODEL}:{way}"], check=True, capture_output=True).stdout
    with tarfile.open(fileobj=io.BytesIO(saved)) as image:
        (layer,) = json.load(image.extractfile("manifest.json") or io.BytesIO())[0]["Layers"]
        with tarfile.open(fileobj=image.extractfile(layer)) as files:
            for member in filter(tarfile.TarInfo.isfile, files):
                path = tmp_path / member.name
                path.parent.mkdir(exist_ok=True)
                path.write_bytes((files.extractfile(member) or io.BytesIO()).read())
    known = manifest.read(tmp_path)
    assert known is not None
    assert manifest.verify(tmp_path, known.digest).files.keys() == {*hub_models.NEEDED, "origin.json"}


def test_a_refused_build_says_which_page_to_open(hub: Hub) -> None:
    with pytest.raises(KitError) as refused:
        build(hub, f"{SERVER}:refused", f"--build-arg=HUGGING_FACE_HUB_TOKEN={NO_TERMS}")
    assert '"reason": "TermsNotAccepted"' in str(refused.value)
    assert f"accept them on {PAGE}, then try again." in str(refused.value)
    assert not docker.has_image(f"{SERVER}:refused")
