"""The status of a DiarizationService, as the CRD describes it and as the operator writes it."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from sd_operator.api.rules import Part, map_by

LONGEST_MESSAGE = 4096

Sentence = Annotated[str, StringConstraints(max_length=LONGEST_MESSAGE)]
Word = Annotated[str, StringConstraints(max_length=512)]


class Condition(Part):
    """One thing that is true, false or unknown of the service, since when, and why."""

    type: Annotated[str, StringConstraints(max_length=64)]
    """Ready: every replica that was asked for serves the latest spec. Available: at least one pod serves.
    Progressing: the cluster is still being brought to the latest spec."""
    status: Literal["True", "False", "Unknown"]
    reason: Annotated[str, StringConstraints(max_length=64)]
    """The cause in one word."""
    message: Sentence
    """The cause in a sentence."""
    observed_generation: int = 0
    """The generation of the spec that the condition is about."""
    last_transition_time: Annotated[str, Field(json_schema_extra={"format": "date-time"}, max_length=64)]
    """When `status` last changed."""


class Endpoints(Part):
    """Where callers inside the cluster reach the service."""

    http: Word
    grpc: Word
    metrics: Word


class ServedModel(Part):
    """What the pods serve."""

    source: Word
    mode: Word


class DiarizationServiceStatus(Part):
    """What the operator has seen and done."""

    observed_generation: int = 0
    """The latest generation of the spec that this status is about."""
    conditions: list[Condition] = Field(default=[], max_length=16, json_schema_extra=map_by("type"))
    replicas: int = 0
    """Pods that exist."""
    ready_replicas: int = 0
    """Pods that serve."""
    selector: Word = ""
    """Label selector of the pods, for autoscalers."""
    endpoints: Endpoints | None = None
    model: ServedModel | None = None
