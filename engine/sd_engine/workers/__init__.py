"""Pools of worker processes with resource limits.

| module                    | runs in the | content                                                       |
|---------------------------|-------------|---------------------------------------------------------------|
| `worker_pool`             | engine      | a fixed number of processes; replaces those that end          |
| `worker_handle`           | engine      | start, use and kill one process                               |
| `fifo_pool`               | engine      | idle workers, handed out first come, first served             |
| `worker_main`             | worker      | the main loop: receive a request, run the job, send the result |
| `rlimits`                 | worker      | limits of memory, CPU time and files, set by the process itself |
| `forkserver_environment`  | forkserver  | settings that all workers inherit                             |
"""
