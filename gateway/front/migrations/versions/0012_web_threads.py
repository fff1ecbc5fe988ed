"""Threads on the web: no line and no address, but a receipt; and a second copy of what is said, for its holder."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0012"
down_revision: str | None = "0009"
branch_labels: str | None = None
depends_on: str | None = None

_OPTIONAL = {"line_id": "VARCHAR(32)", "address_sealed": "BLOB"}


def upgrade() -> None:
    _relax()
    op.add_column("threads", sa.Column("receipt_lookup", sa.LargeBinary(), nullable=True))
    op.add_column("threads", sa.Column("receipt_public", sa.LargeBinary(), nullable=True))
    op.add_column("threads", sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index("ix_threads_receipt_lookup", "threads", ["receipt_lookup"], unique=True)
    op.add_column("messages", sa.Column("topic", sa.String(length=20), nullable=True))
    op.create_table(
        "copies",
        sa.Column("id", sa.String(length=32), primary_key=True),
        sa.Column("thread_id", sa.String(length=32), sa.ForeignKey("threads.id"), nullable=False),
        sa.Column("message_id", sa.String(length=32), sa.ForeignKey("messages.id"), nullable=False, unique=True),
        sa.Column("direction", sa.String(length=3), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("words_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("read_hour", sa.DateTime(timezone=True), nullable=True),
    )
    op.create_index("ix_copies_thread_id", "copies", ["thread_id"])


def downgrade() -> None:
    op.drop_table("copies")
    op.drop_column("messages", "topic")
    op.drop_index("ix_threads_receipt_lookup", "threads")
    for column in ("seen_at", "receipt_public", "receipt_lookup"):
        op.drop_column("threads", column)


def _relax() -> None:
    """Let a thread be without a line and an address.

    SQLite cannot alter a column, and to make the table anew while others refer to it takes foreign keys switched off,
    which no transaction may. What stays the same on disk may be written into the schema instead.
    Source: https://www.sqlite.org/lang_altertable.html#making_other_kinds_of_table_schema_changes
    """
    if op.get_bind().dialect.name == "postgresql":
        for column in _OPTIONAL:
            op.alter_column("threads", column, nullable=True)
        return
    bind = op.get_bind()
    version = bind.exec_driver_sql("PRAGMA schema_version").scalar_one()
    bind.exec_driver_sql("PRAGMA writable_schema=ON")
    for column, kind in _OPTIONAL.items():
        bind.exec_driver_sql(
            "UPDATE sqlite_schema SET sql = replace(sql, ?, ?) WHERE type = 'table' AND name = 'threads'",
            (f"{column} {kind} NOT NULL", f"{column} {kind}"),
        )
    bind.exec_driver_sql(f"PRAGMA schema_version={version + 1}")
    bind.exec_driver_sql("PRAGMA writable_schema=OFF")
