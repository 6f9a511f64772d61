"""The reasons of status conditions. `docs/resource.md` is generated from the docstrings.

A condition may also carry a reason of Kubernetes: that of the scheduler, of the kubelet (`Evicted`) or of an
autoscaler (`FailedGetExternalMetric`).
"""

import ast
import inspect
from enum import StrEnum


class Reason(StrEnum):
    """The reason of a condition. The docstring of each member says what it means and how to resolve it."""

    SERVING = "Serving"
    """`Ready`: every replica serves the latest spec. `Available`: at least one pod serves."""
    ROLLED_OUT = "RolledOut"
    """`Progressing` is `False`: the latest spec is rolled out."""
    AS_EXPECTED = "AsExpected"
    """`Degraded` is `False`: nothing is wrong."""
    STARTING = "Starting"
    """A pod starts. The message names the stage of the newest pod."""
    ROLLING_OUT = "RollingOut"
    """Pods of an earlier spec still exist, or pods of the latest spec are missing."""
    PAUSED = "Paused"
    """`replicas` is 0. Set it to 1 or more to serve again."""
    INVALID_SPEC = "InvalidSpec"
    """The spec was stored under an older CRD and is invalid. The message names the fields; correct them."""
    REQUEST_REJECTED = "RequestRejected"
    """The API server rejected a request of the operator. The operator retries every 8 s, and less often when requests
    of more than forty services are rejected."""
    NAME_TAKEN = "NameTaken"
    """An object with the name of a child exists and does not belong to the service. Rename the service or delete the
    object."""
    QUOTA_EXCEEDED = "QuotaExceeded"
    """A ResourceQuota rejects the pods. Raise the quota; the pods are created within 10 s."""
    PODS_REJECTED = "PodsRejected"
    """Admission rejects the pods. Resolve what the message names; the pods are created within 10 s."""
    UNSCHEDULABLE = "Unschedulable"
    """No node accepts the pod. The message is the scheduler's; free resources or add a node."""
    VOLUME_PENDING = "VolumePending"
    """A claim is missing or not bound, or a volume cannot be mounted. Create the claim or repair its storage."""
    SANDBOX_CREATION_FAILED = "SandboxCreationFailed"
    """The node cannot set up the network of the pod. Check the node's network plugin."""
    IMAGE_PULL_FAILED = "ImagePullFailed"
    """An image cannot be pulled. Check `images` and `imagePullSecrets`."""
    CONTAINER_CREATION_FAILED = "ContainerCreationFailed"
    """The kubelet cannot create or start a container. The message is the kubelet's."""
    CONTAINER_CRASHED = "ContainerCrashed"
    """A container terminated. The message has its exit code and its termination message."""
    POD_FAILED = "PodFailed"
    """A pod failed and Kubernetes gave no reason. Inspect it with `kubectl describe pod`."""
    START_SLOW = "StartSlow"
    """A pod has been at one stage of its start for more than 10 minutes without an error. The message has the command
    that shows more."""
    MODEL_LOAD_SLOW = "ModelLoadSlow"
    """The engine has been loading the model for more than 10 minutes without an error, for example from a slow volume.
    The message has the command that shows its log."""
    MODEL_LOAD_FAILED = "ModelLoadFailed"
    """The engine cannot load the model. The message is the engine's."""
    PROGRESS_DEADLINE_EXCEEDED = "ProgressDeadlineExceeded"
    """`Progressing` is `False`: the rollout has made no progress within the Deployment's deadline of 10 minutes."""
    DEPLOYMENT_PAUSED = "DeploymentPaused"
    """Another field manager has set `paused: true` on the Deployment, so changes do not reach the pods. Resume the
    rollout with `kubectl rollout resume`."""
    FIELD_CONFLICT = "FieldConflict"
    """Another field manager repeatedly changes a field that the service sets. The message names both; let one of them
    set the field. The operator restores it once a minute."""
    CHANGED_BY_ADMISSION = "ChangedByAdmission"
    """`Degraded` is `False`: admission changed a field when the operator applied an object, for example to use an image
    mirror. The operator accepts the value."""
    KIND_MISSING = "KindMissing"
    """Monitoring is enabled and the cluster lacks the Prometheus operator. Install it, or disable monitoring. The
    objects are created within 10 s of its installation."""
    KIND_FORBIDDEN = "KindForbidden"
    """Monitoring is enabled and the operator has no permission for its kinds. Upgrade the operator's release."""
    SCALING = "Scaling"
    """`Autoscaling`: the autoscaler works."""
    EXTERNAL = "External"
    """`Autoscaling`: a component other than the operator sets `replicas`."""
    WAITING = "Waiting"
    """`Autoscaling`: the autoscaler has not reported its state yet."""
    NOT_SCALING = "NotScaling"
    """`Autoscaling`: the autoscaler does not work and gives no reason of its own."""
    KEDA_MISSING = "KedaMissing"
    """`autoscaling.mode` is `keda` and the cluster lacks KEDA. Install it."""
    KEDA_FORBIDDEN = "KedaForbidden"
    """`autoscaling.mode` is `keda` and the operator has no permission for ScaledObjects. Upgrade its release."""
    NOT_NEEDED = "NotNeeded"
    """`ModelAccess`: the model does not come from a hub."""
    GRANTED = "Granted"
    """`ModelAccess`: the hub has granted access to the model."""
    CHECKING = "Checking"
    """`ModelAccess`: a Job requests the model from the hub."""
    BUILT_IN = "BuiltIn"
    """`ModelCached`: the model is part of the server image."""
    CACHED = "Cached"
    """`ModelCached`: the model is cached and matches its pinned digest."""
    DOWNLOADING = "Downloading"
    """A Job downloads the model, or verifies the model in your claim or image."""
    WAITING_FOR_CLAIM = "WaitingForClaim"
    """Another Job uses the claim of the model. Only one Job at a time works on a claim."""
    TOKEN_MISSING = "TokenMissing"  # noqa: S105 - a reason
    """The repository is gated and no token was found. Create the Secret that `tokenSecretRef` names. Retried every
    minute."""
    TOKEN_INVALID = "TokenInvalid"  # noqa: S105 - a reason
    """The hub does not know the token. Replace it. Retried every minute."""
    TOKEN_LACKS_GATED_READ = "TokenLacksGatedRead"  # noqa: S105 - a reason
    """The token may not read gated repositories. Extend its permissions. Retried every minute."""
    TERMS_NOT_ACCEPTED = "TermsNotAccepted"
    """The token's account has not accepted the terms of a repository. Accept them on the page in the message. Retried
    every minute."""
    REPOSITORY_NOT_FOUND = "RepositoryNotFound"
    """The repository does not exist, or the token may not see it. Retried every minute."""
    REVISION_NOT_FOUND = "RevisionNotFound"
    """The repository has no such revision. Retried every minute."""
    HUB_UNREACHABLE = "HubUnreachable"
    """The hub gave no usable response. Retried after 5 s, then with increasing delay up to 60 s."""
    INSUFFICIENT_SPACE = "InsufficientSpace"
    """The claim is too small for the model. Enlarge it. Retried after 5 s, then with increasing delay up to 60 s."""
    CACHE_UNUSABLE = "CacheUnusable"
    """The claim cannot be written, or another download holds its lock. Retried after 5 s, then with increasing delay up
    to 60 s."""
    DOWNLOAD_FAILED = "DownloadFailed"
    """A model Job failed without a result. Retried after 5 s, then with increasing delay up to 60 s."""
    UNSUPPORTED_PIPELINE = "UnsupportedPipeline"
    """The engine does not support the pipeline. Set another `pipeline` or `revision`. A directory of your own is
    checked again every minute."""
    CORRUPT = "Corrupt"
    """The files of the model do not match the pinned digest. No engine loads them. A model from a hub is downloaded
    again; restore the files of a claim or an image yourself."""


def descriptions() -> dict[Reason, str]:
    """Return the docstring of each member: Python does not keep them, so they are read from the source."""
    [definition] = ast.parse(inspect.getsource(Reason)).body
    statements = definition.body[1:] if isinstance(definition, ast.ClassDef) else []
    docstrings = [
        each.value.value for each in statements if isinstance(each, ast.Expr) and isinstance(each.value, ast.Constant)
    ]
    return {reason: " ".join(str(docstring).split()) for reason, docstring in zip(Reason, docstrings, strict=True)}
