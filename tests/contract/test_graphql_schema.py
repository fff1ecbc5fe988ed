"""The GraphQL schema is a promise to other systems: it changes only on purpose, and never grows a reporter's address.

After a change on purpose: `.venv/bin/python -m tests.contract.test_graphql_schema > tests/contract/schema.graphql`
"""

import re
from pathlib import Path

from graphql import build_schema, is_input_object_type, is_interface_type, is_object_type, validate_schema

from responders.schema import build

SNAPSHOT = Path(__file__).parent / "schema.graphql"
TELLTALE = {
    "address",
    "agent",
    "from",
    "index",
    "ip",
    "number",
    "phone",
    "provider",
    "sealed",
    "sender",
    "sid",
    "token",
}
HARMLESS = {"Case.number", "Query.case(number)"}
"""What people call a case, e.g. 2026-0012."""


def test_schema_is_the_one_that_was_promised() -> None:
    assert build().as_str() + "\n" == SNAPSHOT.read_text("utf-8")


def test_schema_is_sound_without_what_june_2018_lacks() -> None:
    text = SNAPSHOT.read_text("utf-8")
    assert validate_schema(build_schema(text)) == []
    assert not re.search(r"@specifiedBy|@oneOf|repeatable|implements \w+ &", text)


def test_schema_has_no_field_for_who_reported() -> None:
    found = {name for name in _fields() if TELLTALE & set(_words(name))}
    assert found == HARMLESS


def _words(name: str) -> list[str]:
    return [word.lower() for word in re.findall("[A-Z]?[a-z]+", name)]


def _fields() -> set[str]:
    names = set()
    for name, kind in build_schema(SNAPSHOT.read_text("utf-8")).type_map.items():
        if name.startswith("__") or not (is_object_type(kind) or is_interface_type(kind) or is_input_object_type(kind)):
            continue
        for field_name, field in kind.fields.items():
            names.add(f"{name}.{field_name}")
            names |= {f"{name}.{field_name}({argument})" for argument in getattr(field, "args", {})}
    return names


if __name__ == "__main__":
    print(build().as_str())
