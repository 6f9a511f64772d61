"""The operator reads its settings from the environment and refuses what it cannot work with."""

import pytest
from sd_operator.settings import DEFAULT_TRITON_IMAGE, Settings, SettingsError


def test_defaults_come_with_the_server_image() -> None:
    settings = Settings.from_environment({"SD_SERVER_IMAGE": "server:1"})
    assert settings.images.server == "server:1"
    assert settings.images.triton == DEFAULT_TRITON_IMAGE
    assert (settings.resync_s, settings.health_port, settings.log_level) == (300, 8080, "INFO")


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({}, "SD_SERVER_IMAGE is not set"),
        ({"SD_SERVER_IMAGE": "s", "SD_WORKERS": "many"}, "SD_WORKERS is 'many', which is not a number"),
        ({"SD_SERVER_IMAGE": "s", "SD_RESYNC_SECONDS": "0"}, "SD_RESYNC_SECONDS is 0; it must be above zero"),
    ],
)
def test_a_wrong_setting_is_named(variables: dict[str, str], sentence: str) -> None:
    with pytest.raises(SettingsError, match=sentence):
        Settings.from_environment(variables)
