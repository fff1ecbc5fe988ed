"""What came of a report with files: its words, its rows, its files on the store, and what its page says."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from gateway.core import conversation
from gateway.core.media.folder import Folder
from gateway.core.media.records import Attachment
from gateway.core.records import Message
from gateway.core.times import utc_now
from tests.support.multipart import field
from tests.support.page_forms import tree
from tests.support.world import World

TAKEN = ("sealed", None)
"""What a file that came is noted as."""
ONCE = "0123456789abcdef" * 2
TYPED = field("once", ONCE) + field("text", "he has a knife")


def on_store(store: Folder) -> set[str]:
    """Name the files that are on the store."""
    return set(store.names(utc_now() + timedelta(days=1)))


def words(world: World) -> list[str]:
    """Open the words of every message."""
    with world.database.read() as session:
        return [conversation.words(world.keys["worker"], one) for one in session.scalars(select(Message))]


def noted(world: World) -> list[tuple[str, str | None]]:
    """List state and reason of every file, in order."""
    with world.database.read() as session:
        query = select(Attachment.state, Attachment.reason).order_by(Attachment.position)
        return [(state, reason) for state, reason in session.execute(query)]


def lost(page: str) -> list[str]:
    """List what a page says of files that did not arrive."""
    return [" ".join(one.text_content().split()) for one in tree(page).xpath("//*[@data-lost]//li")]
