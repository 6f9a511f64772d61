"""A rule on a part of the spec: once as CEL for the API server, once as Python for the operator, one sentence for both."""

from collections.abc import Callable
from typing import Any, ClassVar, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler, model_validator
from pydantic.alias_generators import to_camel
from pydantic_core import CoreSchema


class Rule(NamedTuple):
    """What must hold for one object of the spec.

    `holds` says in Python what `cel` says in CEL; the table of examples in the tests is run against both.
    """

    message: str
    cel: str
    holds: Callable[[Any], bool]


class Part(BaseModel):
    """One object of the spec. Fields of a newer operator's CRD are ignored, so that an older one still works."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        populate_by_name=True,
        extra="ignore",
        frozen=True,
        use_attribute_docstrings=True,
    )
    rules: ClassVar[tuple[Rule, ...]] = ()

    @model_validator(mode="after")
    def _rules_hold(self) -> Self:
        broken = [rule.message for rule in self.rules if not rule.holds(self)]
        if broken:
            raise ValueError("; ".join(broken))
        return self

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """The model's JSON schema with its rules as CEL."""
        schema = handler.resolve_ref_schema(handler(core_schema))
        if cls.rules:
            schema["x-kubernetes-validations"] = [{"rule": rule.cel, "message": rule.message} for rule in cls.rules]
        return schema
