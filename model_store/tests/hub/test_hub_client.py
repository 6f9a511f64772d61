"""Requests to the hub and its CDN: which files are requested, and where the token is sent."""

from __future__ import annotations

from sd_harness.hub.hub_models import COMMUNITY
from sd_harness.hub.hub_state import GOOD_TOKEN, FakeHub
from sd_harness.hub.model_store_command import ModelStoreCommand


def test_the_token_is_sent_to_the_hub_and_not_to_its_cdn(hub: FakeHub, command: ModelStoreCommand) -> None:
    command.download(hub)
    tokens = {(request.port == hub.cdn_port, request.token) for request in hub.requests}
    assert tokens == {(False, GOOD_TOKEN), (True, "")}


def test_only_files_of_the_pipeline_are_requested(hub: FakeHub, command: ModelStoreCommand) -> None:
    command.download(hub)
    assert all(COMMUNITY in request.path for request in hub.requests)
    assert [request.path for request in hub.requests if "README" in request.path or "handler" in request.path] == []
