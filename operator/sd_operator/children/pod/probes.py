"""An HTTP probe of a container."""

from typing import NamedTuple

from sd_operator.resources import Manifest


class Probe(NamedTuple):
    """GET `path` every `period_s`; `failures` in a row count as failed."""

    path: str
    port: int
    period_s: int
    failures: int
    timeout_s: int = 5
    grace_s: int | None = None
    """How long a container that fails the probe may take to end; by default as long as the pod may."""

    def manifest(self) -> Manifest:
        """The probe as a container holds it."""
        return {
            "httpGet": {"path": self.path, "port": self.port},
            "periodSeconds": self.period_s,
            "timeoutSeconds": self.timeout_s,
            "failureThreshold": self.failures,
            **({} if self.grace_s is None else {"terminationGracePeriodSeconds": self.grace_s}),
        }
