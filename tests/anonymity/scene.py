"""What is left of a run of the house, by where it lay, and what each thief carries off of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from gateway.core.keys import PROCESSES
from gateway.front.roles.rights import columns
from gateway.front.roles.table import TABLE
from tests.anonymity.thief import Loot, Rows
from tests.anonymity.truth import Truth
from tests.support.leaks import search, words_in

STORES = ("database", "valkey", "logs", "backups", "opened_backups")
"""The thieves who take files, and where those are."""
_CREDENTIALS = {"reporters": "courier", "paging": "worker", "webhooks": "intake"}


@dataclass
class Scene:
    """What is left of a run: everything by where it lay. `answers` are the public side's, `pages` the console's.

    `receipts` are what the receipts of web reports derive, as key files; `files` what attachments are on their store.
    """

    truth: Truth
    rows: Rows
    keys: Mapping[str, Mapping[str, bytes]]
    secrets: Mapping[str, tuple[str, ...]]
    listed: Mapping[str, tuple[Mapping[str, Any], ...]]
    database: Mapping[str, bytes]
    valkey: Mapping[str, bytes]
    logs: Mapping[str, bytes]
    elsewhere: Mapping[str, bytes]
    backups: Mapping[str, bytes]
    opened_backups: Mapping[str, bytes]
    receipts: Mapping[str, bytes]
    files: Mapping[str, bytes]
    server_log: bytes = b""
    answers: list[bytes] = field(default_factory=list)
    pages: list[bytes] = field(default_factory=list)

    def loot(self, thief: str) -> Loot:
        """What one thief carries off; of a process its keys, its secrets, what they open elsewhere, and every row."""
        if thief in PROCESSES:
            return Loot(self.rows, {}, self.keys[thief], self.secrets[thief], self.listed[thief], self.files)
        if thief == "a receipt":
            return self.with_receipts("web")
        if thief == "ties of cases":
            return Loot({"likenesses": self.rows["likenesses"]})
        store = thief.replace(" ", "_")
        blobs: Mapping[str, bytes] = getattr(self, store) if store in STORES else {}
        rows = self.rows if thief == "database" else {}
        of = _CREDENTIALS.get(thief.partition(": ")[2])
        files = self.files if thief == "database" else {}
        return Loot(rows, blobs, {}, self.secrets[of] if of else (), self.listed[of] if of else (), files)

    def with_receipts(self, *labels: str) -> Loot:
        """What somebody carries off who has all that intake has, and some receipts."""
        intake = self.loot("intake")
        return replace(intake, keys={**intake.keys, **{f"{one}.key": self.receipts[one] for one in labels}})

    def with_roles(self, process: str) -> Scene:
        """Leave of the rows what the role of a process on PostgreSQL may read."""
        return replace(self, rows={table: _readable(process, table, rows) for table, rows in self.rows.items()})

    def found(self, where: Mapping[str, bytes], *, words: bool = True) -> dict[str, list[str]]:
        """Search bytes for every number, and for every word that a person wrote."""
        found = {}
        for name, content in where.items():
            hits = search(content, self.truth.numbers)
            hits += words_in(self.truth.words.values(), content) if words else []
            if hits:
                found[name] = hits
        return found


def _readable(process: str, table: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    may = TABLE.get(table, {}).get(process)
    if may is None or not rows:
        return []
    read = set(columns(may.read, list(rows[0])))
    return [{name: value for name, value in row.items() if name in read} for row in rows]
