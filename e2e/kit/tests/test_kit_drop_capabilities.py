"""The OCI runtime in front of runc: it removes capabilities, changes nothing else, and executes runc."""

import json
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from sd_kit.offline import drop_capabilities

PROCESS = {
    "args": ["sh"],
    "capabilities": {
        "bounding": ["CAP_CHOWN", "CAP_SYS_RESOURCE"],
        "effective": ["CAP_SYS_RESOURCE"],
        "permitted": ["CAP_CHOWN"],
    },
}
REDUCED = {
    "args": ["sh"],
    "capabilities": {"bounding": ["CAP_CHOWN"], "effective": [], "permitted": ["CAP_CHOWN"]},
}


@pytest.fixture
def runc(tmp_path: Path) -> Path:
    program = tmp_path / "runc"
    program.write_text('#!/bin/sh\necho "$@"\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return program


def call(runc: Path, *arguments: str) -> str:
    script = [sys.executable, "-I", "-S", drop_capabilities.__file__, str(runc), "CAP_SYS_RESOURCE"]
    return subprocess.run([*script, *arguments], capture_output=True, text=True, check=True).stdout.strip()


@pytest.mark.parametrize("option", [["--bundle"], ["-b"]])
def test_create_removes_the_capability_from_the_bundle(runc: Path, tmp_path: Path, option: list[str]) -> None:
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"ociVersion": "1.0.2", "process": PROCESS, "hostname": "node"}))
    printed = call(runc, "--log", "x", "create", *option, str(tmp_path), "some-id")
    assert json.loads(config.read_text()) == {"ociVersion": "1.0.2", "process": REDUCED, "hostname": "node"}
    assert printed == f"--log x create {option[0]} {tmp_path} some-id"


@pytest.mark.parametrize("form", ["--process={}", "--process {}", "-p {}"])
def test_exec_removes_the_capability_from_the_process_file(runc: Path, tmp_path: Path, form: str) -> None:
    process = tmp_path / "process.json"
    process.write_text(json.dumps(PROCESS))
    call(runc, "exec", *form.format(process).split(), "--detach", "some-id")
    assert json.loads(process.read_text()) == REDUCED


def test_a_process_without_capabilities_is_unchanged(runc: Path, tmp_path: Path) -> None:
    process = tmp_path / "process.json"
    process.write_text(json.dumps({"args": ["id"]}))
    call(runc, "exec", "--process", str(process), "some-id")
    assert json.loads(process.read_text()) == {"args": ["id"]}


def test_other_calls_are_passed_on_unchanged(runc: Path) -> None:
    assert call(runc, "--root", "/run/x", "kill", "--all", "some-id", "9") == "--root /run/x kill --all some-id 9"
