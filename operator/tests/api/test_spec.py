"""The spec's models accept what people may write, refuse what they may not, and say why."""

import pytest
from sd_harness.services.live_objects import resource, service
from sd_harness.services.service_specs import ALL_FIELDS, DEMO, INVALID, VALID, InvalidSpec, Spec, with_demo
from sd_operator.api.quantities import quantity, seconds
from sd_operator.api.service import DiarizationService, SpecError
from sd_operator.api.spec import DiarizationServiceSpec


@pytest.mark.parametrize("spec", VALID.values(), ids=VALID)
def test_a_good_spec_is_accepted(spec: Spec) -> None:
    DiarizationServiceSpec.model_validate(spec)


@pytest.mark.parametrize("bad", INVALID.values(), ids=INVALID)
def test_a_bad_spec_is_refused_with_a_sentence(bad: InvalidSpec) -> None:
    with pytest.raises(SpecError, match=r"spec\.") as refused:
        DiarizationService.parse(resource(bad.spec))
    assert bad.model_says in str(refused.value)


def test_every_field_arrives_under_its_own_name() -> None:
    parsed = DiarizationServiceSpec.model_validate(ALL_FIELDS)
    written = parsed.model_dump(by_alias=True, exclude_unset=True)
    written["compute"]["resources"]["requests"]["cpu"] = int(written["compute"]["resources"]["requests"]["cpu"])
    assert written == ALL_FIELDS


def test_a_field_of_a_newer_operator_is_ignored() -> None:
    assert service({**DEMO, "tracing": {"enabled": True}}).spec == service(DEMO).spec


@pytest.mark.parametrize(
    ("text", "value"),
    [("1", 1), ("500m", 0.5), ("1Ki", 1024), ("64Mi", 67108864), ("1.5G", 1.5e9), (3, 3), ("2k", 2000)],
)
def test_a_quantity_is_read_as_kubernetes_reads_it(text: object, value: float) -> None:
    assert float(quantity(text)) == value


@pytest.mark.parametrize("text", ["", "Ki", "1 Gi", "1e3", "-1", "64Mi\n", "٣"])
def test_what_is_no_quantity_is_not_read_as_one(text: str) -> None:
    with pytest.raises(ValueError, match="must be a size"):
        quantity(text)


@pytest.mark.parametrize(
    ("text", "value"), [("4h", 14400), ("90m", 5400), ("1h30m", 5400), ("1h1m1s", 3661), ("5s", 5)]
)
def test_a_duration_is_read_in_seconds(text: str, value: int) -> None:
    assert seconds(text) == value


@pytest.mark.parametrize("text", ["", "4", "h", "1m1h", "4h\n", "-4h", "٤h"])
def test_what_is_no_duration_is_not_read_as_one(text: str) -> None:
    with pytest.raises(ValueError, match="must be a time"):
        seconds(text)


@pytest.mark.parametrize(
    ("image", "accepted"),
    [
        ("nvcr.io/nvidia/tritonserver:26.07-py3", True),
        ("localhost:5000/a/b_c/d--e.f:V1", True),
        ("a" * 513, False),
        ("registry.example/a:", False),
        ("/a", False),
        ("a/B", False),
        ("a\n", False),
    ],
)
def test_an_image_is_named_as_a_registry_names_it(image: str, *, accepted: bool) -> None:
    resource_with_it = resource(with_demo(images={"server": image}))
    if accepted:
        assert DiarizationService.parse(resource_with_it).spec.images.server == image
    else:
        with pytest.raises(SpecError, match=r"spec\.images\.server"):
            DiarizationService.parse(resource_with_it)


@pytest.mark.parametrize(("largest", "sizes"), [(1, [1]), (6, [1, 2, 4]), (16, [1, 2, 4, 8, 16])])
def test_batch_sizes_are_powers_of_two_up_to_the_largest(largest: int, sizes: list[int]) -> None:
    assert service({**DEMO, "serving": {"maxBatchSize": largest}}).spec.serving.batch_sizes() == sizes
