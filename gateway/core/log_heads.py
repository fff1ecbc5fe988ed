"""What is signed of the event log: digests of events, a tree over each batch of them, and a chain of signed heads.

    digest = SHA-256 of the event's canonical JSON, every column of it
    entry  = [seq, id, digest]         a batch's list of entries lies beside its head, to tell *where* it was changed
    leaf   = SHA-256(00 | canonical entry), node = SHA-256(01 | left | right)        Source: RFC 9162 §2.1.1
    head   = number, hash of the previous head, the seqs it spans, count, root of the tree, time, key id
    signed = Ed25519 over "tipline/log-head/1 " and the head's bytes

A head spans every seq above `after_seq` up to `last_seq`: an event in that span which the tree lacks was put in later.
Canonical JSON is RFC 8785 for what events hold: strings, whole numbers, truth values, lists and objects.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from sqlalchemy import ColumnElement, LargeBinary, Text, cast, extract, select
from sqlalchemy.orm import Session

from gateway.core.errors import KeyRefused
from gateway.core.records import Event

PublicKeys = Mapping[str, Ed25519PublicKey]
GENESIS = "0" * 64
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CONTEXT = b"tipline/log-head/1 "
_COLUMNS = ("id", "district_id", "type", "subject", "actor", "at", "data")


@dataclass(frozen=True)
class Entry:
    """One event in a batch: `digest` is 64 hex digits."""

    seq: int
    id: str
    digest: str


class Chained:
    """What is signed and chained: a dataclass whose fields are its JSON."""

    def encode(self) -> bytes:
        """Write the bytes that are signed and chained."""
        return canonical(vars(self))

    @property
    def hash(self) -> str:
        """Name this: what the next one points back to."""
        return hashlib.sha256(self.encode()).hexdigest()


@dataclass(frozen=True)
class Head(Chained):
    """The head of a batch, as it was signed. `at` is ISO 8601, `previous` and `root` are 64 hex digits."""

    number: int
    previous: str
    after_seq: int
    last_seq: int
    count: int
    root: str
    at: str
    key: str


@dataclass(frozen=True)
class Signed:
    """A head's bytes and their signature: what is stored, and what is anchored outside."""

    head: bytes
    signature: bytes

    def to_json(self) -> dict[str, str]:
        """Render it for an anchor. It holds no event, only a count, a time and hashes."""
        return {"head": self.head.decode(), "signature": base64.b64encode(self.signature).decode()}


def sign(key: Ed25519PrivateKey, head: Head) -> Signed:
    """Sign a head."""
    return Signed(head.encode(), key.sign(_CONTEXT + head.encode()))


def opened(signed: Signed, keys: PublicKeys) -> Head:
    """Verify a signed head. Raises: KeyRefused when none of `keys` signed these very bytes."""
    try:
        head = Head(**json.loads(signed.head))
        keys[head.key].verify(signed.signature, _CONTEXT + signed.head)
    except (ValueError, TypeError, KeyError, RecursionError, InvalidSignature) as error:
        raise KeyRefused("This head of the event log is not signed by our key.") from error
    return head


def from_json(line: str | bytes, keys: PublicKeys) -> Head:
    """Verify one anchored head: what `to_json` renders, bare or as the data of a CloudEvent. Raises: KeyRefused."""
    try:
        found = json.loads(line)
        found = found.get("data", found)
        signed = Signed(found["head"].encode(), base64.b64decode(found["signature"], validate=True))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise KeyRefused("This is no signed head of an event log.") from error
    return opened(signed, keys)


def canonical(value: Any) -> bytes:
    """Write JSON in the one way that is hashed: sorted keys, no spaces, UTF-8."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8", "surrogatepass")


def root(entries: Sequence[Entry]) -> str:
    """Compute the root of the tree over a batch. A lone node at a level's end moves up as it is."""
    level = [hashlib.sha256(b"\x00" + canonical([e.seq, e.id, e.digest])).digest() for e in entries]
    while len(level) > 1:
        pairs = [level[at : at + 2] for at in range(0, len(level), 2)]
        level = [hashlib.sha256(b"\x01" + b"".join(pair)).digest() if len(pair) == 2 else pair[0] for pair in pairs]
    return (level[0] if level else hashlib.sha256(b"").digest()).hex()


def encode_entries(entries: Iterable[Entry]) -> bytes:
    """Write a batch's list."""
    return canonical([[entry.seq, entry.id, entry.digest] for entry in entries])


def decode_entries(content: bytes) -> list[Entry]:
    """Read a batch's list; nothing when it is damaged, which the root then shows."""
    try:
        return [Entry(int(seq), str(name), str(digest)) for seq, name, digest in json.loads(content)]
    except (ValueError, TypeError, RecursionError):
        return []


def read_entries(session: Session, after_seq: int | None, last_seq: int, limit: int | None = None) -> list[Entry]:
    """Read and digest the events above `after_seq` (or from the very first) up to `last_seq`, in order.

    Columns are read as they lie in the file: whatever somebody wrote into them is digested, never choked on.
    """
    sqlite = session.get_bind().dialect.name == "sqlite"
    columns = [_raw(getattr(Event, name), sqlite) for name in _COLUMNS]
    query = select(Event.seq, *columns).where(Event.seq <= last_seq).order_by(Event.seq).limit(limit)
    if after_seq is not None:
        query = query.where(Event.seq > after_seq)
    return [_entry(seq, dict(zip(_COLUMNS, values, strict=True)), sqlite) for seq, *values in session.execute(query)]


def _raw(column: Any, sqlite: bool) -> ColumnElement[Any]:
    """Ask for a value before anyone converts it: SQLite holds any bytes anywhere, PostgreSQL has a time `infinity`."""
    if sqlite:
        return cast(column, LargeBinary)
    return cast(extract("epoch", column) if column is Event.at else column, Text)


def _entry(seq: int, row: Mapping[str, bytes | str | None], sqlite: bool) -> Entry:
    texts = {
        name: value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else value
        for name, value in row.items()
    }
    values = {**texts, "seq": seq, "at": _time(str(texts["at"]), sqlite), "data": _data(str(texts["data"]))}
    return Entry(seq, str(values["id"]), hashlib.sha256(canonical(values)).hexdigest())


def _time(text: str, sqlite: bool) -> str:
    """One spelling for one moment; what is no time stands as it is."""
    try:
        moment = datetime.fromisoformat(text) if sqlite else _EPOCH + timedelta(microseconds=int(Decimal(text) * 10**6))
        aware = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError, ArithmeticError):
        return f"unreadable {text}"
    return aware.isoformat(timespec="microseconds")


def _data(text: str) -> Any:
    """Read what an event holds; what is no plain JSON is digested as the text that it is."""
    try:
        return json.loads(text, object_pairs_hook=_once, parse_float=_no_number, parse_constant=_no_number)
    except (ValueError, RecursionError):
        return {"unreadable": text}


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name that stands twice")
    return found


def _no_number(_text: str) -> None:
    raise ValueError("not a whole number")
