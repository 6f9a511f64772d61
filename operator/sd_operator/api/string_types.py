"""Constrained strings and map keys: one constraint as CEL for the API server and as Python for the operator."""

import re
from dataclasses import dataclass
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema


@dataclass(frozen=True, slots=True)
class StringPattern:
    """A string of `min_length` to `max_length` characters that matches `pattern` as a whole.

    The pattern must have the same meaning in Python and in RE2: no backslashes and no look-around. The message says
    what a valid string is.
    """

    pattern: str
    message: str
    max_length: int
    min_length: int = 1

    def __get_pydantic_core_schema__(self, source: type[str], handler: GetCoreSchemaHandler) -> CoreSchema:
        """Return a schema that validates the string."""
        string = core_schema.str_schema(min_length=self.min_length, max_length=self.max_length)
        return core_schema.no_info_after_validator_function(self._validated, string)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Return the string's schema for the CRD."""
        rule = {"rule": f"self.matches('^({self.pattern})$')", "message": self.message}
        min_length = {"minLength": self.min_length} if self.min_length else {}
        return {"type": "string", **min_length, "maxLength": self.max_length, "x-kubernetes-validations": [rule]}

    def _validated(self, text: str) -> str:
        if not re.fullmatch(self.pattern, text):
            raise ValueError(self.message)
        return text


@dataclass(frozen=True, slots=True)
class MapKeys:
    """A map of at most `max_entries` entries whose keys match `pattern` and start with no reserved prefix."""

    pattern: str
    message: str
    max_entries: int
    max_key_length: int = 253
    reserved_prefixes: tuple[str, ...] = ()

    def __get_pydantic_core_schema__(self, source: type[dict[str, str]], handler: GetCoreSchemaHandler) -> CoreSchema:
        """Return a schema that validates the map."""
        return core_schema.no_info_after_validator_function(self._validated, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Return the map's schema for the CRD; the keys of a map have no schema of their own there."""
        not_reserved = "".join(f" && !key.startsWith('{prefix}')" for prefix in self.reserved_prefixes)
        rule = f"self.all(key, key.size() <= {self.max_key_length} && key.matches('^({self.pattern})$'){not_reserved})"
        rules = {"x-kubernetes-validations": [{"rule": rule, "message": self.message}]}
        return handler(schema) | {"maxProperties": self.max_entries} | rules

    def _validated(self, entries: dict[str, str]) -> dict[str, str]:
        if len(entries) > self.max_entries:
            raise ValueError(f"must have at most {self.max_entries} entries")
        if not all(self._is_valid(key) for key in entries):
            raise ValueError(self.message)
        return entries

    def _is_valid(self, key: str) -> bool:
        matches = re.fullmatch(self.pattern, key) is not None
        return matches and len(key) <= self.max_key_length and not key.startswith(self.reserved_prefixes)
