"""Text and maps with a rule in plain words: checked by the API server as CEL, and here in Python."""

import re
from dataclasses import dataclass
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema


@dataclass(frozen=True, slots=True)
class Text:
    """A string of `shortest` to `longest` characters that matches `pattern` as a whole; `message` says what is right.

    The pattern means the same to Python and to RE2: no backslashes, no look-around.
    """

    pattern: str
    message: str
    longest: int
    shortest: int = 1

    def __get_pydantic_core_schema__(self, source: type[str], handler: GetCoreSchemaHandler) -> CoreSchema:
        """The string, checked."""
        plain = core_schema.str_schema(min_length=self.shortest, max_length=self.longest)
        return core_schema.no_info_after_validator_function(self._checked, plain)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """The string for a CRD."""
        rule = {"rule": f"self.matches('^({self.pattern})$')", "message": self.message}
        shortest = {"minLength": self.shortest} if self.shortest else {}
        return {"type": "string", **shortest, "maxLength": self.longest, "x-kubernetes-validations": [rule]}

    def _checked(self, text: str) -> str:
        if not re.fullmatch(self.pattern, text):
            raise ValueError(self.message)
        return text


@dataclass(frozen=True, slots=True)
class Keys:
    """A map of at most `most` entries whose keys match `pattern` and begin with none of `reserved`."""

    pattern: str
    message: str
    most: int
    longest: int = 253
    reserved: tuple[str, ...] = ()

    def __get_pydantic_core_schema__(self, source: type[dict[str, str]], handler: GetCoreSchemaHandler) -> CoreSchema:
        """The map, checked."""
        return core_schema.no_info_after_validator_function(self._checked, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """The map for a CRD, where keys have no schema of their own."""
        not_reserved = "".join(f" && !key.startsWith('{prefix}')" for prefix in self.reserved)
        rule = f"self.all(key, key.size() <= {self.longest} && key.matches('^({self.pattern})$'){not_reserved})"
        bounds = {"maxProperties": self.most, "x-kubernetes-validations": [{"rule": rule, "message": self.message}]}
        return handler(schema) | bounds

    def _checked(self, entries: dict[str, str]) -> dict[str, str]:
        if len(entries) > self.most:
            raise ValueError(f"must have at most {self.most} entries")
        if not all(self._holds(key) for key in entries):
            raise ValueError(self.message)
        return entries

    def _holds(self, key: str) -> bool:
        matches = re.fullmatch(self.pattern, key) is not None
        return matches and len(key) <= self.longest and not key.startswith(self.reserved)
