"""What no row names (any more): files of rows that retention took, and what somebody who was killed had begun.

Their keys stood in those rows alone, or nowhere: nobody opens them. So this is tidying up, and may come late.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import islice

from sqlalchemy import or_, select

from gateway.core.database import Database
from gateway.core.media.records import Attachment
from gateway.core.media.storing import Store

YOUNG = timedelta(days=1)
"""A file this young may be one whose row is still to come."""
_AT_ONCE = 200


def sweep(database: Database, store: Store, now: datetime, young: timedelta = YOUNG) -> int:
    """Delete files that no row names; answers how many. Raises: Unavailable."""
    found, gone = store.names(now - young), 0
    while names := set(islice(found, _AT_ONCE)):
        with database.read() as session:
            named = or_(Attachment.original.in_(names), Attachment.clean.in_(names))
            rows = session.execute(select(Attachment.original, Attachment.clean).where(named))
            known = {name for row in rows for name in row}
        for name in names - known:
            store.delete(name)
            gone += 1
    return gone
