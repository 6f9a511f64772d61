"""A real API server with etcd, and the operator as a process beside it."""
