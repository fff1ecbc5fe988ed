"""What lapses and what is kept: holds, open cases, joined cases, STOP, pages, copies at the carrier, damaged rows."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from gateway.core import conversation, courier, intake, key_files
from gateway.core.errors import BadInput
from gateway.core.keys import PROCESSES, KeySet, load
from gateway.core.messages import Inbound
from gateway.core.records import District, Line, Message, Send, Thread, Token
from gateway.core.rotation import Renewer
from gateway.front.wiring import courier as courier_wiring
from responders.cases import erasing as of_cases
from responders.cases import holds
from responders.cases.records import Case, CaseHold
from responders.paging import erasing as of_paging
from responders.paging.records import Page
from responders.retention import destroying, lapsing, report, rules, service
from responders.retention.destroying import Destroyer
from responders.retention.records import KeyEnd, RetentionRule, Tombstone
from tests.support.ages import Ages
from tests.support.world import REPORTS, STUDENT, World


@pytest.fixture
def root(key_root: Path, tmp_path: Path) -> Path:
    """Keys of this test's own, which it may destroy."""
    return Path(shutil.copytree(key_root, tmp_path / "keys"))


@pytest.fixture
def keys(root: Path) -> Mapping[str, KeySet]:
    return {process: load(root / process, process) for process in PROCESSES}


def destroy(world: World, root: Path) -> dict[str, int]:
    """Order and carry out a run; answers what it kept."""
    with world.of("clock").write() as session:
        service.order(session, service.CLOCK, world.clock())
    Destroyer(world.of("worker"), world.keys["worker"], root / "worker", world.clock).work()
    courier.forget_all(world.of("courier"))
    with world.database.read() as session:
        kept: dict[str, int] = report.past(session)[0]["kept"]
    return kept


def write_and_close(world: World, *texts: str, sender: str = STUDENT) -> str:
    """Let a student write and staff close it; answers the case's id."""
    for text in texts:
        world.text(text, sender=sender, keyword=text.lower() if text == "STOP" else "")
    world.courier.thread_all()
    Ages(world).close_cases()
    with world.database.read() as session:
        return session.scalars(select(Case.id).order_by(Case.opened_at.desc())).first() or ""


def count(world: World, table: type) -> int:
    with world.database.read() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_a_case_lapses_when_its_time_is_over_and_leaves_a_tombstone(world: World, root: Path) -> None:
    case_id = write_and_close(world, "there was a fight")
    world.clock.forward(days=3 * 365)
    assert not destroy(world, root)["held"]
    assert (count(world, Case), count(world, Message)) == (1, 2), "P3Y are a day more, with a leap year among them"
    world.clock.forward(days=2)
    destroy(world, root)
    assert [count(world, table) for table in (Case, Message, Thread, Token, Send, Page)] == [0] * 6
    with world.database.read() as session:
        tomb = session.get_one(Tombstone, case_id)
        assert (tomb.month, tomb.severity, tomb.destroyed_at) == ("2026-11", "moderate", world.clock())
    assert world.events("case.destroyed") == ["case.destroyed"]


@pytest.mark.parametrize("keeper", ["hold", "open", "news"])
def test_what_is_held_or_open_or_in_use_is_kept_and_its_months_key_still_goes(
    world: World, root: Path, keeper: str
) -> None:
    case_id = write_and_close(world, "there was a fight")
    with world.database.write() as session:
        case = session.get_one(Case, case_id)
        if keeper == "hold":
            assert holds.place(session, case, "records_request", "operator", world.clock())
            assert not holds.place(session, case, "records_request", "operator", world.clock())
        if keeper == "open":
            case.state = "in_progress"
    world.clock.forward(days=600)
    if keeper == "news":
        with world.database.write() as session:
            thread = session.scalars(select(Thread)).one()
            conversation.say(session, world.keys["console"], thread, "how are you?", kind="reply", actor="account:1",
                             now=world.clock())  # fmt: skip
    world.clock.forward(days=600)
    kept = destroy(world, root)
    assert kept == {"held": int(keeper == "hold"), "open": int(keeper == "open"), "carrier": 0}
    assert not (root / "worker/content/demo/2026-11.key").exists()
    with world.database.read() as session:
        words = [conversation.words(world.keys["worker"], one) for one in session.scalars(select(Message))]
    assert "there was a fight" in words
    if keeper == "hold":
        with world.database.write() as session:
            assert holds.release(session, session.get_one(Case, case_id), "operator", world.clock()) == 1
        destroy(world, root)
        assert (count(world, Case), count(world, CaseHold)) == (0, 0)


def test_a_hold_keeps_what_was_joined_with_its_case(world: World, root: Path) -> None:
    first, second = write_and_close(world, "a fight"), ""
    world.clock.forward(minutes=1)
    second = write_and_close(world, "the same fight again")
    assert first != second
    with world.database.write() as session:
        session.get_one(Case, second).joined_into_id = first
        holds.place(session, session.get_one(Case, second), "litigation", "operator", world.clock())
    world.clock.forward(days=4 * 365)
    assert destroy(world, root)["held"] == 1
    assert (count(world, Case), count(world, Tombstone)) == (2, 0)


def test_hold_refuses_a_reason_that_is_none(world: World) -> None:
    case_id = write_and_close(world, "a fight")
    with pytest.raises(BadInput, match="litigation"), world.database.write() as session:
        holds.place(session, session.get_one(Case, case_id), "because", "operator", world.clock())
    assert count(world, CaseHold) == 0


def test_no_concern_and_strays_go_early(world: World, root: Path) -> None:
    for number, (severity, stray, unsure) in enumerate(
        [("none", False, False), ("none", True, True), ("none", False, True), ("high", True, True)]
    ):
        case_id = write_and_close(world, f"text {number}")
        with world.database.write() as session:
            case = session.get_one(Case, case_id)
            case.severity, case.stray, case.unsure = severity, stray, unsure
        world.clock.forward(minutes=1)
    world.clock.forward(days=91)
    destroy(world, root)
    with world.database.read() as session:
        (run,) = report.past(session)
        assert sorted(session.scalars(select(Case.severity))) == ["high", "none"]
    assert {row["kind"] for row in run["destroyed"]} == {"no_concern", "quarantine", "pages"}


def test_stop_is_kept_as_a_bare_index_and_nothing_else(world: World, root: Path) -> None:
    write_and_close(world, "there was a fight", "STOP")
    world.clock.forward(days=1200)
    destroy(world, root)
    with world.database.read() as session:
        token = session.scalars(select(Token)).one()
        assert (token.address_sealed, token.thread_id) == (b"", None)
        assert token.opted_out_at is not None
    world.carrier.sent.clear()
    world.text("hello again")
    world.courier.thread_all()
    world.courier.send_all()
    assert world.carrier.sent == [], "they said STOP"
    with world.database.read() as session:
        token = session.scalars(select(Token)).one()
        assert world.keys["courier"].open(token.address_sealed, token.bound("address")) == STUDENT


def test_a_bare_index_goes_with_its_index_key(world: World, root: Path) -> None:
    write_and_close(world, "there was a fight", "STOP")
    world.clock.forward(days=1200)
    destroy(world, root)
    key_files.rotate(root, "index")
    renewer = Renewer(world.of("courier"), world.clock, courier_wiring.renewals(world.keys["courier"]))
    while renewer.step():
        pass
    assert count(world, Token) == 0


def test_a_token_that_leads_to_a_newer_thread_stays(world: World, root: Path) -> None:
    write_and_close(world, "long ago")
    world.clock.forward(days=1200)
    world.text("today")
    world.courier.thread_all()
    destroy(world, root)
    with world.database.read() as session:
        assert session.scalars(select(Token.thread_id)).one() == session.scalars(select(Thread.id)).one()


def test_pages_lose_their_words_early_and_the_case_keeps_who_was_paged(world: World, root: Path) -> None:
    write_and_close(world, "there was a fight")
    world.clock.forward(days=91)
    destroy(world, root)
    with world.database.read() as session:
        assert set(session.scalars(select(Send.body_sealed))) == {b""}
    assert (count(world, Page), count(world, Message)) == (1, 2)


def test_a_text_waits_for_its_copy_at_the_carrier_but_not_for_ever(world: World, root: Path) -> None:
    write_and_close(world, "there was a fight")
    with world.database.write() as session:
        session.execute(update(Message).where(Message.direction == "in").values(carrier_deleted_at=None, media_count=2))
        assert session.scalars(select(Line.deletes_at_carrier).where(Line.number == REPORTS)).one()
    world.clock.forward(days=3 * 365 + 2)
    assert destroy(world, root)["carrier"] == 1
    with world.database.read() as session:
        assert set(session.scalars(select(Message.media_count))) == {0}, "so the courier may delete it there now"
    world.clock.forward(days=15)
    assert destroy(world, root)["carrier"] == 0
    assert count(world, Message) == 0


def test_what_does_not_open_keeps_its_months_keys_and_is_a_finding(world: World, root: Path) -> None:
    case_id = write_and_close(world, "there was a fight")
    with world.database.write() as session:
        holds.place(session, session.get_one(Case, case_id), "audit", "operator", world.clock())
        row = session.scalars(select(Message).where(Message.direction == "in")).one()
        whole, row.words_sealed = row.words_sealed, row.words_sealed[:50] + bytes(10) + row.words_sealed[60:]
        message_id = row.id
    world.clock.forward(days=200)
    destroy(world, root)
    assert (root / "worker/content/demo/2026-11.key").exists()
    with world.database.read() as session:
        (end,) = report.stuck(session)
        assert (end.month, end.finding, end.worker_gone_at) == ("2026-11", "unsealable", None)
    with world.database.write() as session:
        session.get_one(Message, message_id).words_sealed = whole
    world.clock.forward(days=1)
    destroy(world, root)
    assert not (root / "worker/content/demo/2026-11.key").exists()
    assert conversation.words(world.keys["worker"], world.message(message_id)) == "there was a fight"


def test_keys_that_somebody_brings_back_go_again(world: World, root: Path) -> None:
    saved = (root / "worker/content/demo/2026-11.key").read_bytes()
    world.clock.forward(days=200)
    destroy(world, root)
    key_files.put(root / "worker/content/demo/2026-11.key", saved)
    Destroyer(world.of("worker"), world.keys["worker"], root / "worker", world.clock).work()
    assert not (root / "worker/content/demo/2026-11.key").exists()


def test_a_text_that_comes_months_late_is_sealed_to_a_key_that_is_there(world: World, root: Path) -> None:
    long_ago = world.clock()
    world.clock.forward(days=200)
    destroy(world, root)
    late = Inbound("sms", "SMlate", STUDENT, REPORTS, "help", long_ago, recovered_at=world.clock())
    message_id = intake.receive(world.of("courier"), world.keys["courier"], late).message_id
    assert conversation.words(world.keys["worker"], world.message(message_id)) == "help"


def test_the_key_in_use_never_goes_though_no_later_one_was_made(world: World, root: Path) -> None:
    for path in root.rglob("content/*/2027-*"):
        path.unlink()
    for path in root.rglob("content/*/2028-*"):
        path.unlink()
    key_files.tell(root, PROCESSES)
    write_and_close(world, "there was a fight")
    world.clock.forward(days=500)
    destroy(world, root)
    assert (root / "worker/content/demo/2026-12.key").exists()
    assert not (root / "worker/content/demo/2026-11.key").exists()


def test_preview_says_what_a_run_would_do_and_does_nothing(world: World, root: Path) -> None:
    write_and_close(world, "there was a fight")
    world.clock.forward(days=1200)
    with world.database.read() as session:
        found = report.preview(session, root / "worker", world.clock())
    assert {"district": "demo", "kind": "cases", "month": "2026-11", "things": 1} in found["destroyed"]
    assert {"district": "demo", "month": "2026-11"} in found["keys"]
    assert (count(world, Case), count(world, KeyEnd)) == (1, 0)


def test_orders_come_once_a_day_and_one_that_waits_is_not_doubled(world: World) -> None:
    with world.database.write() as session:
        assert service.is_due(session, world.clock())
        first = service.order(session, service.CLOCK, world.clock())
        assert service.order(session, "operator", world.clock()).id == first.id
        assert not service.is_due(session, world.clock() + timedelta(hours=23))
        assert service.is_due(session, world.clock() + timedelta(hours=24))
        assert service.is_due(session, world.clock() + timedelta(days=31))
        assert not service.is_due(session, world.clock() + timedelta(days=32)), "a leap: a person decides"


def test_a_worker_whose_clock_leaps_ahead_destroys_nothing_young(world: World, root: Path) -> None:
    write_and_close(world, "there was a fight")
    with world.of("clock").write() as session:
        service.order(session, service.CLOCK, world.clock())
    world.clock.forward(days=3000)
    assert Destroyer(world.of("worker"), world.keys["worker"], root / "worker", world.clock).work()
    assert (count(world, Case), count(world, KeyEnd)) == (1, 0)


def test_events_lapse_by_the_longest_deadline_and_never_past_a_held_case(world: World) -> None:
    case_id = write_and_close(world, "there was a fight")
    opened = world.clock()
    now = world.clock.forward(days=9 * 365)
    with world.database.write() as session:
        district = session.get_one(District, world.district_id)
        rules.change(session, district, "events", "P1Y", "operator", now)
        assert (now - service.events_before(session, now)).days == 365
        holds.place(session, session.get_one(Case, case_id), "litigation", "operator", now)
        assert service.events_before(session, now) == opened - timedelta(days=1)


def test_a_rule_that_could_never_have_been_set_counts_as_not_there(world: World) -> None:
    with world.database.write() as session:
        session.add(RetentionRule(district_id=world.district_id, kind="cases", duration="P1D"))
        session.add(RetentionRule(district_id=world.district_id, kind="events", duration="nonsense"))
        session.flush()
        found = rules.of_district(session, world.district_id)
        assert (found["cases"], found["events"]) == ("P3Y", "P7Y")
        assert lapsing.all_deadlines(session)["common"] == found


def test_a_text_that_nobody_has_judged_yet_is_never_destroyed(world: World, root: Path) -> None:
    write_and_close(world, "there was a fight")
    long_ago = world.clock()
    world.clock.forward(days=1200)
    late = Inbound("sms", "SMlate", STUDENT, REPORTS, "help", long_ago, recovered_at=world.clock())
    message_id = intake.receive(world.of("courier"), world.keys["courier"], late).message_id
    with world.database.write() as session:
        session.get_one(Message, message_id).thread_id = session.scalars(select(Thread.id)).one()
    assert destroy(world, root)["open"] == 1
    assert world.message(message_id).dispatched_at is None


def test_cases_that_are_young_for_their_kind_are_not_even_looked_at(world: World) -> None:
    case_id = write_and_close(world, "there was a fight")
    now = world.clock.forward(days=200)
    with world.database.write() as session:
        deadlines = rules.of_district(session, world.district_id)
        assert lapsing.candidates(session, world.district_id, deadlines, now, "") == []
        session.get_one(Case, case_id).severity = "none"
        session.flush()
        assert lapsing.candidates(session, world.district_id, deadlines, now, "") == [case_id]


def test_the_console_keeps_a_key_that_something_is_under_again(world: World, root: Path) -> None:
    in_november = world.clock()
    world.clock.forward(days=200)
    destroy(world, root)
    message_id = world.text("sent while the clock was wrong")
    with world.database.write() as session:
        row = session.get_one(Message, message_id)
        row.words_sealed = world.keys["intake"].seal_words("demo", in_november, "help", row.bound("words"))
    destroying.end_keys_of_console(world.of("console"), root / "console", world.clock)
    assert conversation.words(world.keys["console"], world.message(message_id)) == "help"
    with world.database.write() as session:
        session.delete(session.get_one(Message, message_id))
    destroying.end_keys_of_console(world.of("console"), root / "console", world.clock)
    assert not (root / "console/content/demo/2026-11.key").exists()


def test_an_order_from_the_future_does_not_stop_the_days_orders(world: World) -> None:
    with world.database.write() as session:
        first = service.order(session, service.CLOCK, world.clock() + timedelta(days=4000))
        first.finished_at = world.clock()
        assert service.is_due(session, world.clock())
        service.order(session, service.CLOCK, world.clock()).finished_at = world.clock()
        assert not service.is_due(session, world.clock() + timedelta(hours=1))
        assert service.is_due(session, world.clock() + timedelta(hours=24))


def test_a_clock_from_before_the_keys_were_made_asks_for_no_destroyed_key(world: World, root: Path) -> None:
    world.clock.forward(days=200)
    destroy(world, root)
    key_files.init(root, ["demo"], world.clock())
    message_id = world.text("help")
    with world.database.write() as session:
        row = session.get_one(Message, message_id)
        row.words_sealed = world.keys["intake"].seal_words(
            "demo", datetime(1970, 1, 1, tzinfo=UTC), "help", row.bound("words")
        )
    assert conversation.words(world.keys["worker"], world.message(message_id)) == "help"


def test_a_text_that_reaches_its_thread_after_the_judgement_outlives_the_case(world: World) -> None:
    case_id = write_and_close(world, "there was a fight")
    now = world.clock.forward(days=1200)
    late = world.text("help")
    with world.database.write() as session:
        case = session.get_one(Case, case_id)
        verdict = lapsing.judge(session, case, rules.of_district(session, world.district_id), now)
        session.get_one(Message, late).thread_id = session.scalars(select(Thread.id)).one()
        session.flush()
        of_paging.forget_cases(session, verdict.found.case_ids)
        of_cases.erase(session, verdict.found)
    assert verdict.fate == "lapsed"
    assert courier.forget_all(world.of("courier")) == 0
    with world.database.read() as session:
        assert list(session.scalars(select(Message.id))) == [late]
