"""Whole services and the children they must have, as files. Run this to write the files anew; then read the diff."""

from pathlib import Path
from typing import Any

import yaml
from live_objects import IMAGES, service
from sd_operator.children import desired
from service_specs import EVERYTHING

TESTS = Path(__file__).parent
EXAMPLES = TESTS.parents[1] / "examples"


class _Plain(yaml.SafeDumper):
    """YAML without anchors, as people write it."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        return True


def specs() -> dict[str, dict[str, Any]]:
    """Spec by the golden file's name."""
    examples = {name: yaml.safe_load((EXAMPLES / f"{name}.yaml").read_text()) for name in ("demo", "gpu")}
    return {name: example["spec"] for name, example in examples.items()} | {"everything": EVERYTHING}


def render(name: str) -> str:
    """The children of one of the services."""
    children = desired(service(specs()[name], name), IMAGES)
    return yaml.dump_all(children, Dumper=_Plain, sort_keys=False, width=120)


def path(name: str) -> Path:
    """Where they are kept."""
    return TESTS / "golden" / f"{name}.yaml"


if __name__ == "__main__":
    for each in specs():
        path(each).write_text(render(each))
