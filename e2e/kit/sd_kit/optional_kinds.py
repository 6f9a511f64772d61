"""CustomResourceDefinitions of the optional kinds (PodMonitor, ScaledObject, …), from their projects' Go modules.

`python -m sd_kit.optional_kinds` prints the paths of their files, one per line.
"""

from pathlib import Path

from sd_kit.offline import go_build

PROMETHEUS_OPERATOR = "v0.85.0"
KEDA = "v2.21.0"

DEFINITIONS: dict[str, tuple[str, ...]] = {
    f"github.com/prometheus-operator/prometheus-operator@{PROMETHEUS_OPERATOR}": (
        "example/prometheus-operator-crd/monitoring.coreos.com_podmonitors.yaml",
        "example/prometheus-operator-crd/monitoring.coreos.com_prometheusrules.yaml",
    ),
    f"github.com/kedacore/keda/v2@{KEDA}": ("config/crd/bases/keda.sh_scaledobjects.yaml",),
}
"""CRD files by Go module."""


def files() -> list[Path]:
    """Return one file per kind; download the modules if they are missing."""
    return [go_build.module_source(module) / name for module, names in DEFINITIONS.items() for name in names]


if __name__ == "__main__":
    for path in files():
        print(path)
