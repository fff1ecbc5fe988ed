"""Small GraphQL types of cases that know of no other: how a text fared, a sign of the engine's, a note."""

from __future__ import annotations

from datetime import datetime
from typing import Self

import strawberry

from gateway.core import records as core
from gateway.core.characters import showable
from responders.api.context import Info
from responders.cases import service
from responders.cases.schema_codes import DeliveryStatus
from responders.directory.schema import Actor, actor_of


@strawberry.type(description="How a text fared on its way.")
class Delivery:
    """The state of a text on its way."""

    status: DeliveryStatus
    error_code: str | None = strawberry.field(description="The carrier's code, e.g. 21610: asked for no more texts.")

    @classmethod
    def of(cls, send: core.Send) -> Self:
        """Show a row."""
        return cls(status=DeliveryStatus(send.status), error_code=send.error_code)


@strawberry.type(description="Evidence: which part of the message's text shows what.")
class Indicator:
    """A span of a message's text."""

    name: str
    start: int = strawberry.field(description="First character, counted in Unicode code points from 0.")
    end: int = strawberry.field(description="The character after the last.")


@strawberry.type(description="What a responder wrote down for colleagues. Reporters never see it.")
class Note:
    """A note."""

    opened: strawberry.Private[service.OpenedNote]
    at: datetime
    text: str | None = strawberry.field(description="Its words; null when their key is gone.")

    @strawberry.field(description="Who wrote it.")
    def author(self, info: Info) -> Actor | None:
        """Name the author."""
        return actor_of(info, self.opened.author)

    @classmethod
    def of(cls, opened: service.OpenedNote) -> Self:
        """Show an opened note."""
        return cls(opened=opened, at=opened.at, text=None if opened.text is None else showable(opened.text))
