"""What the portal's pages need of the house, handed in by the front."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime

from anyio import CapacityLimiter
from starlette.requests import Request

from channels.portal import schools, uploads
from channels.portal.files import Files
from channels.portal.pages import Page, Pages
from gateway.core.database import Database
from gateway.core.desk import Conversation, Filed
from gateway.core.errors import Unavailable
from gateway.core.filing import Attachment
from gateway.core.media.incoming import Counter
from gateway.core.puzzles import Puzzles
from gateway.core.receipts import Receipt
from gateway.core.reports import Report
from gateway.core.times import Clock


@dataclass(frozen=True)
class Desk:
    """The desk behind the pages.

    `file` stores a report with what came with it and answers when it is on disk; `read` opens what a receipt opens, and
    `version` tells cheaply whether that has changed; `answer` stores more from
    whoever holds it, known by `once` when it is sent again. `stored` is called after an answer is certain.
    `files` is where files are handed in. `patience_seconds` is how long a form may take to arrive, and with files how
    long it may say nothing; `upload_seconds` is how long it may take with them, `soon_seconds` how long words wait for
    them, and `store_seconds` how long these wait for the store at a time. `guessed` counts a wrong receipt and answers
    how many seconds to wait, by `pause`, before saying that it is wrong. `puzzles` are those of the forms.
    """

    database: Database
    pages: Pages
    public_url: str
    clock: Clock
    file: Callable[[Report, Sequence[Attachment]], Awaitable[Filed]]
    read: Callable[[Receipt], Awaitable[Conversation]]
    version: Callable[[Receipt], Awaitable[str]]
    answer: Callable[[Receipt, str, str, Sequence[Attachment]], Awaitable[Filed]]
    stored: Callable[[], None]
    guessed: Callable[[datetime], float]
    files: Counter
    puzzles: Puzzles = field(default_factory=Puzzles)
    patience_seconds: float = 120.0
    upload_seconds: float = uploads.WHOLE_SECONDS
    soon_seconds: float = 3.0
    store_seconds: float = uploads.STORE_SECONDS
    pause: Callable[[float], Awaitable[None]] = field(default=asyncio.sleep)
    _store: CapacityLimiter = field(init=False, default_factory=lambda: CapacityLimiter(uploads.STORES_AT_ONCE))

    def receiving(
        self, request: Request, begin: uploads.Begin, soon: uploads.Soon
    ) -> AbstractAsyncContextManager[tuple[dict[str, str], Files]]:
        """Read a form with its files; see `uploads.received`."""
        bounds = uploads.Bounds(
            self.patience_seconds, self.upload_seconds, self.soon_seconds, self.store_seconds, self._store
        )
        return uploads.received(request, bounds, begin, soon, self.files.discard)

    def page(self, request: Request, path: str, sent: Mapping[str, str] | None = None) -> Page:
        """Begin a page that is about no school. A database that is away takes only its district's own lines from it."""
        try:
            with self.database.read() as session:
                district = schools.only_district(session)
        except Unavailable:
            district = None
        return Page(self.pages.asked(request, sent), path, self.clock(), district=district)
