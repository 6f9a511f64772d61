"""The page about running the operator names every metric and every setting, and no others."""

import inspect
import re
from pathlib import Path

from sd_model_store import errors
from sd_operator.kube.cache import Cache
from sd_operator.metrics import Metrics
from sd_operator.reconcile import status
from sd_operator.service_metrics import ServiceGauges
from sd_operator.settings import Settings

PAGE = (Path(__file__).parents[2] / "docs" / "operations.md").read_text()


def test_every_metric_has_a_line() -> None:
    metrics = Metrics()
    metrics.add(ServiceGauges(Cache()))
    served = set(re.findall(r"^# TYPE (\S+) (?:counter|gauge|histogram)$", metrics.render().decode(), re.MULTILINE))
    served = {name for name in served if not name.endswith("_created")}
    written = set(re.findall(r"^\| `(\w+)` \| (?:counter|gauge|histogram) \|", PAGE, re.MULTILINE))
    assert written == {name for name in served if not name.startswith("process_")}


def test_every_reason_has_a_line_and_no_other_has() -> None:
    folder = Path(inspect.getfile(status)).parent
    source = "".join(each.read_text() for each in sorted(folder.glob("*.py")))
    words, given = re.findall(r'"([A-Z]\w+)"', source), re.findall(r'(?:Cause\(\s*|reason=)"(\w+)"', source)
    part = PAGE.partition("## What a service says")[2].partition("\n## ")[0]
    written = set(re.findall(r"`(\w+)`", "".join(re.findall(r"^\|(?: `\w+`,?)+ \|", part, re.MULTILINE))))
    brought = {reason for each in vars(errors).values() if (reason := getattr(each, "reason", None))}
    assert written <= {*words, *brought}
    assert {*given, *brought} <= written


def test_every_setting_has_a_line() -> None:
    read = set(re.findall(r'"(SD_\w+)"', inspect.getsource(Settings)))
    assert set(re.findall(r"^\| `(SD_\w+)` \|", PAGE, re.MULTILINE)) == read
