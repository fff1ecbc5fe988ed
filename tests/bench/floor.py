"""The floor: the least that any honest intake does, served by an identical uvicorn.

Bare Starlette; the form; Twilio's signature; two numbers to E.164; two seals (the same HPKE); one durable commit of the
same bytes to one table, by the raw driver with the same settings of durability; TwiML. No line looked up, no event, no
first look, no mask, no wake-up, no repeat noticed, no headers.
"""

from __future__ import annotations

import json
import os
import sqlite3
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import uvicorn
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from sqlalchemy import make_url
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from twilio.request_validator import HMAC_SHA256, RequestValidator
from twilio.twiml.messaging_response import MessagingResponse

from channels.sms import INBOUND_PATH
from gateway.core import numbers, seal
from gateway.core.records import new_id

_COLUMNS = "id, district, line, kind, sid, language, words, address, at"


@dataclass(frozen=True)
class Floor:
    """How it is served: `database` is a SQLAlchemy URL, so that both sides are told the same."""

    database: str
    port: int
    secret: str
    ready: str


def command(floor: Floor) -> list[str]:
    """Name the command that serves it."""
    return [sys.executable, "-m", "tests.bench.floor", json.dumps(asdict(floor))]


def create(floor: Floor) -> Starlette:
    """Make the app."""
    validator, public = RequestValidator(floor.secret), X25519PrivateKey.generate().public_key()
    store = _sqlite(floor.database) if floor.database.startswith("sqlite") else _postgres(floor.database)
    district, line, twiml = new_id(), new_id(), str(MessagingResponse())

    def keep(form: Mapping[str, str]) -> None:
        numbers.normalize(form["To"])
        sender = numbers.normalize(form["From"]).value
        row_id, now = new_id(), datetime.now(UTC)
        words = seal.seal(public, form["Body"].encode(), f"messages/{row_id}/words")
        address = seal.seal(public, sender.encode(), f"messages/{row_id}/address")
        store((row_id, district, line, "tip", form["MessageSid"], "en", words, address, now.isoformat()))

    async def inbound(request: Request) -> Response:
        form = await request.form()
        url, signature = f"http://127.0.0.1:{floor.port}{INBOUND_PATH}", request.headers["X-Twilio-Signature"]
        if not validator.validate(url, form, signature, HMAC_SHA256):
            return Response(status_code=403)
        await run_in_threadpool(keep, {name: str(value) for name, value in form.items()})
        return Response(twiml, media_type="text/xml")

    return Starlette(routes=[Route(INBOUND_PATH, inbound, methods=["POST"])])


def _sqlite(url: str) -> Callable[[tuple[object, ...]], object]:
    """Open a connection a thread; one writes at a time, as is best for SQLite."""
    own, turn, path = threading.local(), threading.Lock(), url.removeprefix("sqlite:///")

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(path, isolation_level=None)
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
            connection.execute(f"PRAGMA {pragma}")
        return connection

    connect().execute(f"CREATE TABLE floor ({_COLUMNS.replace('id,', 'id PRIMARY KEY,', 1)})")
    insert = f"INSERT INTO floor ({_COLUMNS}) VALUES ({', '.join('?' * 9)})"  # noqa: S608 - our own names

    def store(row: tuple[object, ...]) -> None:
        if not hasattr(own, "connection"):
            own.connection = connect()
        with turn:
            own.connection.execute(insert, row)

    return store


def _postgres(url: str) -> Callable[[tuple[object, ...]], object]:
    """Open a connection a thread; each insert commits by itself."""
    own = threading.local()
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as first:
        types = ["text primary key"] + ["text"] * 5 + ["bytea", "bytea", "text"]
        columns = ", ".join(f"{name} {kind}" for name, kind in zip(_COLUMNS.split(", "), types, strict=True))
        first.execute(f"DROP TABLE IF EXISTS floor; CREATE TABLE floor ({columns})")
    insert = f"INSERT INTO floor ({_COLUMNS}) VALUES ({', '.join(['%s'] * 9)})"  # noqa: S608 - our own names

    def store(row: tuple[object, ...]) -> None:
        if not hasattr(own, "connection"):
            own.connection = psycopg.connect(plain, autocommit=True)
        own.connection.execute(insert, row)

    return store


def main() -> None:
    """Serve it until told to stop, with the settings of `gateway.front.serving`."""
    floor = Floor(**json.loads(sys.argv[1]))
    app = create(floor)
    Path(floor.ready).write_text(f"{os.getpid()}\n", "utf-8")
    uvicorn.run(
        app, host="127.0.0.1", port=floor.port, access_log=False, log_config=None, log_level="warning",
        server_header=False, proxy_headers=False,
    )  # fmt: skip


if __name__ == "__main__":
    main()
