"""The spec's models accept what people may write, refuse what they may not, and say why."""

import pytest
from live_objects import resource, service
from sd_operator.api.amounts import quantity, seconds
from sd_operator.api.models import DiarizationServiceSpec
from sd_operator.api.service import DiarizationService, SpecError
from service_specs import BAD, DEMO, EVERYTHING, GOOD, Bad, Spec


@pytest.mark.parametrize("spec", GOOD.values(), ids=GOOD)
def test_a_good_spec_is_accepted(spec: Spec) -> None:
    DiarizationServiceSpec.model_validate(spec)


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_a_bad_spec_is_refused_with_a_sentence(bad: Bad) -> None:
    with pytest.raises(SpecError, match=r"spec\.") as refused:
        DiarizationService.parse(resource(bad.spec))
    assert bad.model_says in str(refused.value)


def test_every_field_arrives_under_its_own_name() -> None:
    parsed = DiarizationServiceSpec.model_validate(EVERYTHING)
    written = parsed.model_dump(by_alias=True, exclude_unset=True)
    written["compute"]["resources"]["requests"]["cpu"] = int(written["compute"]["resources"]["requests"]["cpu"])
    assert written == EVERYTHING


def test_a_field_of_a_newer_operator_is_ignored() -> None:
    assert service({**DEMO, "monitoring": {"alerts": True}}).spec == service(DEMO).spec


@pytest.mark.parametrize(
    ("text", "value"),
    [("1", 1), ("500m", 0.5), ("1Ki", 1024), ("64Mi", 67108864), ("1.5G", 1.5e9), (3, 3), ("2k", 2000)],
)
def test_a_quantity_is_read_as_kubernetes_reads_it(text: object, value: float) -> None:
    assert float(quantity(text)) == value


@pytest.mark.parametrize(
    ("text", "value"), [("4h", 14400), ("90m", 5400), ("1h30m", 5400), ("1h1m1s", 3661), ("5s", 5)]
)
def test_a_duration_is_read_in_seconds(text: str, value: int) -> None:
    assert seconds(text) == value


@pytest.mark.parametrize(("largest", "sizes"), [(1, [1]), (6, [1, 2, 4]), (16, [1, 2, 4, 8, 16])])
def test_batch_sizes_are_powers_of_two_up_to_the_largest(largest: int, sizes: list[int]) -> None:
    assert service({**DEMO, "serving": {"maxBatchSize": largest}}).spec.serving.batch_sizes() == sizes
