"""The table of questions that the line asked by itself. It holds codes and times, no words."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from gateway.core.records import Base, Id, new_id


class Question(Base):
    """One question to one thread. `ended` is null while it stands, then `answered`, `called` or `attended`."""

    __tablename__ = "questions"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    thread_id: Mapped[str] = mapped_column(ForeignKey("threads.id"))
    message_id: Mapped[str] = mapped_column(ForeignKey("messages.id"))
    """The message that said too little."""
    gap: Mapped[str] = mapped_column(String(12))
    asked_at: Mapped[datetime]
    wake_at: Mapped[datetime]
    """When a person is called out, unless an answer has settled it."""
    ended_at: Mapped[datetime | None]
    ended: Mapped[str | None] = mapped_column(String(10))
    __table_args__ = (Index("questions_of_thread", "thread_id"), Index("questions_due", "ended_at", "wake_at"))
