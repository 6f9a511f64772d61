"""The status of a DiarizationService: its schema in the CRD and the objects that the operator writes."""

from typing import Annotated, Literal

from pydantic import Field

from sd_operator.api.rules import SpecPart, list_map

MAX_MESSAGE_LENGTH = 4096

MessageText = Annotated[str, Field(max_length=MAX_MESSAGE_LENGTH)]
ShortText = Annotated[str, Field(max_length=512)]
ReasonText = Annotated[str, Field(max_length=64)]
Timestamp = Annotated[str, Field(max_length=64, json_schema_extra={"format": "date-time"})]


class Condition(SpecPart):
    """One aspect of the service's state, with its reason and the time of its last change."""

    type: Annotated[str, Field(max_length=64)]
    """Ready: every replica serves the latest spec. ModelAccess: the hub grants access to the model. ModelCached: the
    desired model is available and matches its pinned digest. Available: at least one pod serves requests. Progressing:
    a rollout of the latest spec is in progress. Autoscaling: the autoscaler works. Degraded: pods do not serve, another
    field manager keeps changing a field of a child, or the cluster does not serve a kind that the spec needs."""
    status: Literal["True", "False", "Unknown"]
    """True, False or Unknown."""
    reason: ReasonText
    """The reason as one CamelCase word."""
    message: MessageText
    """The reason as a sentence."""
    observed_generation: int = 0
    """The generation of the spec that the condition describes."""
    last_transition_time: Timestamp
    """The time at which `status` last changed."""


class Endpoints(SpecPart):
    """The addresses of the service inside the cluster."""

    http: ShortText
    """The URL of Triton's HTTP endpoint."""
    grpc: ShortText | None = None
    """Host and port of Triton's gRPC endpoint. Missing if the spec disables gRPC."""
    metrics: ShortText
    """The URL of Triton's metrics."""


class ServedModel(SpecPart):
    """The model that the pods serve. It is pinned at its first use and served until another one is available."""

    source: ShortText
    """The source of the model."""
    mode: ShortText
    """The mode in which the model runs."""
    pipeline: ShortText | None = None
    """The repository of the pipeline."""
    revision: ShortText | None = None
    """The commit that was downloaded."""
    digest: ShortText | None = None
    """The digest of the model directory. Every engine verifies its files against it before it loads them."""
    claim_name: ShortText | None = None
    """The claim that contains the model."""
    image: ShortText | None = None
    """The image that contains the model."""
    path: ShortText | None = None
    """The directory of the model in the claim or the image."""


class OutdatedModel(SpecPart):
    """Revisions that this service no longer serves. A Job removes those that no other service uses."""

    claim_name: Annotated[str, Field(max_length=253)]
    """The claim that contains them."""
    pipeline: Annotated[str, Field(max_length=253)]
    """The repository of the pipeline."""


class LastFailure(SpecPart):
    """The last failure. It is kept after recovery."""

    reason: ReasonText
    """The reason as one CamelCase word."""
    message: MessageText
    """The reason as a sentence."""
    time: Timestamp
    """The time of its first observation."""


class DiarizationServiceStatus(SpecPart):
    """The observed state of the service."""

    observed_generation: int = 0
    """The latest generation of the spec that this status describes."""
    conditions: list[Condition] = Field(default=[], max_length=16, json_schema_extra=list_map("type"))
    """The conditions Ready, ModelAccess, ModelCached, Available, Progressing, Autoscaling and Degraded."""
    replicas: int = 0
    """Number of pods."""
    ready_replicas: int = 0
    """Number of ready pods."""
    selector: ShortText = ""
    """Label selector of the pods, for autoscalers."""
    endpoints: Endpoints | None = None
    """The addresses of the service inside the cluster."""
    model: ServedModel | None = None
    """The model that the pods serve. It is pinned at its first use and served until another one is available."""
    outdated_models: list[OutdatedModel] = Field(
        default=[], max_length=16, json_schema_extra=list_map("claimName", "pipeline")
    )
    """Revisions that this service no longer serves. A Job removes those that no other service uses."""
    last_failure: LastFailure | None = None
    """The last failure. It is kept after recovery."""
