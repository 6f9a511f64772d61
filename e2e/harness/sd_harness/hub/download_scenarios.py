"""Faults during a download, or damage of its cache, at a random point; each scenario returns what it observed.

After every fault, an undisturbed run must complete the download, and a directory under its final name must never differ
from the hub's files.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from random import Random

from sd_harness.hub import scenario_outcome
from sd_harness.hub.cache_damage import DAMAGES
from sd_harness.hub.hub_handler import Handler
from sd_harness.hub.hub_models import COMMUNITY, NEEDED_FILES
from sd_harness.hub.hub_state import FakeHub
from sd_harness.hub.model_store_command import CompletedRun, ModelStoreCommand, kill_download_after
from sd_harness.hub.scenario_outcome import METADATA_FILES, Outcome, needed_bytes, wrong_files
from sd_harness.hub.small_volume import mounted

CHUNK_DELAY_S = 0.002
"""Delay of each chunk from the hub, so that two concurrent downloads overlap."""
VOLUME_RESERVE_BYTES = 8 << 20
"""Space of a volume in addition to the model's files."""

Scenario = Callable[[ModelStoreCommand, FakeHub, Random], Outcome]


def kill_at_byte(command: ModelStoreCommand, hub: FakeHub, random: Random) -> Outcome:
    """SIGKILL after a random number of sent bytes."""
    kill_download_after(command, hub, random.randrange(needed_bytes(hub)))
    return scenario_outcome.after_repair(command, hub, wrong_files(command, hub))


def kill_at_time(command: ModelStoreCommand, hub: FakeHub, random: Random) -> Outcome:
    """SIGKILL at a random time between the first request and the end, including verification and rename."""
    duration_s = _undisturbed_duration_s(command, hub)
    process = command.start_download(hub)
    hub.wait_for_request()
    time.sleep(random.uniform(0, duration_s))
    process.kill()
    process.communicate()
    return scenario_outcome.after_repair(command, hub, wrong_files(command, hub))


def _undisturbed_duration_s(command: ModelStoreCommand, hub: FakeHub) -> float:
    """Return the duration of an undisturbed download from its first request to its end."""
    folder = command.folder / "undisturbed"
    folder.mkdir()
    process = ModelStoreCommand(folder).start_download(hub)
    hub.wait_for_request()
    started_s = time.monotonic()
    process.communicate()
    hub.requests.clear()
    hub.sent_bytes = 0
    return time.monotonic() - started_s


def network_outage(command: ModelStoreCommand, hub: FakeHub, random: Random) -> Outcome:
    """Reset all existing and new connections after a random number of sent bytes; the network recovers later."""
    outage_at_bytes = random.randrange(needed_bytes(hub))

    def is_down() -> bool:
        return hub.sent_bytes >= outage_at_bytes

    def reset_new_connection(handler: Handler) -> bool:
        if is_down():
            handler.reset_connection()
        return is_down()

    def reset_connection(_: int) -> None:
        if is_down():
            raise ConnectionResetError

    hub.faults.append(reset_new_connection)
    hub.before_chunk = reset_connection
    run = command.download(hub)
    hub.faults.clear()
    hub.before_chunk = lambda _: None
    problems = wrong_files(command, hub) + _wrong_reason(run, "HubUnreachable")
    return scenario_outcome.after_repair(command, hub, problems)


def volume_filled(command: ModelStoreCommand, hub: FakeHub, random: Random) -> Outcome:
    """Fill the volume after a random number of sent bytes; free the space later."""
    filled_at_bytes = random.randrange(needed_bytes(hub))
    with mounted(command.cache, needed_bytes(hub) + VOLUME_RESERVE_BYTES) as volume:
        hub.before_chunk = lambda _: volume.fill() if hub.sent_bytes >= filled_at_bytes else None
        run = command.download(hub)
        hub.before_chunk = lambda _: None
        volume.free()
        problems = wrong_files(command, hub) + _wrong_reason(run, "InsufficientSpace")
        return scenario_outcome.after_repair(command, hub, problems)


def volume_too_small(command: ModelStoreCommand, hub: FakeHub, random: Random) -> Outcome:
    """Start with a volume that is too small; enlarge it later."""
    with mounted(command.cache, random.randrange(2**20, needed_bytes(hub))) as volume:
        problems = _wrong_reason(command.download(hub), "InsufficientSpace")
        if hub.sent_bytes > len(hub.repositories[COMMUNITY].files["config.yaml"]):
            problems.append("the download started although the volume is too small")
        volume.resize(needed_bytes(hub) + VOLUME_RESERVE_BYTES)
        return scenario_outcome.after_repair(command, hub, problems)


def _wrong_reason(run: CompletedRun, reason: str) -> list[str]:
    if run.reason == reason:
        return []
    return [f"the run ended with the reason {run.reason} instead of {reason}: {run.document}"]


def concurrent_downloads(command: ModelStoreCommand, hub: FakeHub, _: Random) -> Outcome:
    """Start two downloads at the same time."""
    hub.before_chunk = lambda _: time.sleep(CHUNK_DELAY_S)
    processes = [command.start_download(hub) for _ in range(2)]
    problems = [problem for process in processes for problem in _failure(process)]
    hub.before_chunk = lambda _: None
    outcome = scenario_outcome.after_repair(command, hub, problems)
    if outcome.repeated_bytes:
        outcome.problems.append(f"two downloads received {outcome.repeated_bytes} bytes more than one")
    return outcome


def concurrent_download_killed(command: ModelStoreCommand, hub: FakeHub, random: Random) -> Outcome:
    """Start two downloads at the same time, and kill one of them after a random number of sent bytes."""
    kill_at_bytes = random.randrange(needed_bytes(hub))
    killed, other = (command.start_download(hub) for _ in range(2))

    def kill_when_reached(_: int) -> None:
        time.sleep(CHUNK_DELAY_S)
        if hub.sent_bytes >= kill_at_bytes:
            killed.kill()

    hub.before_chunk = kill_when_reached
    killed.communicate(timeout=60)
    problems = _failure(other)
    hub.before_chunk = lambda _: None
    return scenario_outcome.after_repair(command, hub, problems + wrong_files(command, hub))


def _failure(process: subprocess.Popen[str]) -> list[str]:
    stdout, _ = process.communicate(timeout=60)
    return [f"one of two downloads failed with {stdout}"] if process.returncode else []


def damaged_cache(command: ModelStoreCommand, hub: FakeHub, random: Random) -> Outcome:
    """Damage a random file of a complete download."""
    digest = command.download(hub).document["digest"]
    damage = random.choice([*DAMAGES])
    path = command.revision_path() / random.choice([*NEEDED_FILES, *METADATA_FILES])
    DAMAGES[damage](path, random)
    wrong = wrong_files(command, hub)
    undetected = wrong and scenario_outcome.is_verified(command, digest)
    problems = [f"{path.name}: {damage}, not detected by verification: {wrong}"] if undetected else []
    return scenario_outcome.after_repair(command, hub, problems)


SCENARIOS: dict[str, Scenario] = {
    scenario.__name__: scenario
    for scenario in (
        kill_at_byte,
        kill_at_time,
        network_outage,
        volume_filled,
        volume_too_small,
        concurrent_downloads,
        concurrent_download_killed,
        damaged_cache,
    )
}
