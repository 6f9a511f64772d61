"""A rule on a part of the spec: as CEL for the API server, as Python for the operator, one sentence for both."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler, JsonValue, model_validator
from pydantic.alias_generators import to_camel
from pydantic_core import CoreSchema


@dataclass(frozen=True, slots=True)
class Rule:
    """What must hold for one object of the spec.

    `holds` says in Python what `cel` says in CEL; the tests' table of examples is run against both. CEL has to bear
    with fields that are missing, also where they have a default: an object whose own default is `{}` is checked empty.
    It has to bear with values that are wrong by themselves, too: their own rule says so, and an error of this one would
    be a second sentence that nobody understands.
    """

    message: str
    cel: str
    holds: Callable[[Any], bool]


def rule(message: str, *, cel: str) -> Callable[[Callable[[Any], bool]], Rule]:
    """Makes a method of a `SpecPart` one of its rules."""
    return lambda holds: Rule(message, cel, holds)


def map_by(*fields: str) -> dict[str, JsonValue]:
    """Schema of a list whose items are told apart by some fields: two who apply it each keep their own items."""
    return {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": [*fields]}


class SpecPart(BaseModel):
    """One object of the spec. Fields of a newer operator's CRD are ignored, so that an older one still works."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        populate_by_name=True,
        extra="ignore",
        frozen=True,
        ignored_types=(Rule,),
        use_attribute_docstrings=True,
    )

    @classmethod
    def rules(cls) -> list[Rule]:
        """The part's rules, in the order they are written down."""
        return [value for value in vars(cls).values() if isinstance(value, Rule)]

    @model_validator(mode="after")
    def _rules_hold(self) -> Self:
        broken = [rule.message for rule in self.rules() if not rule.holds(self)]
        if broken:
            raise ValueError("; ".join(broken))
        return self

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """The model's JSON schema with its rules as CEL."""
        schema = handler.resolve_ref_schema(handler(core_schema))
        if rules := cls.rules():
            schema["x-kubernetes-validations"] = [{"rule": rule.cel, "message": rule.message} for rule in rules]
        return schema
