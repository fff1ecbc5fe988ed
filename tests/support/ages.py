"""A district with a history: people wrote month after month, staff closed what they wrote, and now it is much later."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlalchemy import select, update

from gateway.core.records import Line, Message, Send, Thread, new_id
from responders.cases.records import Case, CaseAssessment, CaseMessage, CaseThread, Note
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

    def live(self, messages: int, people: int, months: tuple[str, ...] = MONTHS) -> None:
        """Let so many messages be written, evenly over the months, each month by people of its own."""
        for number, name in enumerate(months):
            year, month = map(int, name.split("-"))
            self.world.clock.now = datetime(year, month, 10, tzinfo=UTC)
            numbers = [f"+1303{200 + number}{1000 + person}" for person in range(people)]
            crowd = self.crowds[name] = Crowd(self.world, numbers, sids=name)
            crowd.write(messages // len(months))
            self.world.clock.forward(minutes=5)
            while self.world.courier.thread_some():
                pass
            self.close_cases()

    def close_cases(self) -> None:
        """Give each thread that has none a case with all a case can have, worked on and closed."""
        now, keys = self.world.clock(), self.world.keys["worker"]
        with self.world.database.write() as session:
            session.execute(update(Message).values(dispatched_at=now, threaded_at=now, carrier_deleted_at=now))
            known = select(CaseThread.thread_id)
            threads = session.scalars(select(Thread).where(Thread.id.not_in(known)).order_by(Thread.id)).all()
            responder = self._responder(session)
            line = session.scalars(select(Line).where(Line.number == PAGING)).one()
            for thread in threads:
                thread.closed_at = now
                case = Case(
                    id=new_id(), district_id=self.world.district_id, number=f"c-{thread.id[:14]}", state="closed",
                    severity="moderate", urgency_rank=1, life_safety=False, unsure=False, categories=["fighting"],
                    opened_at=now, updated_at=now,
                )  # fmt: skip
                session.add(case)
                session.flush()
                session.add(CaseThread(thread_id=thread.id, case_id=case.id))
                messages = session.scalars(
                    select(Message.id).where(Message.thread_id == thread.id, Message.direction == "in")
                ).all()
                session.add_all([CaseMessage(message_id=one, case_id=case.id) for one in messages])
                found = CaseAssessment(
                    id=new_id(), case_id=case.id, message_id=messages[0], severity="moderate", life_safety=False,
                    unsure=False, categories=[], rules="test-1", at=now,
                )  # fmt: skip
                found.detail_sealed = keys.seal_words("demo", now, "detail", found.bound("detail"))
                note = Note(id=new_id(), case_id=case.id, author="account:1", at=now)
                note.words_sealed = keys.seal_words("demo", now, "note", note.bound("words"))
                callout = Callout(
                    id=new_id(), district_id=self.world.district_id, urgency="high", code=case.id[:6], opened_at=now,
                    next_at=now, closed_at=now,
                )  # fmt: skip
                send = sending.text_to(
                    session, keys, responder.contact_id, line, f"page {case.number}", priority=1, now=now
                )
                send.status = "delivered"
                session.add_all([found, note, callout])
                session.flush()
                session.add(CalloutCase(callout_id=callout.id, case_id=case.id, added_at=now))
                session.add(
                    Page(
                        callout_id=callout.id, responder_id=responder.id, case_id=case.id, send_id=send.id, step=1,
                        case_count=1, at=now,
                    )
                )  # fmt: skip
            session.execute(update(Send).where(Send.status == "queued").values(status="delivered"))
