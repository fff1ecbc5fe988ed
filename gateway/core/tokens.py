"""Reversible tokens: a reporter's address, findable by a keyed index and readable by one key. The courier's alone.

Only `gateway.core.courier` imports this module; `make check` refuses anyone else.
"""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.core.keys import KeySet
from gateway.core.records import District, Line, Message, Thread, Token, new_id


def address_of_message(keys: KeySet, message: Message) -> str | None:
    """Open the address a message came from; nothing once it has been threaded. Raises: KeyRefused."""
    return keys.open(message.address_sealed, message.bound("address")) if message.address_sealed else None


def address_of_thread(keys: KeySet, thread: Thread) -> str:
    """Open the address a thread leads to. Raises: KeyRefused."""
    return keys.open(thread.address_sealed, thread.bound("address"))


def find_or_make(session: Session, keys: KeySet, district: District, line: Line, address: str) -> Token:
    """Find a reporter's token on a line by blind index, or make it; the row is locked until the transaction ends.

    Raises: sqlalchemy.exc.IntegrityError when another courier made it in the same moment: try again.
    """
    index = keys.blind_index(district.slug, f"{line.id} {address}")
    query = select(Token).where(Token.district_id == district.id, Token.blind_index == index).with_for_update()
    token = session.scalar(query)
    if token is None:
        token = Token(id=new_id(), district_id=district.id, line_id=line.id, blind_index=index)
        token.address_sealed = keys.seal_address(address, token.bound("address"))
        session.add(token)
        session.flush()
    return token
