"""How long people wait for a page: what the worker counts of the texts that it sends."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from gateway.core.database import Database
from gateway.core.messages import Outbound, Sender
from gateway.core.records import Message
from gateway.core.times import Clock
from gateway.front.meters import Times
from responders.cases.records import CaseMessage
from responders.paging.records import Page

PAGE_SECONDS = (0.25, 0.5, 1.0, 2.0, 3.0, 5.0, 10.0, 30.0, 60.0, 300.0)
_UNSETTLED = 1000
"""So many pages' times are remembered until they are looked up; older ones are not counted."""


@dataclass
class PageTimes:
    """How long it took from a text that came in to the first page about it that the carrier took."""

    database: Database
    clock: Clock
    _left: deque[tuple[str, datetime]] = field(default_factory=lambda: deque(maxlen=_UNSETTLED))
    _times: Times = field(default_factory=lambda: Times(PAGE_SECONDS))

    def around(self, sender: Sender) -> Sender:
        """Make a sender that does what `sender` does, and notes what has left."""
        return _Noting(sender, self)

    def left(self, send_id: str) -> None:
        """Note that a text has left just now; it is looked up with the next beat, not while pages wait."""
        self._left.append((send_id, self.clock()))

    def to_json(self) -> dict[str, Any]:
        """Look up what has left since, and render the counts for a heartbeat. Raises: Unavailable."""
        while self._left:
            send_id, at = self._left[0]
            since = self._came_in(send_id)
            if since is not None:
                self._times.note(max(0.0, (at - since).total_seconds()))
            self._left.popleft()
        return {"page": self._times.to_json()}

    def _came_in(self, send_id: str) -> datetime | None:
        """Find when the text came in that a callout's first page was written for; nothing for any other text."""
        query = (
            select(func.max(Message.at))
            .join(CaseMessage, CaseMessage.message_id == Message.id)
            .join(Page, Page.case_id == CaseMessage.case_id)
            .where(Page.send_id == send_id, Page.step == 1, Message.at <= Page.at)
        )
        with self.database.read() as session:
            found: datetime | None = session.scalar(query)
        return found


@dataclass
class _Noting:
    sender: Sender
    times: PageTimes

    def send(self, message: Outbound) -> str:
        """Send, and note it."""
        sid = self.sender.send(message)
        self.times.left(message.reference)
        return sid
