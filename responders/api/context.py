"""The context of one GraphQL request: who asks, and the sessions that resolvers use."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, TypeVar

import strawberry
from sqlalchemy.orm import Session

from gateway.core.errors import BadInput, NotAllowed
from gateway.core.keys import KeySet
from gateway.core.queues import Name
from responders.api.errors import Forbidden, UserError
from responders.web.state import Console

T = TypeVar("T")


class Owned(Protocol):
    """A row that belongs to a district."""

    @property
    def district_id(self) -> Any:
        """Whose it is; nobody's when None."""


RowT = TypeVar("RowT", bound=Owned)


@dataclass(frozen=True)
class Viewer:
    """Who asks: a member of staff in a browser (all scopes, `csrf` set) or another system with a bearer token.

    `actor` is how events name them: `account:<id>` or `token:<id>`.
    """

    actor: str
    district_id: str
    scopes: frozenset[str]
    name: str
    csrf: str | None = field(default=None, repr=False)


class Context:
    """What resolvers are handed: sessions, keys, time and the viewer. It lives for one request, in one thread."""

    def __init__(self, console: Console, viewer: Viewer, now: datetime) -> None:
        """Prepare; no session is opened before the first resolver asks for one."""
        self.viewer = viewer
        self.now = now
        self.keys: KeySet = console.keys
        self.origin = console.url
        self.policy = console.policy
        self.hosts = console.hosts
        self._console = console
        self._session: Session | None = None
        self._open = ExitStack()
        self._known: dict[Hashable, Any] = {}

    @property
    def district_id(self) -> str:
        """The only district whose data this request may see."""
        return self.viewer.district_id

    @property
    def session(self) -> Session:
        """The session to read with; after a mutation it sees what the mutation did."""
        if self._session is None:
            self._session = self._open.enter_context(self._console.database.read())
        return self._session

    def need(self, scope: str) -> None:
        """Insist on a scope. Raises: Forbidden."""
        if scope not in self.viewer.scopes:
            raise Forbidden(f"This needs a token with the scope {scope}.")

    def once(self, key: Hashable, load: Callable[[], T]) -> T:
        """Load something once a request; `key` names it."""
        if key not in self._known:
            self._known[key] = load()
        known: T = self._known[key]
        return known

    def row(self, model: type[RowT], row_id: str | None) -> RowT | None:
        """Read a row by its id, once a request; nothing when it is not the viewer's district's."""
        if row_id is None:
            return None
        found = self.once((model, row_id), lambda: self.session.get(model, row_id))
        return found if found is not None and found.district_id == self.district_id else None

    def attempt(self, work: Callable[[Session], T], wake: Name | None = None) -> tuple[T | None, list[UserError]]:
        """Do a mutation's work in a transaction of its own, then wake who has something to do because of it.

        The answer is the work's, or why it was not done.
        """
        self.close()
        try:
            with self._console.database.write() as session:
                done = work(session)
        except (BadInput, NotAllowed) as error:
            return None, [UserError.of(error)]
        if wake:
            self._console.waker.wake(wake)
        return done, []

    def close(self) -> None:
        """Let go of the session and of what was read with it."""
        self._known.clear()
        self._session = None
        self._open.close()


Info = strawberry.Info[Context, None]
