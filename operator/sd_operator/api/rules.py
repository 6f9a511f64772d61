"""The base class of the objects of the spec, and validation rules in CEL (API server) and Python (operator)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler, JsonValue, model_validator
from pydantic.alias_generators import to_camel
from pydantic_core import CoreSchema


@dataclass(frozen=True, slots=True)
class Rule:
    """A constraint on one object of the spec, with one message for both languages.

    `holds` is the Python form of `cel`; tests evaluate both with the same table of specs. The CEL must handle missing
    fields, also those with a default, because an object whose own default is `{}` is validated empty. It must also
    handle values that violate the rule of their own field, because an evaluation error would add a second message that
    does not help the user.
    """

    message: str
    cel: str
    holds: Callable[[Any], bool]


def rule(message: str, *, cel: str) -> Callable[[Callable[[Any], bool]], Rule]:
    """Decorate a method of a `SpecPart` as one of its rules."""
    return lambda holds: Rule(message, cel, holds)


def list_map(*keys: str) -> dict[str, JsonValue]:
    """Return the schema of a list whose items are identified by keys, so that several appliers own separate items."""
    return {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": [*keys]}


class SpecPart(BaseModel):
    """One object of the spec. Unknown fields are ignored, so that an older operator works with a newer CRD."""

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
        """Return the rules of the object in the order of their definition."""
        return [value for value in vars(cls).values() if isinstance(value, Rule)]

    @model_validator(mode="after")
    def _rules_hold(self) -> Self:
        violated = [rule.message for rule in self.rules() if not rule.holds(self)]
        if violated:
            raise ValueError("; ".join(violated))
        return self

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Return the model's JSON schema with its rules as CEL."""
        schema = handler.resolve_ref_schema(handler(core_schema))
        if rules := cls.rules():
            schema["x-kubernetes-validations"] = [{"rule": rule.cel, "message": rule.message} for rule in rules]
        return schema
