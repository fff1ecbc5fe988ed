"""A thief: what he carries off, and all that he tries on it.

He opens every sealed value of every table with every private key he has, and every file with whatever could be its
key; counts through all numbers there are with every secret he has, asks the carrier with every credential he has, and
reads the rest in every dress he knows.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import io
import itertools
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from gateway.core.chunks import opened as opened_chunks
from gateway.core.errors import BadInput, KeyRefused
from gateway.core.seal import unseal
from tests.anonymity.truth import Truth
from tests.support.leaks import search, words_in

Rows = Mapping[str, list[dict[str, Any]]]
_SHORT, _KEY = 128, 32
_LARGE = 1_000_000
"""Files of a database are larger; what stands in them is looked at row by row."""
_HASHES = ("sha256", "sha1", "md5", "sha512", "blake2b")
_SIZES = (8, 16, 20, 32, 64)


@dataclass(frozen=True)
class Loot:
    """What a thief carried off: rows of tables, other bytes by where they lay, key files, the carrier's answers.

    `files` are those of attachments, by their names on the store.
    """

    rows: Rows = field(default_factory=dict)
    blobs: Mapping[str, bytes] = field(default_factory=dict)
    keys: Mapping[str, bytes] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()
    listed: tuple[Mapping[str, Any], ...] = ()
    files: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class Haul:
    """What he made of it: numbers, and labels: whose words he read, whose files, time and thread, writer and time."""

    numbers: frozenset[str]
    words: frozenset[str]
    files: frozenset[str]
    threads: frozenset[str]
    people: frozenset[str]


def rob(loot: Loot, truth: Truth) -> Haul:
    """Try everything."""
    opened = _open(loot)
    plain = [*opened.values(), *loot.blobs.values(), _flat(loot.rows), json.dumps(loot.listed).encode()]
    dressed = {hit[:4] for content in plain for hit in search(content, truth.numbers)}
    spoken = {word for content in plain for word in words_in(truth.words.values(), content)}
    numbers = {number for number in truth.numbers if number[-4:] in dressed}
    words = {label for label, word in truth.words.items() if word in spoken}
    return Haul(
        numbers=frozenset(numbers | _counted_through(loot, truth)),
        words=frozenset(words),
        files=frozenset(_files(loot, truth, opened)),
        threads=frozenset(_threads(loot, truth)),
        people=frozenset(_people(loot, truth, opened)),
    )


def key_files(folder: Path) -> dict[str, bytes]:
    """Carry off a key folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def _open(loot: Loot) -> dict[str, bytes]:
    """Open whatever opens; the answer is keyed by what each envelope is bound to."""
    private = list(_private(loot.keys.values()))
    found = {}
    for bound, value in _sealed(loot.rows):
        for key in private:
            with suppress(KeyRefused):
                found[bound] = unseal(key, value, bound)
    return found


def _sealed(rows: Rows) -> Iterator[tuple[str, bytes]]:
    """List every value of bytes in every table, and what it would be bound to if it were sealed."""
    for table, found in rows.items():
        for row in found:
            for column in (name for name, value in row.items() if isinstance(value, bytes)):
                yield f"{table}/{row.get('id', '')}/{column.removesuffix('_sealed')}", row[column]


def _private(files: Iterable[bytes]) -> Iterator[X25519PrivateKey]:
    for content in files:
        if b"PRIVATE KEY" in content:
            key = serialization.load_pem_private_key(content, password=None)
            if isinstance(key, X25519PrivateKey):
                yield key


def _counted_through(loot: Loot, truth: Truth) -> set[str]:
    """Phone numbers can be counted through: hash each with whatever there is, and look for the result."""
    shown = set(_short_values(loot.rows)) | {
        hit for blob in loot.blobs.values() if len(blob) < _LARGE for hit in _hex_in(blob)
    }
    salts = [str(row[name]) for table in ("districts", "lines") for row in loot.rows.get(table, ()) for name in row]
    texts = {
        number: [form.encode() for form in _forms(number, [row["id"] for row in loot.rows.get("lines", ())])]
        for number in truth.numbers
    }
    secrets = [*_secrets(loot), *(salt.encode() for salt in salts)]
    return {number for number in texts if any(digest in shown for digest in _digests(texts[number], secrets, loot))}


def _forms(number: str, lines: Iterable[str]) -> list[str]:
    plain = [number, number[1:], number[2:]]
    return [*plain, *(f"{line} {form}" for line in lines for form in plain)]


def _digests(texts: list[bytes], secrets: list[bytes], loot: Loot) -> Iterator[bytes]:
    for text, name in itertools.product(texts, _HASHES):
        yield hashlib.new(name, text).digest()
    slugs = [str(row["slug"]) for row in loot.rows.get("districts", ())]
    derived = [hmac.digest(key, f"district {slug}".encode(), "sha256") for key in secrets for slug in slugs]
    for text, key in itertools.product(texts, [*secrets, *derived]):
        yield hmac.digest(key, text, "sha256")
        yield hashlib.sha256(key + text).digest()


def _secrets(loot: Loot) -> Iterator[bytes]:
    for text in loot.secrets:
        yield text.encode()
        if re.fullmatch(r"(?:[0-9a-f]{2})+", text):
            yield bytes.fromhex(text)
    for name, content in loot.keys.items():
        yield content.strip()
        if name.endswith("index.key") or "index" in name:
            yield base64.b64decode(content)
    yield from (key.private_bytes_raw() for key in _private(loot.keys.values()))


def _short_values(rows: Rows) -> Iterator[bytes]:
    """Every stretch of every short value that could be a hash of something."""
    for row in itertools.chain.from_iterable(rows.values()):
        for value in row.values():
            if isinstance(value, bytes) and len(value) <= _SHORT:
                for size in _SIZES:
                    yield from (value[start : start + size] for start in range(len(value) - size + 1))
            elif value is not None and not isinstance(value, bytes):
                yield from _hex_in(str(value).encode())


def _hex_in(content: bytes) -> Iterator[bytes]:
    for found in re.finditer(rb"(?<![0-9a-fA-F])(?:[0-9a-fA-F]{2}){16,64}(?![0-9a-fA-F])", content):
        yield bytes.fromhex(found[0].decode())


def _flat(rows: Rows) -> bytes:
    values = (value for table in rows.values() for row in table for value in row.values())
    return b"\n".join(value if isinstance(value, bytes) else str(value).encode() for value in values)


def _files(loot: Loot, truth: Truth, opened: Mapping[str, bytes]) -> Iterator[str]:
    """Texts of whose files one opens, with a key that was sealed somewhere or stands anywhere in the rows."""
    shown = {hit for content in (*opened.values(), _flat(loot.rows)) for hit in _hex_in(content) if len(hit) == _KEY}
    names = {name for name in loot.files if any(_is_key(key, name, loot.files[name]) for key in shown)}
    rows = loot.rows.get("attachments", ())
    found = {row.get("message_id") for row in rows if not names.isdisjoint({row.get("original"), row.get("clean")})}
    yield from (label for label, text in truth.texts.items() if not found.isdisjoint(text.names))


def _is_key(key: bytes, name: str, content: bytes) -> bool:
    with suppress(BadInput):
        return bool(list(opened_chunks(io.BytesIO(content).read, key, f"attachments/{name}".encode())))
    return False


def _threads(loot: Loot, truth: Truth) -> Iterator[str]:
    """Texts of which he can say when they came or were answered, and which others came from the same hand."""
    told = {row.get(name) for row in loot.rows.get("messages", ()) for name in ("id", "provider_sid") if _timed(row)}
    told |= {row.get("thread_id") for row in loot.rows.get("sends", ()) if _timed(row)}
    told |= {row.get("message_id") for row in loot.rows.get("copies", ()) if _timed(row)}
    for label, text in truth.texts.items():
        found = any(name.encode() in blob for blob in loot.blobs.values() for name in text.names)
        if found or not told.isdisjoint(text.names):
            yield label


def _timed(row: Mapping[str, Any]) -> bool:
    return bool(row.get("thread_id") and (row.get("at") or row.get("created_at")))


def _people(loot: Loot, truth: Truth, opened: Mapping[str, bytes]) -> Iterator[str]:
    """Texts of which he can say who wrote them, and when."""
    listed = {str(one["sid"]): str(one["from"]) for one in loot.listed}
    stored = {str(row.get("provider_sid")): row for row in loot.rows.get("messages", ())}
    for label, text in truth.texts.items():
        row = stored.get(text.sid) or {}
        places = (f"threads/{row.get('thread_id')}/address", f"messages/{row.get('id')}/address")
        known = text.number and any(search(opened.get(place, b""), [text.number]) for place in places)
        if known or listed.get(text.sid) == text.number:
            yield label
