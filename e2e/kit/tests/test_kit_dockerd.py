"""The docker daemon that the kit starts: its configuration, and stale pid files."""

import os
from pathlib import Path

import pytest
from sd_kit.offline import capabilities, dockerd, dockerd_config

STATUS = "Name:\tsh\nCapEff:\t0000000000000000\nCapBnd:\t{}\n"


@pytest.mark.parametrize(
    ("bounding", "missing"),
    [
        ("000001ffffffffff", []),
        ("000001fffeffffff", ["CAP_SYS_RESOURCE"]),
        ("000001fffedfffff", ["CAP_SYS_ADMIN", "CAP_SYS_RESOURCE"]),
    ],
)
def test_missing_capabilities_are_read_from_the_bounding_set(bounding: str, missing: list[str]) -> None:
    assert capabilities.missing(STATUS.format(bounding)) == missing


def test_runc_stays_the_default_runtime_without_missing_capabilities() -> None:
    assert dockerd_config.render(None) == {
        "log-driver": "json-file",
        "log-opts": {"max-size": "20m", "max-file": "2"},
    }


def test_a_given_runtime_becomes_the_default() -> None:
    settings = dockerd_config.render(Path("/cache/docker/sd-runc"))
    assert settings["default-runtime"] == "sd-runc"
    assert settings["runtimes"] == {"sd-runc": {"path": "/cache/docker/sd-runc"}}


def test_the_written_runtime_is_executable_and_names_runc_and_the_capabilities(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SD_TRITON_CACHE", str(tmp_path))
    runtime = dockerd_config.write_runtime("/usr/sbin/runc", ["CAP_SYS_RESOURCE"])
    assert os.access(runtime, os.X_OK)
    assert '/usr/sbin/runc CAP_SYS_RESOURCE "$@"' in runtime.read_text()


def test_the_pid_file_of_an_ended_process_is_removed(tmp_path: Path) -> None:
    path = tmp_path / "docker.pid"
    path.write_text("4194305\n")  # above the kernel's highest pid
    dockerd.remove_stale_pid_file(path, "dockerd")
    assert not path.exists()


def test_the_pid_file_of_another_program_with_the_same_pid_is_removed(tmp_path: Path) -> None:
    path = tmp_path / "docker.pid"
    path.write_text(str(os.getpid()))
    dockerd.remove_stale_pid_file(path, "dockerd")
    assert not path.exists()


def test_the_pid_file_of_a_running_daemon_stays(tmp_path: Path) -> None:
    path = tmp_path / "docker.pid"
    path.write_text(str(os.getpid()))
    dockerd.remove_stale_pid_file(path, Path("/proc/self/comm").read_text().strip())
    assert path.exists()
