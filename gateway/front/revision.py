"""Which version of the tables this code wants, and whether the database has it; known without loading Alembic."""

from __future__ import annotations

from sqlalchemy import inspect, text
from sqlalchemy.exc import OperationalError

from gateway.core.database import AWAY, Database
from gateway.core.errors import Unavailable

HEAD = "0023"


def is_current(database: Database) -> bool:
    """Tell whether the tables are those that this version of the code wants. Raises: Unavailable."""
    try:
        with database.engine.execution_options(tipline_reads=True).connect() as connection:
            if not inspect(connection).has_table("alembic_version"):
                return False
            return bool(connection.scalar(text("SELECT version_num FROM alembic_version")) == HEAD)
    except OperationalError as error:
        raise Unavailable(AWAY) from error
