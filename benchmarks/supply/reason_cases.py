"""For each reason of the model supply: what a hub or a spec does to reach it, and what makes the cause go."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from sd_harness.hub import hub_faults, hub_models
from sd_harness.hub.fake_hub import GOOD_TOKEN, Account, Hub, Repo
from sd_harness.hub.hub_models import COMMUNITY, COMMUNITY_COMMIT


@dataclass(frozen=True, slots=True)
class Case:
    """A cause and its end; what is done to the spec or to the Secret is said, what is done to the hub is done."""

    reason: str
    spoil: Callable[[Hub], object] = lambda _: None
    heal: Callable[[Hub], object] = lambda _: None
    source: tuple[tuple[str, Any], ...] = ()
    """Fields of spec.model.source.huggingFace that differ."""
    healed_source: tuple[tuple[str, Any], ...] = ()
    """The same, patched to make the cause go: what no hub can heal."""
    has_secret: bool = True
    """Whether the Secret is there from the start, or comes when the cause is to go."""

    @property
    def name(self) -> str:
        """For objects."""
        return self.reason.lower()


def _rights(**rights: Any) -> Callable[[Hub], object]:  # noqa: ANN401 - whatever an Account has
    return lambda hub: hub.accounts.update({GOOD_TOKEN: Account(**rights)})


def _mend(hub: Hub) -> None:
    hub.faults.clear()


def _hide(hub: Hub) -> None:
    hub.repos.clear()


def _show(hub: Hub) -> None:
    hub.repos[COMMUNITY] = hub_models.community()


def _claim(size_bytes: int | None) -> Callable[[Hub], object]:
    def claim(hub: Hub) -> None:
        hub.repos[COMMUNITY] = replace(hub.repos[COMMUNITY], claimed_bytes=size_bytes)

    return claim


def _tag(hub: Hub) -> None:
    hub.repos[COMMUNITY] = replace(hub.repos[COMMUNITY], revisions=("main", "v9"))


def _too_old(hub: Hub) -> None:
    hub.repos["pyannote/old"] = Repo({"config.yaml": hub_models.TWO_ONE_CONFIG.encode()}, COMMUNITY_COMMIT)


def cases() -> list[Case]:
    """All reasons that the supply of models is to tell."""
    go_on = threading.Event()
    return [
        Case("TokenMissing", has_secret=False),
        Case("TokenInvalid", lambda hub: hub.accounts.clear(), _rights()),
        Case("TokenLacksGatedRead", _rights(reads_gated=False), _rights()),
        Case("TermsNotAccepted", _rights(accepted=frozenset()), _rights(accepted=frozenset({COMMUNITY}))),
        Case("RepositoryNotFound", _hide, _show),
        Case("RevisionNotFound", heal=_tag, source=(("revision", "v9"),)),
        Case("HubUnreachable", lambda hub: hub.faults.append(hub_faults.answers(503)), _mend),
        Case("InsufficientSpace", _claim(10**16), _claim(None)),
        Case("Downloading", lambda hub: hub.faults.append(hub_faults.waits(go_on)), lambda _: go_on.set()),
        Case("Corrupt", lambda hub: hub.faults.append(hub_faults.changes_a_byte), _mend),
        Case(
            "UnsupportedPipeline",
            _too_old,
            source=(("pipeline", "pyannote/old"),),
            healed_source=(("pipeline", COMMUNITY),),
        ),
    ]
