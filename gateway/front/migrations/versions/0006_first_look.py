"""A first look at each message, which orders the queues; indexes for what grew with the number of cases."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels: str | None = None
depends_on: str | None = None


_INDEXES = {
    "sends_of_thread": ("sends", ["thread_id", "status", "created_at"]),
    "cases_by_urgency": ("cases", ["district_id", "urgency_rank"]),
    "cases_by_update": ("cases", ["district_id", "updated_at"]),
    "callout_cases_taken_up": ("callout_cases", ["acknowledged_at"]),
}


def upgrade() -> None:
    op.add_column("messages", sa.Column("first_look", sa.SmallInteger(), nullable=False, server_default="0"))
    staff = sa.text("contact_id IS NOT NULL")
    op.create_index(
        "messages_from_staff", "messages", ["dispatched_at", "threaded_at"], sqlite_where=staff, postgresql_where=staff
    )
    for name, (table, columns) in _INDEXES.items():
        op.create_index(name, table, columns)


def downgrade() -> None:
    for name, (table, _) in reversed(_INDEXES.items()):
        op.drop_index(name, table)
    op.drop_index("messages_from_staff", "messages")
    op.drop_column("messages", "first_look")
