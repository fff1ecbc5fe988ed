"""What the portal shows of one district or school: who helps right now, and where its way out leads."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0013"
down_revision: str | None = "0012"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.add_column("districts", sa.Column("help_lines", sa.JSON(), nullable=True))
    op.add_column("districts", sa.Column("leave_url", sa.String(length=200), nullable=True))
    op.add_column("schools", sa.Column("help_lines", sa.JSON(), nullable=True))


def downgrade() -> None:
    op.drop_column("schools", "help_lines")
    op.drop_column("districts", "leave_url")
    op.drop_column("districts", "help_lines")
