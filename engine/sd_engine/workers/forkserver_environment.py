"""Environment variables and signal handlers of the forkserver process, which all workers inherit.

The forkserver imports this module before any other. Numpy and torch read the number of threads when they are imported:
each worker uses one thread, because all processes share the same few CPUs. The signals that end the engine are sent to
its whole process group; the workers ignore them, so that they can finish their jobs while the engine shuts down.
"""

from __future__ import annotations

import os
import signal

os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
for _signal in (signal.SIGINT, signal.SIGTERM):
    signal.signal(_signal, signal.SIG_IGN)
