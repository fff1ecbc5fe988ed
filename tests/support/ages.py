"""A district with a history: people wrote month after month, staff closed what they wrote, and now it is much later."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from gateway.core.records import Line, Message, Send, Thread, new_id
from responders.cases.records import Case, CaseAssessment, CaseMessage, CaseThread, Note
from responders.directory import service as directory
from responders.directory.records import Responder
from responders.paging import sending
from responders.paging.records import Callout, CalloutCase, Page
from tests.support.crowd import Crowd
from tests.support.world import PAGING, World

MONTHS = ("2026-11", "2026-12", "2027-01", "2027-02", "2027-03")


@dataclass
class Ages:
    """Who wrote in which month: `crowds` by month; every thread has a closed case of its own."""

    world: World
    crowds: dict[str, Crowd] = field(default_factory=dict)

    def live(self, messages: int, people: int) -> None:
        """Let so many messages be written, evenly over the months, each month by people of its own."""
        for number, name in enumerate(MONTHS):
            self.world.clock.now = datetime.strptime(f"{name}-10", "%Y-%m-%d").replace(tzinfo=UTC)
            numbers = [f"+1303{200 + number}{1000 + person}" for person in range(people)]
            crowd = self.crowds[name] = Crowd(self.world, numbers, sids=name)
            crowd.write(messages // len(MONTHS))
            self.world.courier.thread_all()
            self.close_cases()

    def cases(self, month: str) -> list[str]:
        """Name the cases that were opened in a month, by id."""
        with self.world.database.read() as session:
            found = session.execute(select(Case.id, Case.opened_at).order_by(Case.id))
            return [one for one, at in found if f"{at:%Y-%m}" == month]

    @property
    def said(self) -> dict[str, str]:
        """Every message's words, by id."""
        return {one: words for crowd in self.crowds.values() for one, words in crowd.said.items()}

    def close_cases(self) -> None:
        """Give each thread that has none a case with all a case can have, worked on and closed."""
        now = self.world.clock()
        with self.world.database.write() as session:
            values = {"dispatched_at": now, "carrier_deleted_at": now}
            session.execute(update(Message).where(Message.dispatched_at.is_(None)).values(values))
            known = select(CaseThread.thread_id)
            threads = session.scalars(select(Thread).where(Thread.id.not_in(known)).order_by(Thread.id)).all()
            responder = _responder(session, self.world.district_id)
            opened = session.scalar(select(func.count()).select_from(Case)) or 0
            for place, thread in enumerate(threads, opened + 1):
                thread.closed_at = now
                self._close(session, thread.id, f"2024-{place:05}", responder, now)
            session.execute(update(Send).where(Send.status == "queued").values(status="delivered"))

    def _close(self, session: Session, thread_id: str, number: str, responder: Responder, now: datetime) -> None:
        keys = self.world.keys["worker"]
        case = Case(
            id=new_id(), district_id=self.world.district_id, number=number, state="closed",
            severity="moderate", urgency_rank=1, life_safety=False, unsure=False, categories=["fighting"],
            opened_at=now, updated_at=now,
        )  # fmt: skip
        callout = Callout(
            id=new_id(), district_id=self.world.district_id, urgency="high", code=case.id[:6], opened_at=now,
            next_at=now, closed_at=now,
        )  # fmt: skip
        session.add_all([case, callout])
        session.flush()
        of_thread = select(Message.id).where(Message.thread_id == thread_id, Message.direction == "in")
        messages = session.scalars(of_thread.order_by(Message.id)).all()
        found = CaseAssessment(
            id=new_id(), case_id=case.id, message_id=messages[0], severity="moderate", life_safety=False,
            unsure=False, categories=[], rules="test-1", at=now,
        )  # fmt: skip
        found.detail_sealed = keys.seal_words("demo", now, "detail", found.bound("detail"))
        note = Note(id=new_id(), case_id=case.id, author="account:1", at=now)
        note.words_sealed = keys.seal_words("demo", now, "note", note.bound("words"))
        line = session.scalars(select(Line).where(Line.number == PAGING)).one()
        send = sending.text_to(session, keys, responder.contact_id, line, "page", priority=1, now=now)
        session.add(send)
        session.flush()
        session.add_all([found, note, CaseThread(thread_id=thread_id, case_id=case.id)])
        session.add_all([CaseMessage(message_id=one, case_id=case.id) for one in messages])
        session.add(CalloutCase(callout_id=callout.id, case_id=case.id, added_at=now))
        page = Page(
            callout_id=callout.id, responder_id=responder.id, case_id=case.id, send_id=send.id, step=1, case_count=1,
            at=now,
        )  # fmt: skip
        session.add(page)


def _responder(session: Session, district_id: str) -> Responder:
    known = session.scalar(select(Responder).limit(1))
    return known or directory.add_responder(session, district_id, "Dana", "counsellor", "+13035550141")
