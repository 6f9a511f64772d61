"""The CustomResourceDefinitions of the kinds that a cluster may or may not have, from their own projects' modules.

`python -m sd_kit.optional_kinds` prints their files' paths, one a line.
"""

from pathlib import Path

from sd_kit import gobuild

PROMETHEUS_OPERATOR = "v0.85.0"
KEDA = "v2.21.0"

DEFINITIONS: dict[str, tuple[str, ...]] = {
    f"github.com/prometheus-operator/prometheus-operator@{PROMETHEUS_OPERATOR}": (
        "example/prometheus-operator-crd/monitoring.coreos.com_podmonitors.yaml",
        "example/prometheus-operator-crd/monitoring.coreos.com_prometheusrules.yaml",
    ),
    f"github.com/kedacore/keda/v2@{KEDA}": ("config/crd/bases/keda.sh_scaledobjects.yaml",),
}
"""Files by the module that they are in."""


def files() -> list[Path]:
    """One file for each kind; the modules are downloaded once, and nothing of them is built."""
    return [gobuild.module_source(module) / name for module, names in DEFINITIONS.items() for name in names]


if __name__ == "__main__":
    for path in files():
        print(path)
