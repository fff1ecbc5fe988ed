"""Reversible tokens: a reporter's address, findable by a keyed index and readable by one key. The courier's alone.

Only `gateway.core.courier` imports this module; `make check` refuses anyone else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, LargeBinary, delete, func, select
from sqlalchemy.orm import Session

from gateway.core.database import take_turns
from gateway.core.errors import KeyRefused
from gateway.core.keys import INDEX_KID_BYTES, KeySet
from gateway.core.logs import log
from gateway.core.records import District, Line, Message, Send, Thread, Token, new_id

_BATCH_ROWS = 100


def address_of_message(keys: KeySet, message: Message) -> str | None:
    """Open the address a message came from; nothing once it has been threaded. Raises: KeyRefused."""
    return keys.open(message.address_sealed, message.bound("address")) if message.address_sealed else None


def address_of_thread(keys: KeySet, thread: Thread) -> str:
    """Open the address a thread leads to. Raises: KeyRefused; always for one on the web, which leads nowhere."""
    return keys.open(thread.address_sealed or b"", thread.bound("address"))


@dataclass(frozen=True)
class Sender:
    """Who sent a text, and to which line of which district."""

    district: District
    line: Line
    address: str = field(repr=False)


def find_or_make(session: Session, keys: KeySet, senders: Sequence[Sender]) -> list[Token]:
    """Find reporters' tokens by blind index, or make them; in order. Rows that are there are locked until the end.

    New ones are not in the session yet: the caller adds them, with the threads that they lead to. While the index key
    is being rotated an address has an index under each key, and is looked for under all of them.
    When they are written: sqlalchemy.exc.IntegrityError if another courier made one in the same moment: try again.
    """
    found = _find(session, indexes := _indexes(keys, senders))
    missing = [sender for sender in indexes if sender not in found]
    if missing:
        # Two couriers, one of which has not seen the new index key yet, would each make a token for one address.
        # So they take turns, and compute the index when it is theirs: by then they see what the other one saw.
        for district_id in sorted({sender.district.id for sender in missing}):
            take_turns(session, f"token {district_id}")
        found |= _find(session, indexes := _indexes(keys, missing))
    for sender in missing:
        if sender not in found:
            found[sender] = Token(
                id=new_id(), district_id=sender.district.id, line_id=sender.line.id, blind_index=indexes[sender][0]
            )
    for sender, token in found.items():
        if (
            not token.address_sealed
        ):  # It is new, or all that retention left of someone who said STOP: they write again.
            token.address_sealed = keys.seal_address(sender.address, token.bound("address"))
    return [found[sender] for sender in senders]


def forget(session: Session, limit: int) -> int:
    """End threads whose messages retention has destroyed, and what led from them to a person; counts the threads.

    The sealed number must not outlive what was written, and no month's key ends it: so the rows go. Of someone who has
    said STOP the bare blind index stays, so that no text of ours ever goes there: it opens nothing, and leads nowhere.
    """
    empty = ~select(Message.id).where(Message.thread_id == Thread.id).exists()
    ids = session.scalars(select(Thread.id).where(empty).order_by(Thread.id).limit(limit)).all()
    found = session.scalars(select(Token).where(Token.thread_id.in_(ids)).order_by(Token.id).with_for_update()).all()
    session.scalars(select(Thread.id).where(Thread.id.in_(ids)).order_by(Thread.id).with_for_update()).all()
    # Whoever puts a new message on a thread holds its token, or on the web the thread itself: from here on nobody can,
    # and who just did is seen.
    gone = set(session.scalars(select(Thread.id).where(Thread.id.in_(ids), empty)))
    for token in (one for one in found if one.thread_id in gone):
        if token.opted_out_at is None:
            session.delete(token)
        else:
            token.thread_id, token.address_sealed = None, b""
    session.flush()
    session.execute(delete(Send).where(Send.thread_id.in_(gone)))
    session.execute(delete(Thread).where(Thread.id.in_(gone)))
    return len(gone)


class Reindexing:
    """Computes blind indexes anew after a rotation of the index key: a `Renewal` of `gateway.core.rotation`."""

    def __init__(self, keys: KeySet) -> None:
        """Prepare for the courier's keys: it opens the address to index it."""
        self._keys = keys

    def replaced(self) -> frozenset[bytes]:
        """Name the replaced index keys."""
        return frozenset(self._keys.index_ids()[1:])

    def find(self, session: Session, after: str) -> Sequence[str]:
        """List tokens whose index is not under the key in use."""
        query = select(Token.id).where(self._is_old(), Token.id > after).order_by(Token.id).limit(_BATCH_ROWS)
        return session.scalars(query).all()

    def renew(self, session: Session, ids: Sequence[str]) -> int:
        """Index tokens anew under a lock; one that does not open is left as it is, for a human to see.

        A token without an address, which is all that retention leaves of an old STOP, cannot be indexed anew and goes:
        the carrier keeps the STOP as well, and an index key that leaked must not go on telling who wrote once.
        """
        done = 0
        query = select(Token).where(Token.id.in_(ids), self._is_old()).order_by(Token.id)
        for token in session.scalars(query.with_for_update(skip_locked=True)):
            if not token.address_sealed:
                session.delete(token)
                done += 1
                continue
            try:
                address = self._keys.open(token.address_sealed, token.bound("address"))
                slug = session.get_one(District, token.district_id).slug
                token.blind_index = self._keys.blind_index(slug, _indexed(token.line_id, address))
                done += 1
            except KeyRefused as error:
                log().error("a token could not be indexed anew", token=token.id, code=error.code)
        return done

    def _is_old(self) -> ColumnElement[bool]:
        start = func.substr(Token.blind_index, 1, INDEX_KID_BYTES, type_=LargeBinary())
        return start != self._keys.index_ids()[0]


def _indexed(line_id: str, address: str) -> str:
    """Put together what is indexed: with the line in it, one number on two lines cannot be told to be one."""
    return f"{line_id} {address}"


def _indexes(keys: KeySet, senders: Iterable[Sender]) -> dict[Sender, tuple[bytes, ...]]:
    return {one: keys.blind_indexes(one.district.slug, _indexed(one.line.id, one.address)) for one in senders}


def _find(session: Session, indexes: Mapping[Sender, Sequence[bytes]]) -> dict[Sender, Token]:
    """Find those that are there, and lock them, always in the same order."""
    query = select(Token).where(
        Token.district_id.in_({sender.district.id for sender in indexes}),
        Token.blind_index.in_([index for several in indexes.values() for index in several]),
    )
    rows = session.scalars(query.order_by(Token.id).with_for_update())
    tokens = {(token.district_id, token.blind_index): token for token in rows}
    found = {}
    for sender, several in indexes.items():
        for index in several:
            if (token := tokens.get((sender.district.id, index))) is not None:
                token.blind_index = several[0]
                found[sender] = token
                break
    return found
