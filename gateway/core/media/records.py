"""The table of attachments. Who has the database and the store but no key sees when, how many, how large, what kind."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, SmallInteger, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from gateway.core.records import Base, Id, new_id

AWAITED, SEALED, CLEAN, BROKEN, REFUSED, LOST = "awaited", "sealed", "clean", "broken", "refused", "lost"


class Attachment(Base):
    """A file that came with a message: its original until it is cleaned, then its clean copy.

    `original` and `clean` are names on the store; what stands there is sealed by a key of its own, which is sealed here
    to the district's content key: so whoever deletes the row has destroyed the file, wherever copies of it lie.
    """

    __tablename__ = "attachments"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    message_id: Mapped[str] = mapped_column(ForeignKey("messages.id"))
    position: Mapped[int] = mapped_column(SmallInteger)
    """Its place among those of its message, from 0."""
    state: Mapped[str] = mapped_column(String(8))
    reason: Mapped[str | None] = mapped_column(String(20))
    """Why it is broken, refused or lost, or that it is clean, but unscreened: a code, see `wording` of the console."""
    kind: Mapped[str | None] = mapped_column(String(5))
    """What its first bytes say it is, see `kinds`; nothing when they say nothing that we know."""
    size: Mapped[int] = mapped_column(default=0)
    """Bytes of the original."""
    original: Mapped[str | None] = mapped_column(Id, unique=True)
    original_key_sealed: Mapped[bytes | None]
    clean: Mapped[str | None] = mapped_column(Id, unique=True)
    clean_key_sealed: Mapped[bytes | None]
    clean_kind: Mapped[str | None] = mapped_column(String(5))
    parts: Mapped[int] = mapped_column(SmallInteger, default=0)
    """How many files the clean copy is: a picture for each page of a paper, otherwise one."""
    attempts: Mapped[int] = mapped_column(SmallInteger, default=0)
    again_at: Mapped[datetime | None]
    """Before then nobody tries it again."""
    at: Mapped[datetime]
    stored_at: Mapped[datetime | None]
    """When what there is of it was safe here, or was given up; and anew when it was cleaned, or found not to open."""
    __table_args__ = (
        UniqueConstraint("message_id", "position"),
        Index("attachments_due", "state", "again_at"),
    )
