"""A tip's hops, found by any of its names, in ids and codes only."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import select

from gateway.core.database import Database
from gateway.core.errors import NotFound
from gateway.core.records import Message
from gateway.front import stories
from gateway.front.places import Var
from gateway.front.tracing import Trace, follow
from responders.cases.records import Case, CaseMessage
from tests.support.leaks import search


@pytest.fixture
def database(var: Var) -> Database:
    return Database(f"sqlite:///{var.database}")


def _critical(database: Database) -> tuple[Message, Case]:
    query = select(Message, Case).join(CaseMessage, CaseMessage.message_id == Message.id)
    query = query.join(Case, Case.id == CaseMessage.case_id).where(Case.severity == "critical").order_by(Message.at)
    with database.read() as session:
        message, case = session.execute(query).first() or pytest.fail("no critical story")
    return message, case


def _follow(database: Database, reference: str) -> Trace:
    with database.read() as session:
        return follow(session, reference)


def test_trace_shows_the_trail_in_order(database: Database) -> None:
    message, case = _critical(database)
    found = _follow(database, message.provider_sid or "")
    events = [hop.event for hop in found.hops]
    wanted = ("message.received", "message.threaded", "case.opened", "page.written", "send.sent", "case.acknowledged")
    places = [events.index(event) for event in wanted]
    assert places == sorted(places)
    assert "message.reply_queued" in events
    assert found.case_number == case.number
    assert found.hops[0].since_start_ms == 0
    assert all(hop.since_last_ms >= 0 for hop in found.hops)


def test_trace_finds_a_tip_by_any_of_its_names(database: Database) -> None:
    message, case = _critical(database)
    by_sid, by_id, by_case = (_follow(database, name) for name in (message.provider_sid or "", message.id, case.number))
    assert by_sid == by_id
    assert (by_case.message_id, by_case.case_number) == (message.id, case.number)
    of_tip, of_case = ({(hop.event, hop.subject) for hop in found.hops} for found in (by_id, by_case))
    assert of_tip < of_case, "a case's trace has the hops of its later messages too"


def test_trace_tells_no_number_and_no_word(database: Database) -> None:
    message, _ = _critical(database)
    shown = json.dumps(_follow(database, message.id).to_json())
    assert search(shown.encode(), [story.sender for story in stories.STORIES]) == []
    assert "shoot" not in shown


def test_trace_of_nothing_says_what_to_give(database: Database) -> None:
    with pytest.raises(NotFound, match="MessageSid"):
        _follow(database, "SM404")
