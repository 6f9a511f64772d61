"""The reference page lists the fields and rules of the CRD, and its example is valid."""

import re
from pathlib import Path

import pytest
import yaml
from sd_harness.services.live_objects import service
from sd_harness.services.service_specs import DEMO
from sd_operator.api import reference

REPOSITORY = Path(__file__).parents[3]
COMMITTED = REPOSITORY / "docs" / "resource.md"
PAGE = COMMITTED.read_text()


def test_committed_page_is_up_to_date() -> None:
    assert reference.render() == PAGE, "run tools/generate"


@pytest.mark.parametrize(
    "row",
    [
        "| `replicas` | integer, 0 to 1000 | `1` |",
        "| `maxRequestBytes` | quantity | `64Mi` |",
        "| `nodePorts.engineMetrics` | integer, 1 to 65535 |  |",
        "| `allowFrom[].podLabels` | map to string, at most 16 entries |  |",
        "| `host` | string | required |",
        "| `grpc` | boolean | `true` |",
        "| `mode` | `none`, `hpa`, `keda`, `external` | `none` |",
    ],
)
def test_row_has_type_and_default(row: str) -> None:
    assert row in PAGE


def test_rules_are_listed_in_the_section_of_their_object() -> None:
    section = PAGE.partition("## `spec.serving`")[2].partition("##")[0]
    assert "- preferredBatchSizes must not be larger than maxBatchSize\n" in section
    assert "- `maxAudioDuration`, `maxQueuedAudio`: must be a duration above zero" in section


def test_links_have_targets() -> None:
    targets = re.findall(r"\]\(([^)]+)\)", PAGE)
    headings = {"#" + heading.replace(".", "").lower() for heading in re.findall(r"^## `(.+)`$", PAGE, re.MULTILINE)}
    assert len(targets) > 10
    assert [each for each in targets if each not in headings and not (COMMITTED.parent / each).exists()] == []


def test_example_is_the_smallest_service() -> None:
    [block] = re.findall(r"```yaml\n(.+?)```", PAGE, re.DOTALL)
    assert service(yaml.safe_load(block)["spec"]).spec == service(DEMO).spec
