"""Each cause of a failed download has its reason, its message and its pages."""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from sd_harness.hub import hub_faults, hub_models
from sd_harness.hub.hub_handler import Handler
from sd_harness.hub.hub_models import COMMUNITY, SEGMENTATION, THREE_ONE
from sd_harness.hub.hub_state import GOOD_TOKEN, Account, FakeHub, FakeRepository
from sd_harness.hub.model_store_command import ModelStoreCommand

TOKENS_PAGE = "https://huggingface.co/settings/tokens"


@dataclass
class Case:
    """One cause: a change of the hub or of the options, and the expected result."""

    name: str
    change: Callable[[FakeHub], None]
    reason: str
    texts: tuple[str, ...]
    pages: tuple[str, ...] = ()
    options: tuple[tuple[str, Any], ...] = ()


def no_change(_: FakeHub) -> None:
    pass


def account(**permissions: Any) -> Callable[[FakeHub], None]:
    return lambda hub: hub.accounts.update({GOOD_TOKEN: Account(**permissions)})


def error_response(status: int, code: str = "", message: str = "", **more: str) -> Callable[[FakeHub], None]:
    return lambda hub: hub.faults.append(hub_faults.error_response(status, code, message, **more))


def page(repository: str) -> str:
    return f"https://huggingface.co/{repository}"


def config(text: str) -> Callable[[FakeHub], None]:
    repository = FakeRepository({"config.yaml": text.encode()}, "a" * 40)
    return lambda hub: hub.repositories.update({COMMUNITY: repository})


def _failing_cdn(handler: Handler) -> bool:
    if not handler.is_cdn:
        return False
    handler.respond_error(500, "", "")
    return True


def _login_page(handler: Handler) -> bool:
    handler.respond(200, b"<html>Sign in to the network</html>", Content_Type="text/html")
    return True


def _list_large_files(hub: FakeHub) -> None:
    hub.repositories[COMMUNITY].listed_size_bytes = 10**16


CASES = [
    Case(
        "no token", no_change, "TokenMissing", (COMMUNITY, TOKENS_PAGE), (page(COMMUNITY), TOKENS_PAGE),
        (("token", None),),
    ),
    Case("an empty token file", no_change, "TokenMissing", ("is empty",), (), (("token", "\n"),)),
    Case("an unknown token", no_change, "TokenInvalid", (TOKENS_PAGE,), (TOKENS_PAGE,), (("token", "hf_x"),)),
    Case("a token of two words", no_change, "TokenInvalid", ("one word",), (), (("token", "hf_x y"),)),
    Case(
        "a gated repository that responds with 401 to a token",
        error_response(401, "GatedRepo", "You must be authenticated", path="/resolve/"),
        "TokenInvalid",
        ("mistyped, expired or revoked",),
        (TOKENS_PAGE,),
    ),
    Case(
        "terms of one repository",
        account(accepted=frozenset()),
        "TermsNotAccepted",
        (page(COMMUNITY),),
        (page(COMMUNITY),),
    ),
    Case(
        "terms of three repositories, one of them with the configuration",
        account(accepted=frozenset()),
        "TermsNotAccepted",
        (page(THREE_ONE), page(SEGMENTATION), page(COMMUNITY)),
        (page(THREE_ONE), page(SEGMENTATION), page(COMMUNITY)),
        (("pipeline", THREE_ONE), ("revision", "main")),
    ),
    Case(
        "terms of one of three repositories",
        account(accepted=frozenset({THREE_ONE, COMMUNITY})),
        "TermsNotAccepted",
        (page(SEGMENTATION),),
        (page(SEGMENTATION),),
        (("pipeline", THREE_ONE), ("revision", "main")),
    ),
    Case(
        "a mirror with a gated file list",
        error_response(403, "GatedRepo", "You are not in the authorized list", path="/api/models"),
        "TermsNotAccepted",
        (page(COMMUNITY),),
        (page(COMMUNITY),),
    ),
    Case(
        "a fine-grained token without permission for gated repositories",
        account(reads_gated=False),
        "TokenLacksGatedRead",
        ("public gated repos", "fine-grained token settings"),
        (TOKENS_PAGE,),
    ),
    Case(
        "403 without an error code",
        error_response(403, path="/resolve/"),
        "TokenLacksGatedRead",
        (COMMUNITY,),
        (TOKENS_PAGE,),
    ),
    Case(
        "an unknown repository",
        no_change,
        "RepositoryNotFound",
        ("pyannote/nothing",),
        (),
        (("pipeline", "pyannote/nothing"),),
    ),
    Case("404 without an error code", error_response(404, path="/api/models"), "RepositoryNotFound", (COMMUNITY,)),
    Case(
        "an unknown repository and no token",
        no_change,
        "RepositoryNotFound",
        ("it is private and no access token is configured",),
        (),
        (("pipeline", "pyannote/nothing"), ("token", None)),
    ),
    Case(
        "a disabled repository",
        error_response(403, "", "Access to this resource is disabled."),
        "RepositoryNotFound",
        ("disabled",),
    ),
    Case("an unknown tag", no_change, "RevisionNotFound", ("no revision v9",), (), (("revision", "v9"),)),
    Case("an unknown commit", no_change, "RevisionNotFound", ("f" * 40,), (), (("revision", "f" * 40),)),
    Case("a revision that is a path", no_change, "RevisionNotFound", ("40 hex digits",), (), (("revision", "../x"),)),
    Case(
        "a rate limit", error_response(429, "", "slow down", Retry_After="3600"), "HubUnreachable",
        ("rate limit", "HTTP 429"),
    ),
    Case("a failing hub", error_response(503), "HubUnreachable", ("HTTP 503", "Retry later")),
    Case("a failing CDN", lambda hub: hub.faults.append(_failing_cdn), "HubUnreachable", ("HTTP 500",)),
    Case("a login page of a proxy", lambda hub: hub.faults.append(_login_page), "HubUnreachable", ("not a hub",)),
    Case("pyannote.audio 2", config(hub_models.TWO_ONE_CONFIG), "UnsupportedPipeline", ("pyannote.audio 2", COMMUNITY)),
    Case(
        "a revision after an @",
        no_change,
        "UnsupportedPipeline",
        ("not after an @",),
        (),
        (("pipeline", "pyannote/speaker-diarization@2.1"),),
    ),
    Case("an empty configuration", config("{}"), "UnsupportedPipeline", ("no pyannote pipeline",)),
    Case(
        "a repository without a configuration",
        lambda hub: hub.repositories.update({COMMUNITY: FakeRepository({"x.bin": b"x"}, "a" * 40)}),
        "UnsupportedPipeline",
        ("no config.yaml",),
    ),
    Case(
        "a configuration without its weights",
        config(hub_models.COMMUNITY_CONFIG),
        "UnsupportedPipeline",
        ("segmentation/pytorch_model.bin",),
    ),
    Case(
        "content with another digest than the listed one",
        lambda hub: hub.faults.append(hub_faults.corrupt_content),
        "Corrupt",
        ("downloads it again",),
    ),
    Case("a model larger than the volume", _list_large_files, "InsufficientSpace", ("of free space", "Enlarge")),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=[case.name.replace(" ", "-") for case in CASES])
def test_a_failure_has_its_reason_message_and_pages(hub: FakeHub, command: ModelStoreCommand, case: Case) -> None:
    case.change(hub)
    run = command.download(hub, **dict(case.options))
    assert (run.exit_code, run.reason) == (1, case.reason), run.stderr
    assert tuple(run.document["pages"]) == case.pages
    for text in case.texts:
        assert text in run.message
    assert run.message.endswith(".")
    assert list(command.cache.glob("pyannote*/*")) == []
    assert "Traceback" not in run.stderr


def test_a_hub_that_refuses_connections_is_unreachable(hub: FakeHub, command: ModelStoreCommand) -> None:
    with socket.socket() as unused:  # bound, but not listening
        unused.bind(("127.0.0.1", 0))
        hub.url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        run = command.download(hub)
    assert (run.exit_code, run.reason) == (1, "HubUnreachable")
    assert f"{hub.url} cannot be reached" in run.message
    assert "proxy" in run.message


def test_a_hub_without_an_address_is_unreachable(hub: FakeHub, command: ModelStoreCommand) -> None:
    hub.url = "https://hub.invalid"
    run = command.download(hub)
    assert (run.exit_code, run.reason) == (1, "HubUnreachable")
    assert "DNS" in run.message
