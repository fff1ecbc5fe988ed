"""Bringing what is kept from a month's content keys to the key of now: 80 bytes of each envelope, contents unopened."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import LargeBinary, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session, load_only

from gateway.core.database import Database
from gateway.core.errors import KeyRefused
from gateway.core.keys import KeySet
from gateway.core.logs import log
from gateway.core.media.records import Attachment
from gateway.core.records import Message, Send
from gateway.core.seal import prefix
from gateway.core.times import Clock
from responders.cases.records import CaseAssessment, Note, Unmasking
from responders.escalation.records import Alert
from responders.linking.records import Likeness
from responders.tuning.records import RulePack

BATCH_ROWS = 100
SHOWN = (
    Message.words_sealed,
    CaseAssessment.detail_sealed,
    Note.words_sealed,
    Unmasking.detail_sealed,
    Likeness.detail_sealed,
    Attachment.clean_key_sealed,
    Alert.draft_sealed,
    RulePack.words_sealed,
)
"""Columns that the console opens too."""
COLUMNS = (*SHOWN, Send.body_sealed, Attachment.original_key_sealed)
"""Columns that content keys open. A new one belongs here; until it does, a test fails."""


def reseal(
    database: Database, keys: KeySet, column: InstrumentedAttribute[Any], kids: list[bytes], slug: str, clock: Clock
) -> Iterator[int]:
    """Re-seal a column's rows that are under some keys, a batch a transaction; yields how many went on.

    A row that does not open is left as it is, and named in the log.
    """
    record: Any = column.class_
    under, after = _under(column, kids), ""
    while True:
        with database.read() as session:
            query = select(record.id).where(under, record.id > after).order_by(record.id).limit(BATCH_ROWS)
            ids = list(session.scalars(query))
        if not ids:
            return
        with database.write() as session:
            done = _batch(session, keys, column, ids, kids, slug, clock)
        yield done
        after = ids[-1]


def used(session: Session, kids: list[bytes], columns: Sequence[InstrumentedAttribute[Any]] = COLUMNS) -> int:
    """Count what is under some keys."""
    counts = (session.scalar(select(func.count()).where(_under(column, kids))) for column in columns)
    return sum(count or 0 for count in counts)


def _batch(
    session: Session,
    keys: KeySet,
    column: InstrumentedAttribute[Any],
    ids: list[str],
    kids: list[bytes],
    slug: str,
    clock: Clock,
) -> int:
    record: Any = column.class_
    name, done = column.key, 0
    query = select(record).options(load_only(record.id, column)).where(record.id.in_(ids), _under(column, kids))
    for row in session.scalars(query.order_by(record.id).with_for_update()):
        bound = row.bound(name.removesuffix("_sealed"))
        try:
            setattr(row, name, keys.reseal_words(slug, clock(), getattr(row, name), bound))
            done += 1
        except KeyRefused as error:
            log().error("an envelope could not be re-sealed", table=record.__tablename__, id=row.id, code=error.code)
    return done


def _under(column: Any, kids: list[bytes]) -> Any:
    start = func.substr(column, 1, len(prefix(bytes(8))), type_=LargeBinary())
    return start.in_([prefix(kid) for kid in kids])
