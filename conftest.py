"""Settings for every test: no telemetry, no spinning threads, no deadlines, and the default handling of SIGINT."""

import os
import signal

from hypothesis import settings

# pyannote.audio reports its use by default; the images disable that too.
os.environ |= {"PYANNOTE_METRICS_ENABLED": "0", "OTEL_SDK_DISABLED": "true"}

# By default OpenMP's threads spin while they wait, which takes the cores from the other test processes.
os.environ["OMP_WAIT_POLICY"] = "passive"

# A shell starts background jobs with SIGINT ignored, and subprocesses inherit that; tests that send SIGINT need it.
signal.signal(signal.SIGINT, signal.default_int_handler)

# A deadline would measure wall time, which says nothing about the code on a busy machine.
settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")
