"""What a DiarizationService consists of: one pure module per kind of child, listed here."""

from collections.abc import Callable

from sd_operator.api.service import DiarizationService
from sd_operator.children import deployment, service, service_account
from sd_operator.settings import ServingImages
from sd_operator.vocabulary import Manifest

Builder = Callable[[DiarizationService, ServingImages], Manifest | None]

BUILDERS: tuple[Builder, ...] = (service_account.build, deployment.build, service.build)


def desired(diarization: DiarizationService, images: ServingImages) -> list[Manifest]:
    """Every object that the service should consist of; the same spec gives the same bytes."""
    return [manifest for build in BUILDERS if (manifest := build(diarization, images)) is not None]
