"""The result of a decision, and the result of applying it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sd_operator.reconcile.drift.manifest_diff import Difference
from sd_operator.reconcile.finding import Finding
from sd_operator.reconcile.objects import Identity, applied_digest
from sd_operator.resources import Manifest


@dataclass(frozen=True, slots=True)
class Change:
    """A manifest to apply, the live object, None if there is none, and the first field that differs."""

    manifest: Manifest
    live: Manifest | None = None
    difference: Difference | None = None

    @property
    def digest(self) -> str:
        """The digest of the manifest."""
        return applied_digest(self.manifest)

    @property
    def is_repair(self) -> bool:
        """True if this manifest was applied before, so that another client has changed the object since."""
        return self.live is not None and applied_digest(self.live) == self.digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All writes of a pass, and what the pass cannot do."""

    apply: list[Change] = field(default_factory=list[Change])
    """Children to create or change."""
    delete: list[Manifest] = field(default_factory=list[Manifest])
    """Children that are no longer desired."""
    create_job: Manifest | None = None
    """The model Job to create."""
    delete_jobs: list[Manifest] = field(default_factory=list[Manifest])
    """Model Jobs that are no longer needed."""
    deletion_costs: list[tuple[Manifest, str]] = field(default_factory=list[tuple[Manifest, str]])
    """Pods to mark before the Deployment is scaled down, each with its deletion cost."""
    pod_retry: tuple[Manifest, str] | None = None
    """The Deployment whose rejected pods are to be created again, and the time to annotate it with."""
    errors: list[Finding] = field(default_factory=list[Finding])
    """The reasons why a part of the desired state is not in the plan."""
    conflicts: Mapping[Identity, Finding] = field(default_factory=dict[Identity, Finding])
    """Children that another client repeatedly changes, each with the message about it."""


@dataclass(slots=True)
class Outcome:
    """The results of the writes of a plan."""

    plan: Plan
    applied: list[Change] = field(default_factory=list[Change])
    """The changes that the API server has accepted."""
    live: list[Manifest] = field(default_factory=list[Manifest])
    """The objects as the API server returned them."""
    found: list[Manifest] = field(default_factory=list[Manifest])
    """Objects that have the name of a new child, and that the cache does not know because they lack the label."""
    errors: list[Finding] = field(default_factory=list[Finding])
    """Requests that the API server has rejected."""
