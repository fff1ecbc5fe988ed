"""A first look at each message, which orders the queues; indexes for what grew with the number of cases."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels: str | None = None
depends_on: str | None = None


_INDEXES = {
    "messages_of_thread": ("messages", ["thread_id", "direction", "at"]),
    "sends_of_thread": ("sends", ["thread_id", "status", "created_at"]),
    "cases_by_urgency": ("cases", ["district_id", "urgency_rank"]),
    "cases_by_update": ("cases", ["district_id", "updated_at"]),
    "callout_cases_taken_up": ("callout_cases", ["acknowledged_at"]),
}


def upgrade() -> None:
    op.add_column("messages", sa.Column("first_look", sa.SmallInteger(), nullable=False, server_default="0"))
    staff = sa.text("contact_id IS NOT NULL")
    columns = ["direction", "threaded_at", "dispatched_at"]
    op.create_index("messages_from_staff", "messages", columns, sqlite_where=staff, postgresql_where=staff)
    op.drop_index("ix_messages_thread_id", "messages")
    for name, (table, columns) in _INDEXES.items():
        op.create_index(name, table, columns)


def downgrade() -> None:
    for name, (table, _) in reversed(_INDEXES.items()):
        op.drop_index(name, table)
    op.create_index("ix_messages_thread_id", "messages", ["thread_id"])
    op.drop_index("messages_from_staff", "messages")
    op.drop_column("messages", "first_look")
