"""News that calls nobody out: who has a case, and that its reporter wrote again."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from gateway.core.messages import SendError
from responders.accounts.records import Account
from responders.cases import service as cases
from responders.cases.records import Case
from responders.directory.records import Responder
from responders.paging import service as paging
from tests.integration.responders.conftest import PEOPLE, Desk, acknowledge
from triage.model import Assessment, Context

OTHER = "+13035550199"
AGAIN = "New message in case 2026-0001. http://127.0.0.1:8001/cases/2026-0001"


def told(desk: Desk) -> list[tuple[str, str]]:
    """Read who got which text since the last time, sorted by name."""
    names = {number: name for name, number in PEOPLE.items()}
    got = sorted((names[message.to], message.text) for message in desk.phones.sent)
    desk.phones.sent.clear()
    return got


def account(desk: Desk, name: str, responder: str | None = None) -> str:
    """Open an account, for a responder or for somebody who is in no directory."""
    with desk.world.database.write() as session:
        made = Account(
            district_id=desk.world.district_id, username=name.lower(), name=name, role="counsellor",
            password_phc="-", created_at=desk.now,
        )  # fmt: skip
        session.add(made)
        session.flush()
        if responder:
            session.get_one(Responder, desk.ids[responder]).account_id = made.id
        return made.id


def take(desk: Desk, case: Case, actor: str) -> None:
    """Acknowledge as an actor and let the worker look."""
    with desk.world.database.write() as session:
        assert paging.acknowledge(session, session.get_one(Case, case.id), actor, desk.now)
    desk.worker.run()


def taken_by_ana(desk: Desk) -> Case:
    """Tell of a knife and have Ana take it."""
    case = desk.tip("critical knife")
    desk.reply("Ana", desk.code())
    desk.phones.sent.clear()
    return case


def test_a_code_tells_the_others_who_were_paged_once(desk: Desk) -> None:
    desk.tip("critical knife")
    desk.phones.sent.clear()
    desk.reply("Ana", desk.code())
    assert told(desk) == [("Ana", "Acknowledged: case 2026-0001. Thank you."), ("Ben", "Ana has case 2026-0001.")]
    desk.another_worker().run()
    desk.wait(minutes=1)
    assert told(desk) == []
    assert len(desk.events("callout.told")) == 1


@pytest.mark.parametrize(
    ("responder", "expected"),
    [
        pytest.param("Ben", [("Ana", "Ben has case 2026-0001.")], id="a responder's account"),
        pytest.param(
            None, [(one, "Jose Nunez has case 2026-0001.") for one in ("Ana", "Ben")], id="an account in no directory"
        ),
    ],
)
def test_the_console_tells_those_who_were_paged(
    desk: Desk, responder: str | None, expected: list[tuple[str, str]]
) -> None:
    case = desk.tip("critical knife")
    desk.phones.sent.clear()
    take(desk, case, f"account:{account(desk, 'José Núñez', responder)}")
    assert told(desk) == expected


def test_another_system_has_no_name_in_the_text(desk: Desk) -> None:
    case = desk.tip("high thing")
    desk.phones.sent.clear()
    take(desk, case, "token:1")
    assert told(desk) == [("Ana", "Case 2026-0001 is taken.")]


def test_many_cases_of_one_code_are_one_text(desk: Desk) -> None:
    desk.world.text("critical other", sender=OTHER)
    desk.tip("critical knife")
    desk.phones.sent.clear()
    desk.reply("Ana", desk.code())
    assert told(desk)[-1] == ("Ben", "Ana has case 2026-0001 (+1 more).")


def test_whose_page_never_left_is_told_nothing(desk: Desk) -> None:
    desk.phones.refusals += [SendError("503", retryable=True, retry_after_seconds=30)] * 2
    case = desk.tip("critical knife")
    take(desk, case, "token:1")
    assert told(desk) == []


@pytest.mark.parametrize(("words", "keyword"), [("none more", None), ("STOP", "stop")])
def test_a_new_message_is_told_to_who_has_the_case(desk: Desk, words: str, keyword: str | None) -> None:
    taken_by_ana(desk)
    desk.wait(seconds=1)
    desk.tip(words, keyword=keyword)
    assert told(desk) == [("Ana", AGAIN)]
    assert len(desk.events("case.noticed")) == 1


def test_a_new_message_is_told_once_until_they_act_and_not_within_five_minutes(desk: Desk) -> None:
    case = taken_by_ana(desk)
    texts = []
    for minute in range(4):
        desk.wait(seconds=30)
        desk.tip(f"none more {minute}")
        texts += told(desk)
    assert texts == [("Ana", AGAIN)]
    desk.move(case, "in_progress", "started")
    desk.wait(seconds=1)
    desk.tip("none and more")
    assert told(desk) == []
    desk.wait(minutes=4)
    assert told(desk) == [("Ana", AGAIN)]


def test_a_new_message_is_told_to_whom_the_case_was_given(desk: Desk) -> None:
    case = taken_by_ana(desk)
    given = account(desk, "Ben", "Ben")
    with desk.world.database.write() as session:
        cases.assign(session, session.get_one(Case, case.id), given, "account:1", desk.now)
    desk.wait(seconds=1)
    desk.tip("none more")
    assert told(desk) == [("Ben", AGAIN)]


def test_a_new_message_has_nobody_to_be_told_to(desk: Desk) -> None:
    case = desk.tip("none thing")
    acknowledge(desk, case)
    desk.wait(seconds=1)
    desk.tip("none more")
    assert told(desk) == []
    assert desk.events("case.noticed") == []


def test_a_new_message_that_calls_out_again_is_no_news(desk: Desk) -> None:
    desk.tip("high thing")
    desk.reply("Ana", desk.code())
    desk.phones.sent.clear()
    desk.wait(seconds=1)
    desk.tip("critical knife")
    assert [text.split(":")[0] for _, text in told(desk)] == ["CRITICAL", "CRITICAL"]
    assert desk.events("case.noticed") == []


def test_news_that_fails_holds_up_no_tip_and_no_page(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    taken_by_ana(desk)

    def broken(*_: Any, now: datetime | None = None, **__: Any) -> int:
        raise RuntimeError(now)

    monkeypatch.setattr(paging, "tell", broken)
    desk.wait(seconds=1)
    desk.tip("none more")
    desk.tip("critical other", sender=OTHER)
    assert desk.paged() == ["Ana", "Ben"]
    monkeypatch.undo()
    desk.wait(seconds=20)
    assert told(desk) == [("Ana", AGAIN)]


def test_a_long_queue_keeps_no_news_waiting(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    case = desk.tip("critical knife")
    acknowledge(desk, case)
    told_by: list[int] = []
    judge = desk.engine.__call__

    def judged(text: str, context: Context) -> Assessment:
        told_by.append(len(desk.events("callout.told")))
        desk.world.clock.forward(seconds=3)
        return judge(text, context)

    monkeypatch.setattr(desk.worker, "assess", judged)
    for place in range(12):
        desk.world.text("moderate thing", sender=f"+130355501{place + 30}")
    desk.world.courier.thread_all()
    desk.worker.take_all()
    assert len(told_by) == 12
    assert told_by[-1] == 1
