"""The status of a DiarizationService, as the CRD describes it and as the operator writes it."""

from typing import Annotated, Literal

from pydantic import Field

from sd_operator.api.rules import SpecPart, map_by

LONGEST_MESSAGE = 4096

Sentence = Annotated[str, Field(max_length=LONGEST_MESSAGE)]
Word = Annotated[str, Field(max_length=512)]
ReasonText = Annotated[str, Field(max_length=64)]
Time = Annotated[str, Field(max_length=64, json_schema_extra={"format": "date-time"})]


class Condition(SpecPart):
    """One thing that is true, false or unknown of the service, since when, and why."""

    type: Annotated[str, Field(max_length=64)]
    """Ready: every replica that was asked for serves the latest spec. ModelAccess: the hub lets the model be had.
    ModelCached: the model that is asked for is there, and is what it was. Available: at least one pod serves.
    Progressing: the cluster is still being brought to the latest spec. Autoscaling: what was asked to scale the
    service can. Degraded: something is wrong, be it that pods do not serve, that somebody else keeps taking a field of
    an object, or that this cluster lacks a kind of object that was asked for."""
    status: Literal["True", "False", "Unknown"]
    """Whether it is so."""
    reason: ReasonText
    """The cause in one word."""
    message: Sentence
    """The cause in a sentence."""
    observed_generation: int = 0
    """The generation of the spec that the condition is about."""
    last_transition_time: Time
    """When `status` last changed."""


class Endpoints(SpecPart):
    """Where callers inside the cluster reach the service."""

    http: Word
    """The URL of Triton's HTTP."""
    grpc: Word | None = None
    """Host and port of Triton's gRPC; missing where the spec closes it."""
    metrics: Word
    """The URL of Triton's metrics."""


class ServedModel(SpecPart):
    """What the pods serve: pinned when it was there for the first time, and served until another one is there."""

    source: Word
    """Where the model comes from."""
    mode: Word
    """How it is run."""
    pipeline: Word | None = None
    """The pipeline's repository."""
    revision: Word | None = None
    """The commit that was downloaded."""
    digest: Word | None = None
    """What the model's directory holds; every engine checks its files against it before it loads them."""
    claim_name: Word | None = None
    """The claim that holds the model."""
    image: Word | None = None
    """The image that holds the model."""
    path: Word | None = None
    """The model's directory inside the claim or the image."""


class OutdatedModel(SpecPart):
    """Revisions that this service no longer serves, and that a Job removes when nobody else does, either."""

    claim_name: Annotated[str, Field(max_length=253)]
    """The claim that holds them."""
    pipeline: Annotated[str, Field(max_length=253)]
    """The pipeline's repository."""


class LastFailure(SpecPart):
    """What last went wrong; it stays when all is well again."""

    reason: ReasonText
    """The cause in one word."""
    message: Sentence
    """The cause in a sentence."""
    time: Time
    """When it was first seen."""


class DiarizationServiceStatus(SpecPart):
    """What the operator has seen and done."""

    observed_generation: int = 0
    """The latest generation of the spec that this status is about."""
    conditions: list[Condition] = Field(default=[], max_length=16, json_schema_extra=map_by("type"))
    """What is true of the service: Ready, ModelAccess, ModelCached, Available, Progressing, Autoscaling, Degraded."""
    replicas: int = 0
    """Pods that exist."""
    ready_replicas: int = 0
    """Pods that serve."""
    selector: Word = ""
    """Label selector of the pods, for autoscalers."""
    endpoints: Endpoints | None = None
    """Where callers inside the cluster reach the service."""
    model: ServedModel | None = None
    """What the pods serve: pinned when it was there for the first time, and served until another one is there."""
    outdated_models: list[OutdatedModel] = Field(
        default=[], max_length=16, json_schema_extra=map_by("claimName", "pipeline")
    )
    """Revisions that this service no longer serves, and that a Job removes when nobody else does, either."""
    last_failure: LastFailure | None = None
    """What last went wrong; it stays when all is well again."""
