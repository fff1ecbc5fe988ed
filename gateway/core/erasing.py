"""Erasing rows: messages and texts, with all that was sealed in them. Whoever calls decides that their time is over.

A thread whose messages are all gone is the courier's to end, with the address it leads to and its token: see
`tokens.forget`. No thread is ever made without a message, so one that has none is one that was destroyed.
"""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import delete, text
from sqlalchemy.orm import Session

from gateway.core.database import Database
from gateway.core.media.records import Attachment
from gateway.core.records import Copy, LineProof, Message, Send


def forget_messages(session: Session, message_ids: Collection[str]) -> None:
    """Delete messages, their copies, what came with them, and the texts that carried them.

    The courier ends threads left without any.

    With an attachment's row its key is gone: its file opens no more, and goes with the next `media.erasing.sweep`. Only
    what is named goes: a message that reaches a thread at this very moment has been judged by nobody yet.
    """
    session.execute(delete(Send).where(Send.message_id.in_(message_ids)))
    session.execute(delete(Copy).where(Copy.message_id.in_(message_ids)))
    session.execute(delete(Attachment).where(Attachment.message_id.in_(message_ids)))
    session.execute(delete(Message).where(Message.id.in_(message_ids)))


def forget_sends(session: Session, send_ids: Collection[str]) -> None:
    """Delete texts to staff, and the proofs of lines that some of them were."""
    session.execute(delete(LineProof).where(LineProof.send_id.in_(send_ids)))
    session.execute(delete(Send).where(Send.id.in_(send_ids)))


def sweep_files(database: Database, *, vacuum: bool = False) -> None:
    """Let deleted rows leave the files too, as far as a database can be made to.

    SQLite overwrites what it deletes (`secure_delete`), so it is the log beside the file that is emptied; readers may
    keep it for a while, and the next sweep tries again. On PostgreSQL dead rows go by VACUUM, which the owner of the
    tables may run at once (`vacuum`) and autovacuum does in time; WAL and backups keep them as long as they are kept.
    """
    if database.is_sqlite:
        raw = database.engine.raw_connection()  # A checkpoint is refused inside a transaction, even of its own.
        try:
            cursor = raw.cursor()
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            cursor.close()
        finally:
            raw.close()
    elif vacuum:
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("SET statement_timeout = 0"))
            connection.execute(text("VACUUM"))
            connection.execute(text("RESET statement_timeout"))
