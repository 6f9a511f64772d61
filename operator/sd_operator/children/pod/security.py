"""The security contexts: the restricted Pod Security Standard and a read-only root file system."""

from sd_operator.resources import Manifest

USER = 1000

POD: Manifest = {
    "runAsNonRoot": True,
    "runAsUser": USER,
    "runAsGroup": USER,
    "fsGroup": USER,
    "fsGroupChangePolicy": "OnRootMismatch",  # avoids a walk over all files of the model volume at every start
    "seccompProfile": {"type": "RuntimeDefault"},
}

CONTAINER: Manifest = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}
