"""What the same acts cost among 1 k, 10 k and 200 k cases: inbox, case, sweeps, taking a text in, judging it.

The cases are filled in by bulk, as they would lie there: one in two hundred still open, the others closed long ago;
each with a thread, two messages, a receipt that was sent, an assessment and its events; one in a hundred was called out
for. Their sealed columns all hold one and the same envelope, which opens in none of them, and no act here opens them.
GraphQL is measured as the statement that `cases(first: 50)` sends, without the HTTP around it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from statistics import median
from typing import Any

from sqlalchemy import Select, insert, select, text
from sqlalchemy.orm import DeclarativeBase, Session

from gateway.core import events, intake, keys
from gateway.core.courier import Courier
from gateway.core.database import Database
from gateway.core.messages import Inbound, Outbound
from gateway.core.records import District, Event, Line, Message, Send, Thread, new_id
from gateway.front import sweeps
from responders.accounts.records import Account
from responders.cases import listing, reading
from responders.cases.records import Case, CaseAssessment, CaseMessage, CaseThread
from responders.dispatch import Dispatcher
from responders.paging.records import Callout, CalloutCase
from tests.bench.site import Site
from tests.bench.texts import CALM, CRITICAL

_CHUNK = 2000
_TIMES = 7


@dataclass(frozen=True)
class Row:
    """What an act takes among so many cases: the median, in milliseconds."""

    act: str
    cases: int
    ms: float


class _Silent:
    """A carrier that takes everything."""

    def send(self, message: Outbound) -> str:
        """Take a text."""
        return f"SM{message.reference}"


def measure(site: Site, sizes: list[int], log: Callable[[str], None]) -> Iterator[Row]:
    """Fill up to each size, then time each act."""
    database = Database(site.database_url)
    there = 0
    for size in sizes:
        log(f"filling up to {size} cases")
        fill(site, database, there, size)
        there = size
        for act, work in _acts(site, database).items():
            yield Row(act, size, round(median(_timed(work) for _ in range(_TIMES)), 2))
    database.close()


def fill(site: Site, database: Database, start: int, end: int) -> None:
    """Write the cases from `start` to `end`, and let the database see how many there are."""
    with database.read() as session:
        district = session.scalars(select(District).order_by(District.slug).limit(1)).one()
        line = session.scalars(select(Line).where(Line.district_id == district.id, Line.purpose == "reports")).first()
        assert line is not None
    sealed = keys.load(site.var.keys / "intake", "intake").seal_words(
        district.slug, datetime.now(UTC), "x" * 80, "bench"
    )
    for first in range(start, end, _CHUNK):
        rows: dict[type[DeclarativeBase], list[dict[str, Any]]] = {}
        for number in range(first, min(first + _CHUNK, end)):
            for table, row in _case(number, line, sealed):
                rows.setdefault(table, []).append(row)
        with database.write() as session:
            for table, many in rows.items():
                session.execute(insert(table.__table__), many)  # type: ignore[arg-type]  # declared as a FromClause
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))


def _case(number: int, line: Line, sealed: bytes) -> Iterator[tuple[type[DeclarativeBase], dict[str, Any]]]:
    """Give the rows of one case; the later its number, the later it was opened."""
    case, thread, tip, receipt = new_id(), new_id(), new_id(), new_id()
    at = datetime.now(UTC) - timedelta(days=400) + timedelta(seconds=number * 150)
    own = {"district_id": line.district_id}
    closed = number % 200 != 0
    kind = {"line_id": line.id, "thread_id": thread, "channel": "sms", "words_sealed": sealed, "at": at}
    done = {"threaded_at": at, "dispatched_at": at, "carrier_deleted_at": at}
    yield Thread, {
        "id": thread, **own, "school_id": line.school_id, "line_id": line.id, "channel": "sms", "pseudonym": "Owl",
        "language": "en", "address_sealed": sealed, "opened_at": at, "closed_at": at if closed else None,
    }  # fmt: skip
    yield Message, {
        "id": tip, **own, **kind, **done, "direction": "in", "kind": "tip", "provider_sid": f"SMgrowth{number:024}",
        "first_look": 2,
    }  # fmt: skip
    yield Message, {
        "id": receipt, **own, **kind, **done, "direction": "out", "kind": "receipt", "provider_sid": None,
        "first_look": 0,
    }  # fmt: skip
    yield Send, {
        **own, "account": "reporters", "line_id": line.id, "thread_id": thread, "message_id": receipt,
        "body_sealed": sealed, "status": "delivered", "provider_sid": f"SMgrown{number:025}", "created_at": at,
        "due_at": at, "carrier_deleted_at": at,
    }  # fmt: skip
    yield Case, {
        "id": case, **own, "school_id": line.school_id, "number": f"2025-{number:06}",
        "state": "closed" if closed else "acknowledged", "severity": "high" if number % 7 == 0 else "low",
        "urgency_rank": 3 if number % 7 == 0 else 1, "life_safety": number % 7 == 0, "unsure": False,
        "categories": ["bullying"], "opened_at": at, "updated_at": at, "acknowledged_at": at,
        "acknowledged_by": "account:1",
    }  # fmt: skip
    yield CaseThread, {"thread_id": thread, "case_id": case}
    yield CaseMessage, {"message_id": tip, "case_id": case}
    yield CaseAssessment, {
        "case_id": case, "message_id": tip, "severity": "low", "life_safety": False, "unsure": False,
        "categories": ["bullying"], "rules": "bench", "at": at, "detail_sealed": sealed,
    }  # fmt: skip
    subjects = {
        "message.received": f"message/{tip}",
        "message.threaded": f"message/{tip}",
        "case.opened": f"case/{case}",
    }
    for name, subject in subjects.items():
        yield Event, events.row(name, subject=subject, actor="bench", at=at, district_id=line.district_id)
    if number % 100 == 0:
        callout = new_id()
        yield Callout, {
            "id": callout, **own, "school_id": line.school_id, "urgency": "high", "code": "2100", "step": 1,
            "opened_at": at, "next_at": at, "closed_at": at,
        }  # fmt: skip
        yield CalloutCase, {"callout_id": callout, "case_id": case, "added_at": at, "acknowledged_at": at}


def _acts(site: Site, database: Database) -> dict[str, Callable[[], object]]:
    """Name the acts; the texts taken in here are judged here too."""
    sealing, courier_keys, worker_keys = (
        keys.load(site.var.keys / name, name) for name in ("intake", "courier", "worker")
    )
    courier = Courier(database, courier_keys, _Silent(), _now)
    worker = Dispatcher(database, worker_keys, _now, _Silent(), "http://127.0.0.1:8001")
    numbers = count(int(time.time() * 1000) % 10_000_000)

    def accept(words: str = CALM[0]) -> object:
        number = next(numbers)
        found = Inbound("sms", f"SMacts{new_id()[:28]}", f"+1970{number % 10_000_000:07}", site.lines[0], words, _now())
        return intake.receive(database, sealing, found)

    def judged(words: str) -> Callable[[], object]:
        def work() -> object:
            accept(words)
            courier.thread_all()
            return worker.run()

        return work

    def reads(query: Callable[[Session], object]) -> Callable[[], object]:
        def work() -> object:
            with database.read() as session:
                return query(session)

        return work

    with database.read() as session:
        district = session.scalars(select(District).order_by(District.slug).limit(1)).one()
        newest = session.scalars(select(Case).order_by(Case.opened_at.desc()).limit(1)).one()
    me = Account(id="1", district_id=district.id, username="bench", name="Bench")
    return {
        "accept a text": accept,
        "a text from webhook to case": judged(CALM[0]),
        "a critical text, paged": judged(CRITICAL[0]),
        "sweep: what is due": reads(lambda session: sweeps.due(session, _now())),
        "inbox, first page": reads(lambda session: listing.read(session, me, "open", 1)),
        "GraphQL, cases(first: 50)": reads(lambda session: session.scalars(_page(district.id)).all()),
        "inbox, closed cases": reads(lambda session: listing.read(session, me, "done", 1)),
        "a case's page": reads(lambda session: (reading.messages(session, newest), reading.threads(session, newest))),
    }


def _page(district_id: str) -> Select[Case]:
    query = select(Case).where(Case.district_id == district_id)
    return query.order_by(*[sort.directed for sort in listing.ORDER]).limit(51)


def _now() -> datetime:
    return datetime.now(UTC)


def _timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1000
