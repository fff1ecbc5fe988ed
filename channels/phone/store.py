"""One SQLite file: the carrier's messages, the phones' screens, who opted out, and the carrier's log."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from channels.phone.media import Media
from channels.phone.records import Bubble, Message

TABLES = """
CREATE TABLE IF NOT EXISTS messages (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, sid TEXT UNIQUE NOT NULL, account_sid TEXT NOT NULL,
    sender TEXT NOT NULL, recipient TEXT NOT NULL, body TEXT NOT NULL, direction TEXT NOT NULL, status TEXT NOT NULL,
    created_at TEXT NOT NULL, updated_at TEXT NOT NULL, sent_at TEXT, error_code INTEGER,
    num_media INTEGER NOT NULL, num_segments INTEGER NOT NULL, service_sid TEXT, status_callback TEXT);
CREATE TABLE IF NOT EXISTS bubbles (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, sid TEXT UNIQUE NOT NULL, phone TEXT NOT NULL, line TEXT NOT NULL,
    direction TEXT NOT NULL, body TEXT NOT NULL, at TEXT NOT NULL, status TEXT NOT NULL,
    files INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS bubbles_of_phone ON bubbles (phone, seq);
CREATE TABLE IF NOT EXISTS media (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, sid TEXT UNIQUE NOT NULL, message_sid TEXT NOT NULL,
    account_sid TEXT NOT NULL, content_type TEXT NOT NULL, content BLOB NOT NULL, created_at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS opt_outs (line TEXT NOT NULL, phone TEXT NOT NULL, PRIMARY KEY (line, phone));
CREATE TABLE IF NOT EXISTS alerts (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, code INTEGER NOT NULL, text TEXT NOT NULL, sid TEXT);
"""
MESSAGE_TIMES = ("created_at", "updated_at", "sent_at")


@dataclass(frozen=True)
class Filters:
    """What a list asks for. Times are UTC-aware and inclusive; `before_seq` resumes below a message seen earlier."""

    account_sid: str
    to: str | None = None
    sender: str | None = None
    sent_from: datetime | None = None
    sent_until: datetime | None = None
    before_seq: int | None = None


class Store:
    """The carrier's memory. One connection behind a lock: its calls are short, and none waits on a network."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.executescript(TABLES)
        if "files" not in {row["name"] for row in self._run("PRAGMA table_info(bubbles)")}:  # of an older demo
            self._run("ALTER TABLE bubbles ADD COLUMN files INTEGER NOT NULL DEFAULT 0")

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    def _run(self, sql: str, *values: object) -> list[sqlite3.Row]:
        with self._lock, closing(self._db.execute(sql, [_write(value) for value in values])) as cursor:
            return cursor.fetchall()

    def _insert(self, table: str, row: dict[str, object]) -> bool:
        """Insert a row unless its SID is there; names of columns come from our dataclasses, values are bound."""
        names, marks = ", ".join(row), ", ".join("?" * len(row))
        sql = f"INSERT INTO {table} ({names}) VALUES ({marks}) ON CONFLICT (sid) DO NOTHING RETURNING seq"  # noqa: S608
        return bool(self._run(sql, *row.values()))

    def add_message(self, message: Message) -> bool:
        """Keep a message; False when its SID is known already."""
        return self._insert("messages", {name: value for name, value in asdict(message).items() if name != "seq"})

    def get_message(self, account_sid: str, sid: str) -> Message | None:
        """Find a message of an account."""
        rows = self._run("SELECT * FROM messages WHERE account_sid = ? AND sid = ?", account_sid, sid)
        return _read_message(rows[0]) if rows else None

    def list_messages(self, filters: Filters, limit: int, offset: int = 0) -> list[Message]:
        """List messages of an account, newest first."""
        tests: list[str] = ["account_sid = ?"]
        values: list[object] = [filters.account_sid]
        for test, value in (
            ("recipient = ?", filters.to),
            ("sender = ?", filters.sender),
            ("sent_at >= ?", filters.sent_from),
            ("sent_at <= ?", filters.sent_until),
            ("seq < ?", filters.before_seq),
        ):
            if value is not None:
                tests.append(test)
                values.append(value)
        sql = f"SELECT * FROM messages WHERE {' AND '.join(tests)} ORDER BY seq DESC LIMIT ? OFFSET ?"  # noqa: S608
        return [_read_message(row) for row in self._run(sql, *values, limit, offset)]

    def list_unfinished(self) -> list[Message]:
        """List what was on its way when the carrier last stopped, oldest first."""
        sql = "SELECT * FROM messages WHERE status IN ('accepted', 'queued', 'sending', 'sent') ORDER BY seq"
        return [_read_message(row) for row in self._run(sql)]

    def set_status(self, sid: str, status: str, now: datetime, error_code: int | None = None) -> Message | None:
        """Move a message to a status; None when it was deleted meanwhile."""
        sent = now if status == "sent" else None
        rows = self._run(
            "UPDATE messages SET status = ?, updated_at = ?, error_code = ?, sent_at = coalesce(?, sent_at)"
            " WHERE sid = ? RETURNING *",
            status, now, error_code, sent, sid,
        )  # fmt: skip
        return _read_message(rows[0]) if rows else None

    def redact(self, sid: str, now: datetime) -> None:
        """Blank the body of a message."""
        self._run("UPDATE messages SET body = '', updated_at = ? WHERE sid = ?", now, sid)

    def delete(self, sid: str) -> None:
        """Forget a message. What a phone shows stays: the handset is not the carrier's."""
        self._run("DELETE FROM messages WHERE sid = ?", sid)

    def add_media(self, media: Media) -> None:
        """Keep a file of a message."""
        self._insert("media", asdict(media))

    def list_media(self, message_sid: str) -> list[Media]:
        """List a message's files in their order; they outlive their message, as at Twilio."""
        rows = self._run("SELECT * FROM media WHERE message_sid = ? ORDER BY seq", message_sid)
        return [_read_media(row) for row in rows]

    def delete_media(self, sid: str) -> None:
        """Forget a file."""
        self._run("DELETE FROM media WHERE sid = ?", sid)

    def add_bubble(self, bubble: Bubble) -> bool:
        """Show a message on a phone; False when it is there already."""
        return self._insert("bubbles", asdict(bubble))

    def set_bubble_status(self, sid: str, status: str) -> None:
        """Change the mark beside a message on a phone."""
        self._run("UPDATE bubbles SET status = ? WHERE sid = ?", status, sid)

    def list_bubbles(self, phone: str, limit: int) -> list[Bubble]:
        """List the latest messages on a phone, oldest first."""
        sql = "SELECT * FROM (SELECT * FROM bubbles WHERE phone = ? ORDER BY seq DESC LIMIT ?) ORDER BY seq"
        return [_read_bubble(row) for row in self._run(sql, phone, limit)]

    def opt_out(self, line: str, phone: str) -> None:
        """Bar a line from texting a phone."""
        self._run("INSERT OR IGNORE INTO opt_outs VALUES (?, ?)", line, phone)

    def opt_in(self, line: str, phone: str) -> None:
        """Let a line text a phone again."""
        self._run("DELETE FROM opt_outs WHERE line = ? AND phone = ?", line, phone)

    def is_opted_out(self, line: str, phone: str) -> bool:
        """Say whether a phone has told a line to stop."""
        return bool(self._run("SELECT 1 FROM opt_outs WHERE line = ? AND phone = ?", line, phone))

    def add_alert(self, at: datetime, code: int, text: str, sid: str | None) -> None:
        """Write a line in the carrier's log; `text` holds no number and no words of a message."""
        self._run("INSERT INTO alerts (at, code, text, sid) VALUES (?, ?, ?, ?)", at, code, text, sid)

    def list_alerts(self, limit: int) -> list[dict[str, Any]]:
        """List the latest lines of the carrier's log, newest first."""
        return [
            dict(row) for row in self._run("SELECT at, code, text, sid FROM alerts ORDER BY seq DESC LIMIT ?", limit)
        ]


def _write(value: object) -> object:
    return value.isoformat(timespec="microseconds") if isinstance(value, datetime) else value


def _read_message(row: sqlite3.Row) -> Message:
    values = dict(row)
    for name in MESSAGE_TIMES:
        values[name] = datetime.fromisoformat(values[name]) if values[name] else None
    return Message(**values)


def _read_media(row: sqlite3.Row) -> Media:
    values = dict(row)
    del values["seq"]
    values["created_at"] = datetime.fromisoformat(values["created_at"])
    return Media(**values)


def _read_bubble(row: sqlite3.Row) -> Bubble:
    values = dict(row)
    del values["seq"]
    values["at"] = datetime.fromisoformat(values["at"])
    return Bubble(**values)
