"""The models accept valid specs, and reject invalid ones with the message of the CRD."""

import pytest
from sd_harness.services.live_objects import resource, service
from sd_harness.services.service_specs import ALL_FIELDS, DEMO, INVALID, VALID, InvalidSpec, Spec
from sd_operator.api.service import DiarizationService, SpecError
from sd_operator.api.spec import DiarizationServiceSpec


@pytest.mark.parametrize("spec", VALID.values(), ids=VALID)
def test_valid_spec_is_accepted(spec: Spec) -> None:
    DiarizationServiceSpec.model_validate(spec)


@pytest.mark.parametrize("invalid", INVALID.values(), ids=INVALID)
def test_invalid_spec_is_rejected_with_a_message(invalid: InvalidSpec) -> None:
    with pytest.raises(SpecError, match=r"spec\.") as error:
        DiarizationService.parse(resource(invalid.spec))
    assert invalid.model_message in str(error.value)


def test_every_field_is_parsed_and_written_under_its_own_name() -> None:
    parsed = DiarizationServiceSpec.model_validate(ALL_FIELDS)
    written = parsed.model_dump(by_alias=True, exclude_unset=True)
    written["compute"]["resources"]["requests"]["cpu"] = int(written["compute"]["resources"]["requests"]["cpu"])
    assert written == ALL_FIELDS


def test_unknown_field_is_ignored() -> None:
    assert service({**DEMO, "tracing": {"enabled": True}}).spec == service(DEMO).spec


def test_defaults_of_the_small_parts() -> None:
    spec = DiarizationServiceSpec.model_validate(DEMO)
    assert (spec.replicas, spec.rollout, spec.autoscaling.mode, spec.autoscaling.target_wait) == (
        1, "Surge", "none", "1m"
    )  # fmt: skip
    assert (spec.monitoring.pod_monitor, spec.monitoring.alerts) == (False, False)
    assert (spec.images.server, spec.images.triton) == (None, None)
