"""What the portal's pages need of the house, handed in by the front."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from starlette.requests import Request

from channels.portal import schools
from channels.portal.pages import Page, Pages
from gateway.core.database import Database
from gateway.core.desk import Conversation, Filed
from gateway.core.errors import Unavailable
from gateway.core.puzzles import Puzzles
from gateway.core.receipts import Receipt
from gateway.core.reports import Report
from gateway.core.times import Clock


@dataclass(frozen=True)
class Desk:
    """The desk behind the pages.

    `file` stores a report and answers when it is on disk; `read` opens what a receipt opens, and
    `version` tells cheaply whether that has changed; `answer` stores more from
    whoever holds it, known by `once` when it is sent again. `stored` is called after an answer is certain.
    `patience_seconds` is how long a form may take to arrive. `guessed` counts a wrong receipt and answers how many
    seconds to wait, by `pause`, before saying that it is wrong. `puzzles` are those of the forms.
    """

    database: Database
    pages: Pages
    public_url: str
    clock: Clock
    file: Callable[[Report], Awaitable[Filed]]
    read: Callable[[Receipt], Awaitable[Conversation]]
    version: Callable[[Receipt], Awaitable[str]]
    answer: Callable[[Receipt, str, str], Awaitable[object]]
    stored: Callable[[], None]
    guessed: Callable[[datetime], float]
    puzzles: Puzzles = field(default_factory=Puzzles)
    patience_seconds: float = 120.0
    pause: Callable[[float], Awaitable[None]] = field(default=asyncio.sleep)

    def page(self, request: Request, path: str, sent: Mapping[str, str] | None = None) -> Page:
        """Begin a page that is about no school. A database that is away takes only its district's own lines from it."""
        try:
            with self.database.read() as session:
                district = schools.only_district(session)
        except Unavailable:
            district = None
        return Page(self.pages.asked(request, sent), path, self.clock(), district=district)
