"""The environment of huggingface_hub: settings and tokens of the surrounding process have no effect."""

from __future__ import annotations

import pytest
from sd_harness.hub.hub_state import GOOD_TOKEN, FakeHub
from sd_harness.hub.model_store_command import ModelStoreCommand
from sd_model_store.hub import environment


@pytest.mark.parametrize("variable", ["HF_TOKEN", "HUGGINGFACE_TOKEN"])
def test_only_the_configured_token_is_sent(hub: FakeHub, command: ModelStoreCommand, variable: str) -> None:
    run = command.download(hub, token=None, **{variable: GOOD_TOKEN})
    assert run.reason == "TokenMissing"
    assert {request.token for request in hub.requests} == {""}


def test_the_offline_setting_of_the_engines_image_has_no_effect(hub: FakeHub, command: ModelStoreCommand) -> None:
    assert command.download(hub, HF_HUB_OFFLINE="1").exit_code == 0


def test_the_endpoint_is_one_of_the_variables() -> None:
    variables = environment.variables("https://mirror.example")
    assert variables["HF_ENDPOINT"] == "https://mirror.example"
    assert variables["HF_HUB_DISABLE_TELEMETRY"] == "1"
