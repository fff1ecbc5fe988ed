"""Shapes: one declaration of an object says how it is written, what its JSON Schema is and which names stand in it.

So neither the schema nor the list of names can say anything else than what is written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from exports.niem.terms import DEFINITIONS
from gateway.core.times import iso

T = TypeVar("T")
Json = dict[str, Any]


@dataclass(frozen=True)
class Leaf:
    """A plain value: its JSON Schema, its type in XML Schema, and how it is written."""

    schema: Mapping[str, Any]
    xsd: str
    write: Callable[[Any], str | int | float | bool] = str


TEXT = Leaf({"type": "string"}, "nc:TextType")
STRING = Leaf({"type": "string"}, "niem-xs:string")
FLAG = Leaf({"type": "boolean"}, "niem-xs:boolean", bool)
COUNT = Leaf({"type": "integer", "minimum": 1}, "niem-xs:integer", int)
KILOBYTES = Leaf({"type": "number", "minimum": 0}, "nc:NonNegativeDecimalType", float)
MOMENT = Leaf(
    {"type": "string", "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$"},
    "niem-xs:dateTime", iso,
)  # fmt: skip
DURATION = Leaf({"type": "string", "pattern": "^PT[1-9][0-9]*M$"}, "niem-xs:duration")


def one_of(codes: Iterable[str]) -> Leaf:
    """Make a leaf of a code list of the model's own."""
    return Leaf({"enum": sorted(codes)}, "niem-xs:token")


@dataclass(frozen=True)
class Field(Generic[T]):
    """One property of an object. `take` finds its value; None, or an empty tuple of many, leaves it out.

    With `many` a list is written always, of one too.
    """

    name: str
    of: Leaf | Shape[Any]
    take: Callable[[T], Any]
    many: bool = False
    needed: bool = False

    def write(self, value: T) -> Any:
        """Write the value of this property; None when there is none."""
        found = self.take(value)
        if found is None or (self.many and not found):
            return None
        return [_write(self.of, one) for one in found] if self.many else _write(self.of, found)

    @property
    def schema(self) -> Json:
        """Say in JSON Schema what it may be."""
        one: Json = dict(self.of.schema) if isinstance(self.of, Leaf) else {"$ref": f"#/$defs/{self.of.name}"}
        if self.name in DEFINITIONS:
            one["description"] = DEFINITIONS[self.name]
        return {"type": "array", "items": one, "minItems": 1} if self.many else one


@dataclass(frozen=True)
class Shape(Generic[T]):
    """An object. `iri` names it, for others to refer to; `augments` is the model's point that our own fields join."""

    name: str
    fields: tuple[Field[T], ...]
    iri: Callable[[T], str] | None = None
    augments: str = ""
    xsd: str = ""
    """The model's type, where one of our own properties is of it; a shape with neither is a type of our own."""

    def write(self, value: T) -> Json:
        """Write an object of this shape."""
        written = {field.name: field.write(value) for field in self.fields}
        found = {name: content for name, content in written.items() if content is not None}
        return {"@id": self.iri(value), **found} if self.iri else found

    @property
    def schema(self) -> Json:
        """Say in JSON Schema what stands in it; nothing else may."""
        properties: Json = {"@id": {"type": "string", "format": "uri"}} if self.iri else {}
        properties |= {field.name: field.schema for field in self.fields}
        needed = [*(["@id"] if self.iri else []), *(field.name for field in self.fields if field.needed)]
        said: Json = {"type": "object", "additionalProperties": False, "properties": properties}
        return {**said, "required": needed} if needed else said


def walk(shape: Shape[Any]) -> Iterator[Shape[Any]]:
    """Give a shape and all below it, each once."""
    seen: dict[str, Shape[Any]] = {}
    waiting: list[Shape[Any]] = [shape]
    while waiting:
        one = waiting.pop(0)
        if one.name not in seen:
            seen[one.name] = one
            waiting += [field.of for field in one.fields if isinstance(field.of, Shape)]
    yield from seen.values()


def _write(of: Leaf | Shape[Any], value: Any) -> Any:
    return of.write(value)
