"""What a pod may do: the restricted profile, and a root file system that nobody writes to."""

from sd_operator.resources import Manifest

USER = 1000

POD: Manifest = {
    "runAsNonRoot": True,
    "runAsUser": USER,
    "runAsGroup": USER,
    "fsGroup": USER,
    "fsGroupChangePolicy": "OnRootMismatch",  # a model volume with many files is not walked at every start
    "seccompProfile": {"type": "RuntimeDefault"},
}

CONTAINER: Manifest = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}
