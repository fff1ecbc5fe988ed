"""What consumers check our messages with, made of the declaration itself; `python -m exports.niem.publishing` does it.

A JSON Schema (2020-12) for each flavour, which allows what we write and nothing else, and the extension's own schema in
XML Schema, as NIEM wants one of every namespace.
Source: https://json-schema.org/draft/2020-12; NIEM NDR 6.0 §9, extension schema documents
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from exports.niem import CONTEXTS, FLAVOURS, message, terms
from exports.niem.shapes import Field, Json, Leaf, Shape, walk

FOLDER = "schemas"
_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_TITLES: Mapping[str, str] = {"6.0": "NIEM 6.0", "5.2": "NIEM 5.2 and JXDM 7.2"}
_SIX, _FIVE = "https://docs.oasis-open.org/niemopen/ns/", "http://release.niem.gov/niem/"
_UTILITIES: Mapping[str, Mapping[str, str]] = {
    "6.0": {
        "structures": f"{_SIX}model/structures/6.0/",
        "niem-xs": f"{_SIX}model/adapters/niem-xs/6.0/",
        "ct": f"{_SIX}specification/conformanceTargets/6.0/",
        "target": f"{_SIX}specification/NDR/6.0/#ExtensionSchemaDocument",
    },
    "5.2": {
        "structures": f"{_FIVE}structures/5.0/",
        "niem-xs": f"{_FIVE}proxy/niem-xs/5.0/",
        "ct": f"{_FIVE}conformanceTargets/3.0/",
        "target": "http://reference.niem.gov/niem/specification/naming-and-design-rules/5.0/#ExtensionSchemaDocument",
    },
}


def documents() -> Mapping[str, str]:
    """Make every published file anew: its name and its text."""
    return {
        **{f"case-{flavour}.schema.json": json.dumps(schema(flavour), indent=1) + "\n" for flavour in FLAVOURS},
        **{f"case-{flavour}.xsd": extension(flavour) for flavour in FLAVOURS},
    }


@cache
def published(name: str) -> str:
    """Read a file as it is shipped. Raises: FileNotFoundError."""
    return (files("exports.niem") / FOLDER / name).read_text("utf-8")


def schema(flavour: str) -> Json:
    """Make the JSON Schema of messages of one flavour. Raises: KeyError."""
    root = message.ROOT.schema
    prefixes = {prefix: {"const": uri} for prefix, uri in CONTEXTS[flavour].items()}
    context = {"type": "object", "properties": prefixes, "required": list(prefixes), "additionalProperties": False}
    return {
        "$schema": _DIALECT,
        "$id": f"{terms.NAMESPACE}case-{flavour}.schema.json",
        "title": f"A case of Tipline as a message of {_TITLES[flavour]}",
        **root,
        "properties": {"@context": context, **root["properties"]},
        "required": ["@context", *root["required"]],
        "$defs": {shape.name: shape.schema for shape in walk(message.ROOT) if shape is not message.ROOT},
    }


def extension(flavour: str) -> str:
    """Write the schema of our own namespace for one flavour. Raises: KeyError."""
    prefixes = {prefix: uri.removesuffix("#") for prefix, uri in CONTEXTS[flavour].items()}
    utilities = dict(_UTILITIES[flavour])
    target = utilities.pop("target")
    spaces = {**prefixes, **utilities, "xs": "http://www.w3.org/2001/XMLSchema"}
    imported = [uri for prefix, uri in spaces.items() if prefix not in {"tip", "xs", "ct"}]
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<xs:schema targetNamespace="{terms.NAMESPACE}" version="1.0" ct:conformanceTargets="{target}" xml:lang="en"',
        *(f'  xmlns:{prefix}="{uri}"' for prefix, uri in spaces.items()),
        ">",
        *_told("What Tipline says of a case that NIEM has no name for.", 1),
        *(f'  <xs:import namespace="{uri}"/>' for uri in imported),
        *(line for shape in _own_shapes() for line in _type(shape)),
        *(line for line in _elements()),
        "</xs:schema>",
    ]
    return "\n".join(lines) + "\n"


def own_names() -> list[str]:
    """List the names of our own that stand in messages."""
    fields = {field.name for shape in walk(message.ROOT) for field in shape.fields}
    return sorted(name for name in fields if name.startswith(terms.PREFIX))


def model_names() -> list[str]:
    """List the names of the model that stand in messages, and those of the points that we augment."""
    shapes = list(walk(message.ROOT))
    fields = {field.name for shape in shapes for field in shape.fields}
    return sorted(name for name in fields if not name.startswith(terms.PREFIX))


def _own_shapes() -> Iterator[Shape[object]]:
    """Give the shapes that want a type in our namespace: our own, and what we add to the model's."""
    for shape in walk(message.ROOT):
        if shape.augments or shape.name in _own_types():
            yield shape


def _of_ours(shape: Shape[object]) -> list[Field[object]]:
    return [field for field in shape.fields if field.name.startswith(terms.PREFIX)]


def _own_types() -> set[str]:
    """Name the shapes that are types of our own: those that one of our own properties is of."""
    fields = (field for shape in walk(message.ROOT) for field in _of_ours(shape))
    return {field.of.name for field in fields if isinstance(field.of, Shape) and not field.of.xsd}


def _about(shape: Shape[object]) -> str:
    named = (field.name for one in walk(message.ROOT) for field in _of_ours(one) if field.of is shape)
    return terms.DEFINITIONS[next(named)]


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def _type(shape: Shape[object]) -> Iterator[str]:
    ours = shape.name in _own_types()
    name = f"{shape.name}Type" if ours else f"{shape.name}AugmentationType"
    what = _lower(_about(shape)) if ours else f"what Tipline adds by {shape.augments}."
    base = "ObjectType" if ours else "AugmentationType"
    yield f'  <xs:complexType name="{name}">'
    yield from _told(f"A data type: {what}", 2)
    yield f'    <xs:complexContent><xs:extension base="structures:{base}"><xs:sequence>'
    for field in shape.fields if ours else _of_ours(shape):
        most = "unbounded" if field.many else "1"
        least = "1" if field.needed else "0"
        yield f'      <xs:element ref={quoteattr(field.name)} minOccurs="{least}" maxOccurs="{most}"/>'
    yield "    </xs:sequence></xs:extension></xs:complexContent>"
    yield "  </xs:complexType>"


def _elements() -> Iterator[str]:
    known = {field.name: field for shape in walk(message.ROOT) for field in _of_ours(shape)}
    for name in sorted(known):
        of = known[name].of
        kind = of.xsd if isinstance(of, Leaf) or of.xsd else f"tip:{of.name}Type"
        yield from _element(name, kind, terms.DEFINITIONS[name])
    for shape in walk(message.ROOT):
        if shape.augments:
            name = f"tip:{shape.name}Augmentation"
            yield from _element(name, f"{name}Type", "What Tipline says more.", shape.augments)


def _element(name: str, kind: str, about: str, replaces: str = "") -> Iterator[str]:
    group = f' substitutionGroup="{replaces}"' if replaces else ""
    yield f'  <xs:element name="{name.removeprefix(terms.PREFIX)}" type="{kind}"{group}>'
    yield from _told(about, 2)
    yield "  </xs:element>"


def _told(about: str, depth: int) -> Iterator[str]:
    yield f"{'  ' * depth}<xs:annotation><xs:documentation>{escape(about)}</xs:documentation></xs:annotation>"


def main() -> None:
    """Write the published files where they are shipped from."""
    folder = Path(__file__).parent / FOLDER
    folder.mkdir(exist_ok=True)
    for name, text in documents().items():
        (folder / name).write_text(text, "utf-8")


if __name__ == "__main__":
    main()
