"""Each cause has its own reason, and a sentence that says what to do."""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from sd_harness.hub import fake_hub, hub_faults, hub_models
from sd_harness.hub.downloader_process import Supply
from sd_harness.hub.fake_hub import GOOD_TOKEN, Account, Hub, Repo
from sd_harness.hub.hub_models import COMMUNITY, SEGMENTATION, THREE_ONE

TOKENS = "https://huggingface.co/settings/tokens"


@dataclass
class Case:
    """One way in which a hub refuses."""

    name: str
    spoil: Callable[[Hub], None]
    reason: str
    says: tuple[str, ...]
    pages: tuple[str, ...] = ()
    asked: tuple[tuple[str, Any], ...] = ()


def nothing(_: Hub) -> None:
    pass


def account(**rights: Any) -> Callable[[Hub], None]:
    return lambda hub: hub.accounts.update({GOOD_TOKEN: Account(**rights)})


def fault(status: int, code: str = "", message: str = "", **more: str) -> Callable[[Hub], None]:
    return lambda hub: hub.faults.append(hub_faults.answers(status, code, message, **more))


def page(repository: str) -> str:
    return f"https://huggingface.co/{repository}"


def config(text: str) -> Callable[[Hub], None]:
    return lambda hub: hub.repos.update({COMMUNITY: Repo({"config.yaml": text.encode()}, "a" * 40)})


def _cdn_fails(handler: fake_hub.Handler) -> bool:
    if fake_hub.port_of(handler) != handler.hub.cdn_port:
        return False
    handler.refuse(500, "", "")
    return True


def _login_page(handler: fake_hub.Handler) -> bool:
    handler.give(200, b"<html>Sign in to the network</html>", Content_Type="text/html")
    return True


def _claim(hub: Hub, size_bytes: int) -> None:
    hub.repos[COMMUNITY].claimed_bytes = size_bytes


CASES = [
    Case("no token", nothing, "TokenMissing", (COMMUNITY, TOKENS), (page(COMMUNITY), TOKENS), (("token", None),)),
    Case("an empty token file", nothing, "TokenMissing", ("is empty",), (), (("token", "\n"),)),
    Case("a token that the hub does not know", nothing, "TokenInvalid", (TOKENS,), (TOKENS,), (("token", "hf_x"),)),
    Case("a token that is no word", nothing, "TokenInvalid", ("one word",), (), (("token", "hf_x y"),)),
    Case(
        "a gate that answers 401 to a token",
        fault(401, "GatedRepo", "You must be authenticated", where="/resolve/"),
        "TokenInvalid",
        ("mistyped, expired or revoked",),
        (TOKENS,),
    ),
    Case("terms of one", account(accepted=frozenset()), "TermsNotAccepted", (page(COMMUNITY),), (page(COMMUNITY),)),
    Case(
        "terms of three, of which the gated configuration names two",
        account(accepted=frozenset()),
        "TermsNotAccepted",
        (page(THREE_ONE), page(SEGMENTATION), page(COMMUNITY)),
        (page(THREE_ONE), page(SEGMENTATION), page(COMMUNITY)),
        (("pipeline", THREE_ONE), ("revision", "main")),
    ),
    Case(
        "terms of the one that is left",
        account(accepted=frozenset({THREE_ONE, COMMUNITY})),
        "TermsNotAccepted",
        (page(SEGMENTATION),),
        (page(SEGMENTATION),),
        (("pipeline", THREE_ONE), ("revision", "main")),
    ),
    Case(
        "a mirror whose list is gated as well",
        fault(403, "GatedRepo", "You are not in the authorized list", where="/api/models"),
        "TermsNotAccepted",
        (page(COMMUNITY),),
        (page(COMMUNITY),),
    ),
    Case(
        "a fine-grained token without gated read",
        account(reads_gated=False),
        "TokenLacksGatedRead",
        ("public gated repos", "fine-grained token settings"),
        (TOKENS,),
    ),
    Case("a bare 403", fault(403, where="/resolve/"), "TokenLacksGatedRead", (COMMUNITY,), (TOKENS,)),
    Case(
        "no such repository",
        nothing,
        "RepositoryNotFound",
        ("pyannote/nothing",),
        (),
        (("pipeline", "pyannote/nothing"),),
    ),
    Case("a bare 404", fault(404, where="/api/models"), "RepositoryNotFound", (COMMUNITY,)),
    Case(
        "no such repository, and no token",
        nothing,
        "RepositoryNotFound",
        ("it is private: give a token",),
        (),
        (("pipeline", "pyannote/nothing"), ("token", None)),
    ),
    Case(
        "a disabled repository",
        fault(403, "", "Access to this resource is disabled."),
        "RepositoryNotFound",
        ("disabled",),
    ),
    Case("no such tag", nothing, "RevisionNotFound", ("no revision v9",), (), (("revision", "v9"),)),
    Case("no such commit", nothing, "RevisionNotFound", ("f" * 40,), (), (("revision", "f" * 40),)),
    Case("a revision that is a path", nothing, "RevisionNotFound", ("40 hex digits",), (), (("revision", "../x"),)),
    Case("too many requests", fault(429, "", "slow down", Retry_After="3600"), "HubUnreachable", ("fewer requests",)),
    Case("a failing hub", fault(503), "HubUnreachable", ("HTTP 503", "Try again later")),
    Case(
        "a CDN that fails",
        lambda hub: hub.faults.append(_cdn_fails),
        "HubUnreachable",
        ("HTTP 500",),
    ),
    Case(
        "a page of a proxy instead of a hub",
        lambda hub: hub.faults.append(_login_page),
        "HubUnreachable",
        ("not a hub",),
    ),
    Case("pyannote.audio 2", config(hub_models.TWO_ONE_CONFIG), "UnsupportedPipeline", ("pyannote.audio 2", COMMUNITY)),
    Case(
        "a revision behind an @",
        nothing,
        "UnsupportedPipeline",
        ("not behind an @",),
        (),
        (("pipeline", "pyannote/speaker-diarization@2.1"),),
    ),
    Case("no pipeline at all", config("{}"), "UnsupportedPipeline", ("no pyannote pipeline",)),
    Case(
        "a repository without a configuration",
        lambda hub: hub.repos.update({COMMUNITY: Repo({"x.bin": b"x"}, "a" * 40)}),
        "UnsupportedPipeline",
        ("no config.yaml",),
    ),
    Case(
        "a configuration whose weights are not there",
        config(hub_models.COMMUNITY_CONFIG),
        "UnsupportedPipeline",
        ("segmentation/pytorch_model.bin",),
    ),
    Case(
        "bytes that the hub did not promise",
        lambda hub: hub.faults.append(hub_faults.changes_a_byte),
        "Corrupt",
        ("anew",),
    ),
    Case("more than fits", lambda hub: _claim(hub, 10**16), "InsufficientSpace", ("are free", "larger")),
]


@pytest.mark.parametrize("case", CASES, ids=[case.name.replace(" ", "-") for case in CASES])
def test_a_cause_has_its_reason_and_its_remedy(hub: Hub, supply: Supply, case: Case) -> None:
    case.spoil(hub)
    ended = supply.download(hub, **dict(case.asked))
    assert (ended.status, ended.reason) == (1, case.reason), ended.stderr
    assert tuple(ended.document["pages"]) == case.pages
    for words in case.says:
        assert words in ended.message
    assert ended.message.endswith((".", "main"))
    assert list(supply.cache.glob("pyannote*/*")) == []
    assert "Traceback" not in ended.stderr


def test_a_hub_that_is_not_there_is_unreachable(hub: Hub, supply: Supply) -> None:
    with socket.socket() as holder:  # of a port on which nobody listens
        holder.bind(("127.0.0.1", 0))
        hub.url = f"http://127.0.0.1:{holder.getsockname()[1]}"
        ended = supply.download(hub)
    assert (ended.status, ended.reason) == (1, "HubUnreachable")
    assert f"{hub.url} cannot be reached" in ended.message
    assert "proxy" in ended.message


def test_a_hub_without_an_address_is_unreachable(hub: Hub, supply: Supply) -> None:
    hub.url = "https://hub.invalid"
    ended = supply.download(hub)
    assert (ended.status, ended.reason) == (1, "HubUnreachable")
    assert "DNS" in ended.message


def test_a_token_file_that_is_not_there_is_a_missing_token(hub: Hub, supply: Supply) -> None:
    ended = supply.download(hub, "--token-file", "/nowhere/token", token=None)
    assert (ended.status, ended.reason) == (1, "TokenMissing")
    assert "/nowhere/token" in ended.message


@pytest.mark.parametrize(
    ("content", "says"),
    [(None, "cannot be read: No such file"), ("", "holds no certificates"), ("a word", "holds no certificates")],
)
def test_a_ca_bundle_without_certificates_is_named(hub: Hub, supply: Supply, content: str | None, says: str) -> None:
    bundle = supply.folder / "ca.pem"
    if content is not None:
        bundle.write_text(content)
    ended = supply.download(hub, "--ca-bundle", str(bundle))
    assert (ended.status, ended.reason) == (1, "HubUnreachable")
    assert f"The CA bundle {bundle} {says}" in ended.message
    assert "Traceback" not in ended.stderr
    assert hub.asked == []


def test_a_cache_that_cannot_be_written_is_named(hub: Hub, supply: Supply) -> None:
    supply.cache.rmdir()
    supply.cache.write_text("a file")
    ended = supply.download(hub)
    assert (ended.status, ended.reason) == (1, "CacheUnusable")
    assert str(supply.cache) in ended.message
