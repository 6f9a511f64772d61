"""The engine's settings: their variables, their defaults, and the messages for invalid values."""

from __future__ import annotations

from pathlib import Path

import pytest
from sd_engine.settings import Settings, SettingsError


def test_unset_and_unknown_variables_leave_the_defaults() -> None:
    assert Settings.from_environment({"PATH": "/bin", "SD_UNKNOWN": "1", "SD_DEVICE": ""}) == Settings()


def test_each_field_is_read_as_its_type() -> None:
    environment = {
        "SD_RUN_DIR": "/run/x",
        "SD_ADAPTERS": "2",
        "SD_MAX_BATCH_SIZE": "4",
        "SD_PREFERRED_BATCH_SIZES": "1,4",
    }

    settings = Settings.from_environment(environment)

    assert (settings.run_dir, settings.adapters, settings.preferred_batch_sizes) == (Path("/run/x"), 2, (1, 4))


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({"SD_ADAPTERS": "0"}, "SD_ADAPTERS is 0; it must be at least 1."),
        ({"SD_HTTP_PORT": "http"}, "SD_HTTP_PORT is 'http', which is not a whole number."),
        ({"SD_MODE": "warp"}, "SD_MODE is 'warp'; it must be one of: exact, fast, reference."),
        ({"SD_LOG_LEVEL": "LOUD"}, "SD_LOG_LEVEL is 'LOUD'; it must be one of: DEBUG, INFO, WARNING, ERROR."),
        ({"SD_DEVICE": "tpu"}, "SD_DEVICE is 'tpu'; it must be auto, cpu, cuda, or cuda: and a number."),
        ({"SD_MODEL_DIGEST": "a1"}, "SD_MODEL_DIGEST is 'a1'; it must be sha256: and 64 hex digits."),
        (
            {"SD_MAX_BATCH_SIZE": "4"},
            "SD_PREFERRED_BATCH_SIZES holds [8, 16]; each must lie between 1 and SD_MAX_BATCH_SIZE (4).",
        ),
    ],
)
def test_an_invalid_setting_is_rejected_with_its_name(environment: dict[str, str], message: str) -> None:
    with pytest.raises(SettingsError) as error:
        Settings.from_environment(environment)

    assert str(error.value) == message
