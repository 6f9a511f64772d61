"""Imported first of all in the process that workers are forked from, for what it does to that process.

Numpy and torch read the number of threads when they are imported: a worker has one, because the processes share few
CPUs. Signals that end the engine go to its whole group of processes; workers finish their jobs and end with it.
"""

from __future__ import annotations

import os
import signal

os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
for _number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(_number, signal.SIG_IGN)
