"""What every console page needs, made once by the front and hung on the app: nothing is built at import."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, Protocol

from starlette.requests import HTTPConnection

from exports.words import Policy
from gateway.core.database import Database
from gateway.core.http import Hosts
from gateway.core.keys import KeySet
from gateway.core.media.storing import Store
from gateway.core.times import Clock
from responders.web.live import Live
from responders.web.pages import Pages


class Waker(Protocol):
    """Whoever wakes the courier or the worker after a commit (`gateway.core.queues.Waker` is one)."""

    def wake(self, name: Literal["courier", "worker"]) -> None:
        """Ask that a process look at what is due; never waits, never fails."""


@dataclass(frozen=True)
class Console:
    """The console's own parts. `url` is its public address without a trailing slash."""

    database: Database
    keys: KeySet = field(repr=False)
    clock: Clock
    waker: Waker
    url: str
    pages: Pages
    live: Live
    store: Store | None = None
    """Where attachments lie."""
    hosts: Hosts = field(default_factory=Hosts)
    """Which hosts events may be sent to. The console never opens a connection itself."""
    policy: Policy = field(default_factory=Policy)
    """How much of a case leaves."""
    public_url: str | None = None
    """Where intake is reached, without a slash at its end; nothing where that is not known."""

    @property
    def secure(self) -> bool:
        """Whether browsers reach it by https, so that cookies may insist on it."""
        return self.url.startswith("https://")

    @property
    def cookie(self) -> str:
        """The name of the session cookie; `__Host-` binds it to this host alone. Source: RFC 6265bis §4.1.3.2."""
        return "__Host-tipline" if self.secure else "tipline"

    @property
    def browser_cookie(self) -> str:
        """The name of the cookie that stays when a session ends, so that a browser is known again at the next."""
        return f"{self.cookie}-browser"


def of(connection: HTTPConnection) -> Console:
    """Find the console a request or websocket has come to."""
    console = connection.app.state.console
    assert isinstance(console, Console)
    return console
