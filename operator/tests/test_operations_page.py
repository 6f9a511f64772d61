"""The page about running the operator names every metric and every setting, and no others."""

import inspect
import re
from pathlib import Path

from sd_model_store import errors
from sd_operator.api.reason import Reason, descriptions
from sd_operator.kube.cache import Cache
from sd_operator.metrics import Metrics
from sd_operator.reconcile.status import CONDITION_TYPES
from sd_operator.service_metrics import ServiceCollector
from sd_operator.settings import Settings

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "operations.md").read_text()
REFERENCE = (DOCS / "resource.md").read_text()


def test_every_metric_has_a_line() -> None:
    metrics = Metrics()
    metrics.add(ServiceCollector(Cache()))
    served = set(re.findall(r"^# TYPE (\S+) (?:counter|gauge|histogram)$", metrics.render().decode(), re.MULTILINE))
    served = {name for name in served if not name.endswith("_created")}
    written = set(re.findall(r"^\| `(\w+)` \| (?:counter|gauge|histogram) \|", PAGE, re.MULTILINE))
    assert written == {name for name in served if not name.startswith("process_")}


def test_the_reference_has_one_row_with_meaning_and_remedy_for_every_reason() -> None:
    section = REFERENCE.partition("## Condition reasons")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \| (.+) \|$", section, re.MULTILINE)
    assert rows == [(reason.value, description) for reason, description in descriptions().items()]
    assert all(meaning.endswith(".") for _, meaning in rows)


def test_every_reason_of_a_model_job_is_a_condition_reason() -> None:
    of_jobs = {reason for each in vars(errors).values() if (reason := getattr(each, "reason", None))}
    assert of_jobs
    assert of_jobs <= {reason.value for reason in Reason}


def test_the_page_names_no_unknown_reason_and_refers_to_the_reference() -> None:
    section = PAGE.partition("## Status of a service")[2].partition("\n## ")[0]
    named = set(re.findall(r"`([A-Z]\w+)`", section)) - set(CONDITION_TYPES)
    assert named <= {reason.value for reason in Reason}
    assert "(resource.md#condition-reasons)" in section


def test_every_setting_has_a_line() -> None:
    read = set(re.findall(r'"(SD_\w+)"', inspect.getsource(Settings)))
    assert set(re.findall(r"^\| `(SD_\w+)` \|", PAGE, re.MULTILINE)) == read
