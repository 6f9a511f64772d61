"""The API server refuses what a person got wrong, in plain words, and takes the rest."""

from pathlib import Path

import pytest
import yaml
from control_plane import REPOSITORY, ControlPlane, Manifest
from golden_services import render, specs
from operator_bench import diarization_service
from service_specs import BAD, DEMO, GOOD, ONLY_THE_API_SERVER_REFUSES, Bad, Spec

REFUSED = BAD | ONLY_THE_API_SERVER_REFUSES
EXAMPLES = sorted((REPOSITORY / "examples").glob("*.yaml"))


def manifest(spec: Spec, name: str = "demo") -> Manifest:
    """A DiarizationService that is only looked at."""
    return diarization_service(spec, {"name": name})


def dry_run(plane: ControlPlane, *manifests: Manifest) -> str:
    """What kubectl prints when the API server is asked and nothing is kept; empty where it is accepted."""
    arguments = ("apply", "--dry-run=server", "--validate=strict", "-f", "-")
    return plane.kubectl(*arguments, stdin=yaml.safe_dump_all(manifests), check=False).stderr


def test_every_good_spec_is_accepted(plane: ControlPlane) -> None:
    names = (f"good-{number}" for number in range(len(GOOD)))
    assert dry_run(plane, *map(manifest, GOOD.values(), names)) == ""


@pytest.mark.parametrize("bad", REFUSED.values(), ids=REFUSED)
def test_a_bad_spec_is_refused_with_the_sentence_of_the_crd(plane: ControlPlane, bad: Bad) -> None:
    assert bad.api_says in dry_run(plane, manifest(bad.spec))


@pytest.mark.parametrize("name", ["9th", "a.b", "a" * 41, "a-"])
def test_a_name_that_children_could_not_have_is_refused(plane: ControlPlane, name: str) -> None:
    refusal = dry_run(plane, manifest(DEMO, name))
    assert "the name of a DiarizationService has at most 40 characters" in refusal or "RFC 1123" in refusal


def test_the_longest_name_is_accepted(plane: ControlPlane) -> None:
    assert dry_run(plane, manifest(DEMO, "a" * 40)) == ""


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_example_is_accepted(plane: ControlPlane, path: Path) -> None:
    assert dry_run(plane, *yaml.safe_load_all(path.read_text())) == ""


@pytest.mark.parametrize("name", specs())
def test_every_golden_child_is_accepted_in_strict_validation(plane: ControlPlane, name: str) -> None:
    assert dry_run(plane, *yaml.safe_load_all(render(name))) == ""


def test_every_field_is_explained(plane: ControlPlane) -> None:
    page = plane.kubectl("explain", "diar.spec.serving.maxRequestBytes").stdout
    assert "Size of the largest recording that is accepted" in page
