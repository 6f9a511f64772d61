"""The cache of Go programs: built once, by one process at a time, complete or not at all."""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sd_kit import tools
from sd_kit.errors import KitError
from sd_kit.locks import locked, temporary_folder
from sd_kit.offline import go_build
from sd_kit.offline.go_programs import PROGRAMS, GoProgram

# A fake go compiler that records its calls and writes the output file of `go build -o DIR/ ./pause`.
GO = """#!/bin/sh
echo called >> "{calls}"
sleep {duration_s}
while [ "$1" != "-o" ]; do shift; done
echo program > "$2/pause"
exit {code}
"""

# A fake go compiler that returns a module's folder, and records the files of the folder that it builds.
GO_WITH_A_MODULE = """#!/bin/sh
if [ "$1" = mod ]; then echo '{{"Dir": "{module}"}}'; else cat inner/both theirs ours > "{seen}"; fi
"""

BUILD = "from sd_kit.offline import go_build; go_build.ensure(['pause'])"


@pytest.fixture
def fake_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    def install(*, duration_s: float = 0.0, code: int = 0) -> Path:
        calls = tmp_path / "calls"
        program = tmp_path / "bin" / "go"
        program.parent.mkdir(exist_ok=True)
        program.write_text(GO.format(calls=calls, duration_s=duration_s, code=code))
        program.chmod(0o755)
        return calls

    monkeypatch.setenv("SD_TRITON_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    return install


def test_a_program_is_built_once_and_cached_by_version(fake_go: Callable[..., Path], tmp_path: Path) -> None:
    calls = fake_go()
    go_build.ensure(["pause"])
    go_build.ensure(["pause"])
    assert calls.read_text() == "called\n"
    assert (tmp_path / "cache/bin/pause/3.10.2/pause").read_text() == "program\n"


def test_an_overlay_replaces_files_of_a_module(fake_go: Callable[..., Path], tmp_path: Path) -> None:
    module, overlay, output = (tmp_path / name for name in ("module", "overlay", "output"))
    for folder, text in ((module, "theirs"), (overlay, "ours")):
        (folder / "inner").mkdir(parents=True)
        (folder / "inner" / "both").write_text(text)
        (folder / text).write_text(text)
    output.mkdir()
    fake_go()
    go = tmp_path / "bin" / "go"
    go.write_text(GO_WITH_A_MODULE.format(module=module, seen=output / "seen"))
    program = GoProgram("pause", "v1", "some/module/pause", "some/module@v1", str(overlay))
    go_build._build("some/module@v1", [program], output)
    assert (output / "seen").read_text() == "ourstheirsours"
    assert (module / "inner" / "both").read_text() == "theirs"


def test_programs_of_one_module_have_the_same_overlay() -> None:
    overlays: dict[str, set[str]] = {}
    for program in PROGRAMS.values():
        overlays.setdefault(program.module, set()).add(program.overlay)
    assert {module: each for module, each in overlays.items() if len(each) > 1} == {}


def test_a_failed_build_leaves_no_files(fake_go: Callable[..., Path], tmp_path: Path) -> None:
    fake_go(code=3)
    with pytest.raises(KitError, match=r"Cannot build pause: it exited with code 3\. The end of .*build-pause\.log"):
        go_build.ensure(["pause"])
    assert not go_build.binary("pause").exists()
    assert list((tmp_path / "cache/scratch").iterdir()) == []


def test_a_second_process_waits_for_the_first_and_builds_nothing(fake_go: Callable[..., Path]) -> None:
    calls = fake_go(duration_s=0.5)
    both = [subprocess.Popen([sys.executable, "-c", BUILD]) for _ in range(2)]
    assert [process.wait(30) for process in both] == [0, 0]
    assert calls.read_text() == "called\n"


def test_a_lock_is_released_when_its_holder_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SD_TRITON_CACHE", str(tmp_path))
    hold = "import time; from sd_kit.locks import locked\nwith locked('x'): print('held', flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", hold], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        holder.kill()
    started_s = time.monotonic()
    with locked("x"):
        assert time.monotonic() - started_s < 10


def test_a_temporary_folder_is_removed_with_its_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SD_TRITON_CACHE", str(tmp_path))
    with temporary_folder("x") as path:
        (path / "half").write_text("done")
    assert not path.exists()


def test_tools_are_linked_into_one_folder(fake_go: Callable[..., Path], tmp_path: Path) -> None:
    fake_go()
    folder = tools.link(["pause"])
    assert folder == tmp_path / "cache/bin/current"
    assert (folder / "pause").resolve() == go_build.binary("pause")


def test_an_error_names_an_unknown_tool() -> None:
    with pytest.raises(KitError, match="Unknown tool: hlem"):
        tools.link(["hlem"])
