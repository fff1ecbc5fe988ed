"""What is granted in a live PostgreSQL and what the table says: equal, or somebody changed one of them."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import text
from sqlalchemy.orm import Session

from gateway.front.roles.granting import name_of, tables
from gateway.front.roles.rights import columns
from gateway.front.roles.table import ROLES, SEQUENCES, TABLE

Right = tuple[str, str, str]
"""Role, kind, and what it is on: `messages.id`, `messages` or a sequence."""

_COLUMNS = """
SELECT r.rolname, p.kind, c.relname || '.' || a.attname
FROM pg_roles r, pg_class c JOIN pg_attribute a ON a.attrelid = c.oid,
     unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'REFERENCES']) AS p(kind)
WHERE r.rolname = ANY(:names) AND c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'v', 'm', 'p')
  AND a.attnum > 0 AND NOT a.attisdropped AND has_column_privilege(r.oid, c.oid, a.attnum, p.kind)
"""
_TABLES = """
SELECT r.rolname, p.kind, c.relname
FROM pg_roles r, pg_class c, unnest(ARRAY['DELETE', 'TRUNCATE', 'TRIGGER']) AS p(kind)
WHERE r.rolname = ANY(:names) AND c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'v', 'm', 'p')
  AND has_table_privilege(r.oid, c.oid, p.kind)
"""
_SEQUENCES = """
SELECT r.rolname, p.kind, c.relname FROM pg_roles r, pg_class c, unnest(ARRAY['USAGE', 'SELECT', 'UPDATE']) AS p(kind)
WHERE r.rolname = ANY(:names) AND c.relnamespace = 'public'::regnamespace AND c.relkind = 'S'
  AND has_sequence_privilege(r.oid, c.oid, p.kind)
"""
_MORE = """
SELECT rolname, 'ATTRIBUTE', 'superuser, or may make roles or databases, or passes row security' FROM pg_roles
WHERE rolname = ANY(:names) AND (rolsuper OR rolcreaterole OR rolcreatedb OR rolbypassrls OR rolreplication)
UNION ALL
SELECT rolname, 'CREATE', 'public' FROM pg_roles
WHERE rolname = ANY(:names) AND has_schema_privilege(oid, 'public', 'CREATE')
"""


def granted(session: Session) -> set[Right]:
    """Read what each role may do in the database, in whatever way it came to it."""
    names = {"names": list(map(name_of, ROLES))}
    queries = (_COLUMNS, _TABLES, _SEQUENCES, _MORE)
    return {(role, kind, on) for query in queries for role, kind, on in session.execute(text(query), names)}


def declared() -> set[Right]:
    """List what the table says, right by right."""
    return set(_declared())


def differences(session: Session) -> list[str]:
    """Say what is granted beyond the table, and what of the table is not."""
    live, said = granted(session), declared()
    beyond = (f"beyond: {' '.join(one)}" for one in live - said)
    return sorted([*beyond, *(f"lacks: {' '.join(one)}" for one in said - live)])


def _declared() -> Iterator[Right]:
    for table, there in tables().items():
        for role, may in TABLE.get(table, {}).items():
            named = {"SELECT": may.read, "UPDATE": may.change, "INSERT": "*" if may.add else ""}
            for kind, said in named.items():
                yield from ((name_of(role), kind, f"{table}.{column}") for column in columns(said, there))
            if may.delete:
                yield name_of(role), "DELETE", table
    for sequence, of_roles in SEQUENCES.items():
        yield from ((name_of(role), kind, sequence) for role, kinds in of_roles.items() for kind in kinds)
