"""For each reason of the model conditions: the failure that causes it, and the change that resolves it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from sd_harness.hub import hub_faults, hub_models
from sd_harness.hub.hub_models import COMMUNITY, COMMUNITY_COMMIT
from sd_harness.hub.hub_state import GOOD_TOKEN, Account, FakeHub, FakeRepository


@dataclass(frozen=True, slots=True)
class ReasonCase:
    """A failure and its resolution: changes of the hub, of the service's source, or of the Secret."""

    reason: str
    fail: Callable[[FakeHub], object] = lambda _: None
    resolve: Callable[[FakeHub], object] = lambda _: None
    source: tuple[tuple[str, Any], ...] = ()
    """Fields of spec.model.source.huggingFace that differ from the other cases."""
    resolved_source: tuple[tuple[str, Any], ...] = ()
    """Fields of the source to patch for the resolution."""
    has_secret: bool = True
    """True if the Secret exists from the start; False if its creation is the resolution."""

    @property
    def name(self) -> str:
        """The name of the case's objects."""
        return self.reason.lower()


def _set_account(**permissions: Any) -> Callable[[FakeHub], object]:  # noqa: ANN401 - fields of an Account
    return lambda hub: hub.accounts.update({GOOD_TOKEN: Account(**permissions)})


def _clear_faults(hub: FakeHub) -> None:
    hub.faults.clear()


def _remove_repositories(hub: FakeHub) -> None:
    hub.repositories.clear()


def _add_repository(hub: FakeHub) -> None:
    hub.repositories[COMMUNITY] = hub_models.community()


def _list_size(size_bytes: int | None) -> Callable[[FakeHub], object]:
    def change(hub: FakeHub) -> None:
        hub.repositories[COMMUNITY] = replace(hub.repositories[COMMUNITY], listed_size_bytes=size_bytes)

    return change


def _add_tag(hub: FakeHub) -> None:
    hub.repositories[COMMUNITY] = replace(hub.repositories[COMMUNITY], revisions=("main", "v9"))


def _add_old_pipeline(hub: FakeHub) -> None:
    files = {"config.yaml": hub_models.TWO_ONE_CONFIG.encode()}
    hub.repositories["pyannote/old"] = FakeRepository(files, COMMUNITY_COMMIT)


def cases() -> list[ReasonCase]:
    """Return a case for each reason."""
    delay_ended = threading.Event()
    return [
        ReasonCase("TokenMissing", has_secret=False),
        ReasonCase("TokenInvalid", lambda hub: hub.accounts.clear(), _set_account()),
        ReasonCase("TokenLacksGatedRead", _set_account(reads_gated=False), _set_account()),
        ReasonCase(
            "TermsNotAccepted", _set_account(accepted=frozenset()), _set_account(accepted=frozenset({COMMUNITY}))
        ),
        ReasonCase("RepositoryNotFound", _remove_repositories, _add_repository),
        ReasonCase("RevisionNotFound", resolve=_add_tag, source=(("revision", "v9"),)),
        ReasonCase("HubUnreachable", lambda hub: hub.faults.append(hub_faults.error_response(503)), _clear_faults),
        ReasonCase("InsufficientSpace", _list_size(10**16), _list_size(None)),
        ReasonCase(
            "Downloading",
            lambda hub: hub.faults.append(hub_faults.delayed_response(delay_ended)),
            lambda _: delay_ended.set(),
        ),
        ReasonCase("Corrupt", lambda hub: hub.faults.append(hub_faults.corrupt_content), _clear_faults),
        ReasonCase(
            "UnsupportedPipeline",
            _add_old_pipeline,
            source=(("pipeline", "pyannote/old"),),
            resolved_source=(("pipeline", COMMUNITY),),
        ),
    ]
