"""Dispatch: whatever happens to the engine, the keys or the database, a person sees the tip, and nothing is held up."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import delete, event, select

from gateway.core.database import Database
from gateway.core.keys import KeySet
from gateway.core.records import Contact, District, Line, Message, School
from responders import dispatch
from responders.cases import service as cases
from responders.cases.records import Case
from responders.paging import service as paging
from tests.integration.responders.conftest import PEOPLE, Desk
from tests.support.world import PAGING, UNKNOWN, World


@pytest.mark.parametrize(
    ("text", "reason"),
    [pytest.param("boom", "engine_error", id="error"), pytest.param("hang", "timeout", id="time-out")],
)
def test_take_all_makes_an_unsure_case_when_the_engine_fails(desk: Desk, text: str, reason: str) -> None:
    desk.worker.engine_seconds = 0.05
    case = desk.tip(text)
    assert (case.unsure, case.unsure_reason) == (True, reason)
    assert desk.paged() == ["Ana"]


def test_take_all_goes_on_past_poison(desk: Desk) -> None:
    desk.worker.engine_seconds = 0.05
    for place, text in enumerate(["hang", "boom", "moderate fine"]):
        desk.world.text(text, sender=f"+1303555013{place}")
    desk.world.courier.thread_all()
    desk.worker.run()
    with desk.world.database.read() as session:
        reasons = session.scalars(select(Case.unsure_reason).order_by(Case.number)).all()
    assert sorted(reasons, key=str) == [None, "engine_error", "timeout"]


def test_take_all_makes_an_unsure_case_of_words_that_do_not_open(desk: Desk) -> None:
    message_id = desk.world.text("critical knife")
    with desk.world.database.write() as session:
        session.get_one(Message, message_id).words_sealed = b"not an envelope"
    desk.world.courier.thread_all()
    desk.worker.run()
    case = desk.case_of(message_id)
    assert case is not None
    assert (case.unsure, case.unsure_reason) == (True, "unreadable")
    assert desk.paged() == ["Ana"]


def test_take_all_waits_five_seconds_for_the_courier(desk: Desk) -> None:
    message_id = desk.world.text("critical knife")
    desk.wait(seconds=4)
    assert desk.case_of(message_id) is None
    desk.wait(seconds=2)
    assert desk.case_of(message_id) is not None
    assert desk.paged() == ["Ana", "Ben"]


def test_take_all_takes_each_message_once(desk: Desk) -> None:
    case = desk.tip("critical knife")
    for _ in range(3):
        desk.worker.run()
    with desk.world.database.read() as session:
        assert len(cases.assessments(session, desk.world.keys["worker"], case)) == 1
    assert desk.paged() == ["Ana", "Ben"]


def test_take_all_asks_for_a_lone_keyword_too(desk: Desk) -> None:
    case = desk.tip("HELP", keyword="help")
    assert case.unsure
    assert desk.paged() == ["Ana"]


def test_take_all_takes_a_strangers_text_to_the_paging_line_as_a_tip(desk: Desk) -> None:
    case = desk.tip("critical knife", to=PAGING)
    assert case.state == "new"
    assert desk.paged() == ["Dee"]


def test_take_all_takes_words_on_the_paging_line_when_the_courier_stays_away(desk: Desk) -> None:
    words, code = desk.world.text("critical knife", to=PAGING), desk.world.text("4821", sender=PEOPLE["Ana"], to=PAGING)
    desk.wait(seconds=50)
    assert desk.case_of(words) is None
    desk.wait(seconds=11)
    assert desk.case_of(words) is not None
    assert desk.case_of(code) is None
    assert desk.message(code).dispatched_at is None


def test_take_all_takes_a_misdirected_tip_that_names_a_room(desk: Desk) -> None:
    tip = desk.world.text("critical man with a gun in room 2104", to=PAGING)
    desk.wait(seconds=61)
    assert desk.case_of(tip) is not None
    assert desk.paged() == ["Dee"]


def test_take_all_shows_a_person_even_a_bare_code_when_the_courier_stays_away(desk: Desk) -> None:
    code = desk.world.text("ok 4821", sender=PEOPLE["Ana"], to=PAGING)
    desk.wait(seconds=299)
    assert desk.case_of(code) is None
    desk.wait(seconds=2)
    case = desk.case_of(code)
    assert case is not None
    assert (case.unsure, case.unsure_reason) == (True, "lone_code")
    assert desk.paged() == ["Dee"]


def test_a_code_that_was_taken_for_a_tip_still_acknowledges_when_the_courier_is_back(desk: Desk) -> None:
    case = desk.tip("critical knife")
    code = desk.world.text(desk.code(), sender=PEOPLE["Ana"], to=PAGING)
    desk.wait(seconds=301)
    shown = desk.case_of(code)
    assert shown is not None
    desk.world.clock.forward(seconds=1)
    desk.world.courier.thread_all()
    for _ in range(2):
        desk.worker.run()
    assert [desk.case(one).state for one in (case, shown)] == ["acknowledged", "acknowledged"]
    assert desk.callouts() == []
    assert len(desk.events("page.acknowledged")) == 1


def test_take_all_keeps_a_message_that_no_district_can_take(
    database: Database, keys: Mapping[str, KeySet], capsys: pytest.CaptureFixture[str]
) -> None:
    nowhere = World(database, keys)
    desk = Desk(nowhere)
    message_id = nowhere.text("critical knife", to=UNKNOWN)
    nowhere.clock.forward(seconds=6)
    assert desk.worker.run() == 0
    assert nowhere.message(message_id).dispatched_at is None
    assert "no_district" in capsys.readouterr().out
    desk.worker.run()
    assert "no_district" not in capsys.readouterr().out
    nowhere.build()
    desk.wait(seconds=16)
    case = desk.case_of(message_id)
    assert case is not None
    assert case.stray


def test_take_all_takes_on_trust_that_some_district_looks_after_strays(desk: Desk) -> None:
    with desk.world.database.write() as session:
        session.get_one(District, desk.world.district_id).takes_strays = False
    case = desk.tip("low thing", to=UNKNOWN, threaded=False)
    assert (case.district_id, case.stray) == (desk.world.district_id, True)


def test_take_all_opens_an_unsure_case_when_an_assessment_cannot_be_kept(desk: Desk) -> None:
    judge = desk.engine

    def odd(text: str, context: object) -> object:
        return replace(judge(text, context), indicators=("not an indicator",))  # type: ignore[arg-type]

    desk.worker.assess = odd  # type: ignore[assignment]
    case = desk.tip("moderate one")
    assert (case.unsure, case.unsure_reason) == (True, "engine_error")


def test_sweeps_are_one_read_each_when_nothing_is_due(desk: Desk) -> None:
    desk.tip("moderate one")
    desk.worker.run()
    statements: list[str] = []

    def note(*args: object) -> None:
        statements.append(str(args[2]))

    event.listen(desk.worker.database.engine, "before_cursor_execute", note)
    desk.worker.run()
    event.remove(desk.worker.database.engine, "before_cursor_execute", note)
    kept = [s for s in statements if not s.startswith(("BEGIN", "PRAGMA"))]
    assert len(kept) == 9, kept
    assert all(statement.startswith("SELECT") for statement in kept)


def side_by_side(act: Callable[[int], object], times: int = 3) -> None:
    """Do something in several threads that start together."""
    start = threading.Barrier(times)

    def work(place: int) -> None:
        start.wait()
        act(place)

    with ThreadPoolExecutor(times) as pool:
        list(pool.map(work, range(times)))


def test_workers_side_by_side_take_each_message_and_page_each_person_once(desk: Desk) -> None:
    for place in range(6):
        desk.world.text("critical knife", sender=f"+1303555013{place}")
    desk.world.courier.thread_all()
    workers = [desk.another_worker(seconds=20) for _ in range(3)]
    side_by_side(lambda place: (workers[place].take_all(), workers[place].page_all()))
    desk.worker.run()
    with desk.world.database.read() as session:
        assert sorted(session.scalars(select(Case.number))) == [f"2026-000{n}" for n in range(1, 7)]
    assert len(desk.callouts()) == 1
    told = [event.data["responder"] for event in desk.events("page.written")]
    assert len(told) == len(set(told)) == 2


def test_workers_side_by_side_write_each_round_once(desk: Desk) -> None:
    desk.tip("critical knife")
    desk.paged()
    workers = [desk.another_worker() for _ in range(3)]
    for _ in range(3):
        desk.world.clock.forward(seconds=60)
        side_by_side(lambda place: workers[place].page_all())
        desk.worker.send_all()
    assert desk.paged() == ["Ana"] * 3 + ["Ben"] * 3 + ["Cy"]


def test_acknowledging_while_rounds_are_written_ends_them(desk: Desk) -> None:
    case = desk.tip("critical knife")
    desk.world.clock.forward(seconds=60)

    def act(place: int) -> None:
        if place:
            desk.another_worker().page_all()
            return
        with desk.world.database.write() as session:
            paging.acknowledge(session, session.get_one(Case, case.id), "account:1", desk.now)

    side_by_side(act)
    desk.paged()
    desk.wait(minutes=5)
    assert set(desk.phones.texts) == {"Case 2026-0001 is taken."}
    assert desk.paged() == ["Ana", "Ben"]
    desk.wait(minutes=5)
    assert desk.paged() == []
    assert desk.callouts() == []


def test_take_all_pages_before_it_goes_on_past_a_slow_message(desk: Desk) -> None:
    desk.worker.engine_seconds = 0.05
    desk.world.text("hang", sender="+13035550131")
    desk.world.clock.forward(seconds=1)
    desk.world.text("moderate fine", sender="+13035550132")
    desk.world.courier.thread_all()
    desk.worker.take_all()
    kinds = desk.world.events()
    assert kinds.index("page.written") < len(kinds) - 1 - kinds[::-1].index("message.assessed")


def test_answers_and_their_texts_do_not_wait_for_a_slow_queue(desk: Desk) -> None:
    case = desk.tip("critical knife")
    answer = desk.world.text(desk.code(), sender=PEOPLE["Ana"], to=PAGING)
    for place in range(3):
        desk.world.text("hang", sender=f"+1303555013{place}")
    desk.world.courier.thread_all()
    texted: list[int] = []
    desk.worker.engine_seconds = 0.05
    desk.worker.on_texts = lambda: texted.append(len(desk.events("message.assessed")))
    desk.worker.take_all()
    assert desk.message(answer).dispatched_at == desk.now
    assert desk.case(case).state == "acknowledged"
    assert texted[0] == 2


@pytest.mark.parametrize("step", ["take_all", "answer_all", "page_all"])
def test_run_goes_on_past_a_step_that_fails(desk: Desk, step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.tip("critical knife")
    code = desk.code()
    desk.paged()
    desk.world.clock.forward(seconds=61)
    tip = desk.world.text("moderate thing", sender="+13035550131")
    answer = desk.world.text(code, sender=PEOPLE["Ana"], to=PAGING)
    desk.world.courier.thread_all()

    def fail() -> int:
        raise RuntimeError

    fail.__name__ = step
    monkeypatch.setattr(desk.worker, step, fail)
    desk.worker.run()
    assert (desk.case_of(tip) is None) == (step == "take_all")
    assert (desk.message(answer).dispatched_at is None) == (step == "answer_all")
    assert desk.paged()


@pytest.mark.parametrize("restarted", [False, True], ids=["same-worker", "new-worker"])
def test_a_tip_is_shown_and_called_for_later_when_paging_always_fails(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], restarted: bool
) -> None:
    monkeypatch.setattr(paging, "call_out", _fails)
    tip = desk.world.text("critical knife")
    desk.world.courier.thread_all()
    desk.worker.run()
    assert desk.case_of(tip) is None
    desk.wait(seconds=16)
    case = desk.case_of(tip)
    assert case is not None
    assert (case.severity, case.unsure, case.unsure_reason) == ("critical", True, "not_paged")
    (told,) = desk.events("case.not_paged")
    assert (told.subject, told.data["urgency"]) == (f"case/{case.id}", "critical")
    assert "nobody was called out" in capsys.readouterr().out
    assert desk.paged() == []
    monkeypatch.undo()
    desk.worker = desk.another_worker() if restarted else desk.worker
    desk.wait(seconds=16)
    assert desk.paged() == ["Ana", "Ben"]


def _fails(*_: object) -> None:
    raise RuntimeError


def test_due_names_what_the_worker_would_do(desk: Desk) -> None:
    def due() -> bool:
        with desk.world.database.read() as session:
            return dispatch.due(session, desk.now)

    assert not due()
    desk.world.text("critical knife")
    assert not due()
    desk.world.clock.forward(seconds=6)
    assert due()
    desk.worker.run()
    assert not due()
    desk.report("Ana", "undelivered")
    assert due(), "a page failed"
    desk.worker.run()
    desk.world.text("what", sender=PEOPLE["Ana"], to=PAGING)
    desk.world.clock.forward(seconds=6)
    assert not due(), "the courier must say whose it is"
    desk.world.courier.thread_all()
    assert due()


def test_claim_takes_the_district_before_the_message(desk: Desk) -> None:
    desk.world.text("moderate thing")
    desk.world.courier.thread_all()
    locks: list[str] = []

    def note(*args: object) -> None:
        if "FOR " in str(args[2]):
            locks.append(str(args[2]).split("FROM ")[1].split()[0])

    event.listen(desk.worker.database.engine, "before_cursor_execute", note)
    desk.worker.take_all()
    event.remove(desk.worker.database.engine, "before_cursor_execute", note)
    if not desk.world.database.is_sqlite:  # which has one lock for all
        assert locks[:2] == ["districts", "messages"]
    assert desk.events("case.opened")


def test_send_all_texts_from_the_paging_line(desk: Desk) -> None:
    desk.tip("high thing")
    (sent,) = desk.phones.sent
    assert (sent.sender, sent.to) == (PAGING, PEOPLE["Ana"])


def test_trace_leads_from_message_to_send(desk: Desk) -> None:
    case = desk.tip("critical knife")
    (assessed,), (opened,), (called,) = (
        desk.events(kind) for kind in ("message.assessed", "case.opened", "callout.opened")
    )
    assert assessed.subject == f"message/{opened.data['message']}"
    assert called.data["case"] == case.id
    sends = {f"send/{page.data['send']}" for page in desk.events("page.written")}
    assert {page.data["callout"] for page in desk.events("page.written")} == {called.subject.split("/")[1]}
    assert {sent.subject for sent in desk.events("send.sent")} == sends


def test_nobody_at_all_is_said_loudly_and_looked_for_again(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    with desk.world.database.write() as session:
        session.execute(delete(Line).where(Line.purpose == "paging"))
    desk.tip("critical knife")
    assert [event.data["why"] for event in desk.events("callout.nobody")] == ["no_line"]
    assert "nobody can be paged" in capsys.readouterr().out
    desk.wait(seconds=30)
    assert len(desk.events("callout.nobody")) == 1
    with desk.world.database.write() as session:
        session.add(Line(district_id=desk.world.district_id, number=PAGING, purpose="paging", label="paging"))
    desk.wait(seconds=31)
    assert desk.paged() == ["Ana", "Ben"]


def test_a_district_without_responders_gets_paged_when_it_has_one(
    database: Database, keys: Mapping[str, KeySet]
) -> None:
    world = World(database, keys)
    world.build()
    desk = Desk(world)
    desk.tip("critical knife")
    assert [event.data["why"] for event in desk.events("callout.nobody")] == ["no_responder"]
    desk.staff()
    with world.database.read() as session:
        assert len(session.scalars(select(Contact)).all()) == 4
        assert len(session.scalars(select(School)).all()) == 2
    desk.wait(seconds=61)
    assert desk.paged() == ["Ana", "Ben"]
