"""A process sets its own resource limits; only soft limits change, and never beyond the hard ones."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from typing import Any

MEBIBYTE = 1024 * 1024


def run_python(script: str) -> dict[str, Any]:
    """Run a script in a new process, because limits cannot be undone; return the JSON object that it prints."""
    argv = [sys.executable, "-c", textwrap.dedent(script)]
    return json.loads(subprocess.run(argv, capture_output=True, check=True, text=True).stdout)


def test_limits_are_set_and_memory_is_counted_on_top_of_what_is_mapped() -> None:
    limits = run_python("""
        import json, os, resource
        from pathlib import Path
        from sd_engine.workers.rlimits import ResourceLimits
        hard_before = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        mapped = int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
        ResourceLimits(cpu_s=5, memory_bytes=64 << 20, open_files=20, file_size_bytes=3 << 20).apply()
        print(json.dumps({
            "memory_above_mapped": resource.getrlimit(resource.RLIMIT_AS)[0] - mapped,
            "files": resource.getrlimit(resource.RLIMIT_NOFILE)[0],
            "hard_files_changed": resource.getrlimit(resource.RLIMIT_NOFILE)[1] != hard_before,
            "file_size": resource.getrlimit(resource.RLIMIT_FSIZE)[0],
            "core": resource.getrlimit(resource.RLIMIT_CORE)[0],
        }))
    """)

    assert abs(limits.pop("memory_above_mapped") - 64 * MEBIBYTE) < 4 * MEBIBYTE
    assert limits == {"files": 20, "hard_files_changed": False, "file_size": 3 * MEBIBYTE, "core": 0}


def test_a_lower_hard_limit_is_kept() -> None:
    limits = run_python("""
        import json, resource
        from sd_engine.workers.rlimits import ResourceLimits
        resource.setrlimit(resource.RLIMIT_NOFILE, (10, 12))
        ResourceLimits(cpu_s=5, memory_bytes=64 << 20, open_files=20).apply()
        print(json.dumps({"files": resource.getrlimit(resource.RLIMIT_NOFILE)}))
    """)

    assert limits["files"] == [12, 12]


def test_each_job_gets_its_cpu_time_on_top_of_what_is_used() -> None:
    limits = run_python("""
        import json, resource, time
        from sd_engine.workers.rlimits import ResourceLimits
        limits = ResourceLimits(cpu_s=5, memory_bytes=64 << 20)
        limits.apply_to_next_job()
        first = resource.getrlimit(resource.RLIMIT_CPU)[0]
        while time.process_time() < 1.1:
            pass
        used = time.process_time()
        limits.apply_to_next_job()
        print(json.dumps({"first": first, "second": resource.getrlimit(resource.RLIMIT_CPU)[0], "used": used}))
    """)

    assert limits["first"] in (6, 7)
    assert limits["used"] + 5 <= limits["second"] < limits["used"] + 7


def test_a_file_larger_than_allowed_cannot_be_written() -> None:
    error = run_python("""
        import json, os
        from sd_engine.workers.rlimits import ResourceLimits
        ResourceLimits(cpu_s=5, memory_bytes=64 << 20, file_size_bytes=4096).apply()
        written = os.write(os.memfd_create("file"), bytes(5000))
        print(json.dumps({"written": written}))
    """)

    assert error == {"written": 4096}
