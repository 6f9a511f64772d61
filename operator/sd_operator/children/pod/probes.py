"""The HTTP probes of the containers."""

from typing import NamedTuple

from sd_operator.resources import Manifest


class HttpProbe(NamedTuple):
    """A probe that sends GET `path` every `period_s` and fails after `failure_threshold` failures in a row."""

    path: str
    port: int
    period_s: int
    failure_threshold: int
    timeout_s: int = 5
    grace_period_s: int | None = None
    """Termination grace period of a container that fails the probe; None for that of the pod."""

    def manifest(self) -> Manifest:
        """Return the probe as a container spec contains it."""
        grace = {} if self.grace_period_s is None else {"terminationGracePeriodSeconds": self.grace_period_s}
        return {
            "httpGet": {"path": self.path, "port": self.port},
            "periodSeconds": self.period_s,
            "timeoutSeconds": self.timeout_s,
            "failureThreshold": self.failure_threshold,
            **grace,
        }
