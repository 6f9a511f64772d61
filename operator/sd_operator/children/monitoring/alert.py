"""One alert: when it fires, how grave it is, and what it says to the person who must act."""

from typing import Literal, NamedTuple

from sd_operator.api.service import DiarizationService
from sd_operator.resources import Manifest


class Alert(NamedTuple):
    """Fires when `expr` has had a result for as long as `lasting`."""

    name: str
    severity: Literal["critical", "warning"]
    """critical: callers get no answers. warning: they will, or they wait."""
    lasting: str
    expr: str
    summary: str
    description: str

    def rule(self, service: DiarizationService, runbooks_url: str) -> Manifest:
        """The alert as Prometheus reads it; its labels say which service it is about."""
        return {
            "alert": self.name,
            "expr": self.expr,
            "for": self.lasting,
            "labels": {"severity": self.severity, "namespace": service.namespace, "service": service.name},
            "annotations": {
                "summary": self.summary,
                "description": self.description,
                "runbook_url": f"{runbooks_url}/{self.name.lower()}.md",
            },
        }
