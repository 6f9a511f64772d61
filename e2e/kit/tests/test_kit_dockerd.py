"""The docker daemon that the kit starts: its settings, and the pid files a dead one leaves."""

import os
from pathlib import Path

import pytest
from sd_kit import capabilities, dockerd, dockerd_config

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


def test_runc_is_used_as_it_is_where_nothing_is_missing() -> None:
    assert dockerd_config.render(None) == {
        "log-driver": "json-file",
        "log-opts": {"max-size": "20m", "max-file": "2"},
    }


def test_another_runtime_becomes_the_default_where_a_capability_is_missing() -> None:
    settings = dockerd_config.render(Path("/cache/docker/sd-runc"))
    assert settings["default-runtime"] == "sd-runc"
    assert settings["runtimes"] == {"sd-runc": {"path": "/cache/docker/sd-runc"}}


def test_the_daemons_folder_holds_the_file_and_the_runtime_it_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SD_TRITON_CACHE", str(tmp_path))
    runtime = dockerd_config.write_runtime("/usr/sbin/runc", ["CAP_SYS_RESOURCE"])
    assert os.access(runtime, os.X_OK)
    assert '/usr/sbin/runc CAP_SYS_RESOURCE "$@"' in runtime.read_text()


def test_the_pid_file_of_a_process_that_is_gone_is_removed(tmp_path: Path) -> None:
    path = tmp_path / "docker.pid"
    path.write_text("4194305\n")  # above the kernel's highest pid
    dockerd.remove_stale(path, "dockerd")
    assert not path.exists()


def test_the_pid_file_of_another_program_with_the_same_number_is_removed(tmp_path: Path) -> None:
    path = tmp_path / "docker.pid"
    path.write_text(str(os.getpid()))
    dockerd.remove_stale(path, "dockerd")
    assert not path.exists()


def test_the_pid_file_of_a_daemon_that_lives_stays(tmp_path: Path) -> None:
    path = tmp_path / "docker.pid"
    path.write_text(str(os.getpid()))
    dockerd.remove_stale(path, Path("/proc/self/comm").read_text().strip())
    assert path.exists()
