"""Who was called out for a case, read for its page: which texts to whom, when, and how they fared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from gateway.core.records import Send
from responders.cases.records import Case
from responders.directory.records import Responder
from responders.paging.records import Callout, CalloutCase, Page

_FARED = ("delivered", "sent", "queued", "undelivered", "failed")
"""What can become of a text, the best first."""


@dataclass(frozen=True)
class Call:
    """One text to one responder."""

    name: str
    at: datetime
    send: Send
    callout_id: str
    contact_id: str
    step: int
    """The round of its callout."""


@dataclass(frozen=True)
class Calls:
    """All texts about a case, oldest first, and the callout that still runs for it, if one does."""

    texts: list[Call]
    running: Callout | None
    callouts: dict[str, tuple[datetime, datetime | None]]
    """Callout id: when the case joined it, and when the calls for this case ended."""

    @property
    def told(self) -> bool:
        """Whether a page of the running callout has told of the case: only then does its code acknowledge it."""
        return self.running is not None and any(call.callout_id == self.running.id for call in self.texts)

    @property
    def first(self) -> list[Call]:
        """The texts of the first round about the case, of each callout; how many follow says how long it took."""
        begun: dict[str, int] = {}
        for call in self.texts:
            begun.setdefault(call.callout_id, call.step)
        return [call for call in self.texts if call.step == begun[call.callout_id]]

    def best(self, call: Call) -> Send:
        """Find the text that fared best of all that this responder was sent in this callout."""
        same = [
            one.send for one in self.texts if (one.callout_id, one.contact_id) == (call.callout_id, call.contact_id)
        ]
        return min(same, key=lambda send: _FARED.index(send.status))


def of_case(session: Session, case: Case, joined_into: Sequence[str] = ()) -> Calls:
    """Read the calls of a case; texts sent before it joined its callout or after its end were not about it.

    Those about the cases `joined_into` it are its own too, where they are given. Joining takes such a case out of its
    open callouts: so what a text named counts, too.
    """
    joined = select(Callout, CalloutCase).join(CalloutCase, CalloutCase.callout_id == Callout.id)
    found = session.execute(joined.where(CalloutCase.case_id == case.id).order_by(CalloutCase.added_at)).all()
    about = and_(
        Page.at >= CalloutCase.added_at,
        or_(CalloutCase.acknowledged_at.is_(None), Page.at <= CalloutCase.acknowledged_at),
    )
    link = CalloutCase.callout_id == Page.callout_id, CalloutCase.case_id.in_([case.id, *joined_into])
    callouts = {callout.id for callout, _ in found}
    if joined_into:
        callouts |= set(session.scalars(select(CalloutCase.callout_id).where(CalloutCase.case_id.in_(joined_into))))
        callouts |= set(session.scalars(select(Page.callout_id).where(Page.case_id.in_(joined_into))))
    query = (
        select(Responder.name, Page.at, Send, Page.callout_id, Responder.contact_id, Page.step)
        .select_from(Page)
        .join(Responder, Responder.id == Page.responder_id)
        .join(Send, Send.id == Page.send_id)
        .where(
            Page.callout_id.in_(callouts),
            or_(select(CalloutCase.case_id).where(*link, about).exists(), Page.case_id.in_(joined_into)),
        )
        .order_by(Page.at, Responder.name)
    )
    texts = [Call(*row) for row in session.execute(query)]
    running = [callout for callout, link in found if callout.closed_at is None and link.acknowledged_at is None]
    return Calls(
        texts,
        running[-1] if running else None,
        {callout.id: (link.added_at, link.acknowledged_at) for callout, link in found},
    )
