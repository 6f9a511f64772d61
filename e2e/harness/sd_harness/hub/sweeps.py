"""What may happen to a download or to its cache, at a point that is drawn: each says what was wrong afterwards."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

from sd_model_store import manifest
from sd_model_store.errors import CorruptError

from sd_harness.hub.cache_damage import DAMAGES
from sd_harness.hub.downloader_process import Ended, Supply
from sd_harness.hub.fake_hub import Handler, Hub
from sd_harness.hub.hub_models import COMMUNITY, NEEDED
from sd_harness.hub.kills import kill_after
from sd_harness.hub.small_volume import mounted

BESIDE = (manifest.FILE_NAME, "origin.json")
"""What the downloader itself lays beside the files."""
PACE_S = 0.002
"""For each piece that the hub sends, so that two that start together meet."""
ROOM_BYTES = 8 << 20
"""For all that a volume holds besides the files."""


@dataclass(frozen=True)
class Outcome:
    """What it came to."""

    wrong: list[str]
    """Sentences; none = nothing wrong was ever to be seen, and in the end all was there."""
    fetched_again_bytes: int
    """How much more than the pipeline's files has left the hub."""


Scenario = Callable[[Supply, Hub, Random], Outcome]


def needed_bytes(hub: Hub) -> int:
    """The size of all that a download brings."""
    return sum(len(hub.repos[COMMUNITY].files[path]) for path in NEEDED)


def wrong_files(supply: Supply, hub: Hub) -> list[str]:
    """What lies under the final name and is not what the hub has, byte for byte. Nothing there is nothing wrong."""
    final = supply.final()
    if not final.exists():
        return []
    wanted = {path: hub.repos[COMMUNITY].files[path] for path in NEEDED}
    found = {path.relative_to(final).as_posix(): path for path in final.rglob("*") if not path.is_dir()}
    return [
        *(f"{path} is missing" for path in sorted(wanted.keys() - found.keys())),
        *(f"{path} is too many" for path in sorted(found.keys() - wanted.keys() - {*BESIDE})),
        *(f"{path} is wrong" for path in sorted(wanted.keys() & found.keys()) if _differs(found[path], wanted[path])),
    ]


def _differs(path: Path, wanted: bytes) -> bool:
    return path.is_symlink() or path.read_bytes() != wanted


def killed_at_a_byte(supply: Supply, hub: Hub, draw: Random) -> Outcome:
    """SIGKILL once so many bytes have left the hub."""
    kill_after(supply, hub, draw.randrange(needed_bytes(hub)))
    return _ends_well(supply, hub, wrong_files(supply, hub))


def killed_at_a_moment(supply: Supply, hub: Hub, draw: Random) -> Outcome:
    """SIGKILL at any time from the first question to the end, so also while it checks, writes down or renames."""
    span_s = _working_s(supply, hub)
    process = supply.start_download(hub)
    hub.until_asked()
    time.sleep(draw.uniform(0, span_s))
    process.kill()
    process.communicate()
    return _ends_well(supply, hub, wrong_files(supply, hub))


def _working_s(supply: Supply, hub: Hub) -> float:
    """How long a run that nothing disturbs takes from its first question to its end."""
    folder = supply.folder / "undisturbed"
    folder.mkdir()
    process = Supply(folder).start_download(hub)
    hub.until_asked()
    asked_s = time.monotonic()
    process.communicate()
    hub.asked.clear()
    hub.sent_bytes = 0
    return time.monotonic() - asked_s


def cut_off(supply: Supply, hub: Hub, draw: Random) -> Outcome:
    """From some byte on every connection breaks, new ones too; later the network is back."""
    at_bytes = draw.randrange(needed_bytes(hub))

    def is_down() -> bool:
        return hub.sent_bytes >= at_bytes

    def refuses(handler: Handler) -> bool:
        if is_down():
            handler.reset()
        return is_down()

    def breaks(_: int) -> None:
        if is_down():
            raise ConnectionResetError

    hub.faults.append(refuses)
    hub.pace = breaks
    ended = supply.download(hub)
    hub.faults.clear()
    hub.pace = lambda _: None
    return _ends_well(supply, hub, wrong_files(supply, hub) + _not_told(ended, "HubUnreachable"))


def full_disk(supply: Supply, hub: Hub, draw: Random) -> Outcome:
    """Somebody else fills the volume in the middle; later there is room again."""
    at_bytes = draw.randrange(needed_bytes(hub))
    with mounted(supply.cache, needed_bytes(hub) + ROOM_BYTES) as volume:
        hub.pace = lambda _: volume.fill() if hub.sent_bytes >= at_bytes else None
        ended = supply.download(hub)
        hub.pace = lambda _: None
        volume.free()
        return _ends_well(supply, hub, wrong_files(supply, hub) + _not_told(ended, "InsufficientSpace"))


def small_disk(supply: Supply, hub: Hub, draw: Random) -> Outcome:
    """The volume was too small from the start; later it is made larger."""
    with mounted(supply.cache, draw.randrange(2**20, needed_bytes(hub))) as volume:
        wrong = _not_told(supply.download(hub), "InsufficientSpace")
        if hub.sent_bytes > len(hub.repos[COMMUNITY].files["config.yaml"]):
            wrong.append("it began although it does not fit")
        volume.resize(needed_bytes(hub) + ROOM_BYTES)
        return _ends_well(supply, hub, wrong)


def _not_told(ended: Ended, reason: str) -> list[str]:
    return [] if ended.reason == reason else [f"it ended with {ended.reason} instead of {reason}: {ended.document}"]


def two_at_once(supply: Supply, hub: Hub, _: Random) -> Outcome:
    """Two start together."""
    hub.pace = lambda _: time.sleep(PACE_S)
    running = [supply.start_download(hub) for _ in range(2)]
    wrong = [problem for process in running for problem in _not_done(process)]
    hub.pace = lambda _: None
    outcome = _ends_well(supply, hub, wrong)
    if outcome.fetched_again_bytes:
        outcome.wrong.append(f"two fetched {outcome.fetched_again_bytes} bytes more than one")
    return outcome


def one_of_two_killed(supply: Supply, hub: Hub, draw: Random) -> Outcome:
    """Two start together, and one of them is killed once so many bytes have left the hub."""
    at_bytes = draw.randrange(needed_bytes(hub))
    killed, other = (supply.start_download(hub) for _ in range(2))

    def kill_when_reached(_: int) -> None:
        time.sleep(PACE_S)
        if hub.sent_bytes >= at_bytes:
            killed.kill()

    hub.pace = kill_when_reached
    killed.communicate(timeout=60)
    wrong = _not_done(other)
    hub.pace = lambda _: None
    return _ends_well(supply, hub, wrong + wrong_files(supply, hub))


def _not_done(process: subprocess.Popen[str]) -> list[str]:
    """What a run said that was to succeed and did not."""
    said, _ = process.communicate(timeout=60)
    return [f"one of two ended with {said}"] if process.returncode else []


def damaged_cache(supply: Supply, hub: Hub, draw: Random) -> Outcome:
    """A file of a finished download is cut, changed, lengthened, linked or lost, or another is added."""
    digest = supply.download(hub).document["digest"]
    damage = draw.choice([*DAMAGES])
    path = supply.final() / draw.choice([*NEEDED, *BESIDE])
    DAMAGES[damage](path, draw)
    wrong = wrong_files(supply, hub)
    served = [f"{path.name} {damage}, and the check let it pass: {wrong}"] if wrong and _passes(supply, digest) else []
    return _ends_well(supply, hub, served)


def _passes(supply: Supply, digest: str) -> bool:
    """Whether the check that comes before loading has nothing against the directory."""
    try:
        manifest.verify(supply.final(), digest)
    except CorruptError:
        return False
    return True


def _ends_well(supply: Supply, hub: Hub, wrong: list[str]) -> Outcome:
    """What was wrong before, and what is after one more run, which nothing disturbs."""
    ended = supply.download(hub)
    if ended.status:
        wrong = [*wrong, f"the next run ended with {ended.reason}: {ended.message}"]
    elif not _passes(supply, ended.document["digest"]):
        wrong = [*wrong, "what the next run left is not what it says"]
    return Outcome(wrong + wrong_files(supply, hub), max(0, hub.sent_bytes - needed_bytes(hub)))


SCENARIOS: dict[str, Scenario] = {
    scenario.__name__: scenario
    for scenario in (
        killed_at_a_byte,
        killed_at_a_moment,
        cut_off,
        full_disk,
        small_disk,
        two_at_once,
        one_of_two_killed,
        damaged_cache,
    )
}
