"""The operator reads its settings from the environment and rejects invalid ones."""

import pytest
from sd_operator.settings import DEFAULT_TRITON_IMAGE, Settings, SettingsError


def test_only_the_server_image_is_required() -> None:
    settings = Settings.from_environment({"SD_SERVER_IMAGE": "server:1"})
    assert settings.installation.server_image == "server:1"
    assert settings.installation.triton_image == DEFAULT_TRITON_IMAGE
    assert (settings.resync_s, settings.health_port, settings.log_level) == (300, 8080, "INFO")


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({}, "SD_SERVER_IMAGE is not set"),
        ({"SD_SERVER_IMAGE": "s", "SD_WORKERS": "many"}, "SD_WORKERS is 'many', which is not a number"),
        ({"SD_SERVER_IMAGE": "s", "SD_RESYNC_SECONDS": "0"}, "SD_RESYNC_SECONDS is 0; it must be above zero"),
        ({"SD_SERVER_IMAGE": "s", "SD_LOG_FORMAT": "xml"}, "SD_LOG_FORMAT is 'xml'; it must be one of: text, json"),
        ({"SD_SERVER_IMAGE": "s", "SD_LOG_LEVEL": "LOUD"}, "SD_LOG_LEVEL is 'LOUD'; it must be one of: INFO, DEBUG"),
        (
            {"SD_SERVER_IMAGE": "s", "SD_WATCH_NAMESPACES": "a,B"},
            "SD_WATCH_NAMESPACES contains 'B', which is not a valid namespace",
        ),
    ],
)
def test_an_invalid_setting_is_named_in_the_error(variables: dict[str, str], sentence: str) -> None:
    with pytest.raises(SettingsError, match=sentence):
        Settings.from_environment(variables)


def test_the_default_identities_of_two_operators_differ() -> None:
    first, second = (Settings.from_environment({"SD_SERVER_IMAGE": "s"}) for _ in range(2))
    assert first.identity != second.identity
    assert (first.lease, first.installation.namespace) == ("sd-triton-operator", "sd-triton")


def test_the_settings_of_the_chart_are_read() -> None:
    settings = Settings.from_environment({
        "SD_SERVER_IMAGE": "s", "SD_NAMESPACE": "speech", "SD_IDENTITY": "operator-1", "SD_LEASE": "operator",
        "SD_WATCH_NAMESPACES": "b, a,,b", "SD_METRICS_NAMESPACES": "keda,monitoring", "SD_LOG_FORMAT": "json",
    })  # fmt: skip
    assert (settings.identity, settings.lease, settings.namespaces) == ("operator-1", "operator", ("a", "b"))
    assert settings.installation.namespace == "speech"
    assert settings.installation.metrics_namespaces == ("keda", "monitoring")
    assert settings.log_format == "json"


def test_an_empty_list_of_namespaces_watches_all() -> None:
    assert Settings.from_environment({"SD_SERVER_IMAGE": "s", "SD_WATCH_NAMESPACES": ""}).namespaces == ()
