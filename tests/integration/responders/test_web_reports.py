"""Reports on the web go the way of texts: judged, made a case of, paged for, answered; and their time ends."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete

from gateway.core import courier, key_files, receipts, rotation
from gateway.core import desk as core_desk
from gateway.core.errors import NotFound
from gateway.core.filing import Attachment
from gateway.core.keys import PROCESSES, KeySet, load
from gateway.core.records import Copy, Message, Send, Thread
from gateway.core.reports import Report
from gateway.front.migrations.tables import METADATA
from responders.asking.records import Question
from responders.cases import replying, seeing
from responders.cases.records import Case
from responders.retention import service as retention
from responders.retention.destroying import Destroyer
from tests.integration.responders.conftest import Desk, acknowledge
from tests.support.ages import Ages
from tests.support.world import World
from triage import engine
from triage.model import Assessment, Context


def taken(desk: Desk, words: str, **parts: object) -> tuple[Case, receipts.Receipt]:
    """Report on the web and have it dispatched, with no courier anywhere near."""
    filed = desk.world.report(words, **parts)
    desk.worker.run()
    case = desk.case_of(filed.message_id)
    assert case is not None
    return case, filed.receipt


def seen_at(desk: Desk, receipt: receipts.Receipt) -> datetime | None:
    return desk.world.come_back(receipt).seen_at


def test_a_report_opens_a_case_at_its_school_and_pages_at_once(desk: Desk) -> None:
    case, _ = taken(desk, "critical knife")
    assert (case.school_id, case.severity, case.unsure, case.stray) == (desk.world.school_id, "critical", False, False)
    assert desk.paged() == ["Ana", "Ben"]


def test_a_report_to_the_whole_district_calls_the_districts_people(desk: Desk) -> None:
    case, _ = taken(desk, "critical knife", school_id=None)
    assert case.school_id is None
    assert desk.paged() == ["Dee"]


@pytest.mark.parametrize(
    ("category", "unsure", "paged"),
    [(None, False, []), ("other", False, []), ("bullying", False, []), ("weapon", True, ["Ana"])],
)
def test_what_the_reporter_chose_raises(desk: Desk, category: str | None, unsure: bool, paged: list[str]) -> None:
    case, _ = taken(desk, "none it is cold", category=category)
    assert (case.unsure, case.unsure_reason) == (unsure, "chosen_topic" if unsure else None)
    assert case.categories[0] == (category if category not in {None, "other"} else "bullying")
    assert desk.paged() == paged


@pytest.mark.parametrize(
    ("category", "paged", "asked"), [("suicide_self_harm", ["Ana"], 0), ("bullying", [], 1)], ids=["urgent", "calm"]
)
def test_few_words_about_what_is_urgent_call_a_person_and_are_not_asked_back(
    desk: Desk, category: str, paged: list[str], asked: int
) -> None:
    case, _ = taken(desk, "hm", category=category)
    assert (desk.paged(), desk.world.count(Question)) == (paged, asked)
    assert case.unsure == (not asked)


@pytest.mark.parametrize("category", ["bullying", "other", "property"])
def test_what_the_reporter_chose_never_lowers(desk: Desk, category: str) -> None:
    case, _ = taken(desk, "critical knife", category=category)
    assert (case.severity, case.life_safety, case.categories[0]) == ("critical", True, "weapon")
    assert desk.paged() == ["Ana", "Ben"]


@pytest.mark.parametrize(
    "parts", [{"role": "student"}, {"before": True}, {"where": "gym"}, {"where": "gym", "who": "ana", "role": "parent"}]
)
def test_a_short_cry_calls_a_person_whatever_else_was_filled_in(desk: Desk, parts: dict[str, object]) -> None:
    """The engine by itself takes "help", a place and a name together for everyday words."""
    desk.worker.assess, desk.worker.engine_seconds = engine.assess, 60.0
    case, _ = taken(desk, "help", **parts)
    assert (case.unsure, case.unsure_reason) == (True, "too_short")
    assert desk.paged() == ["Ana"]


@pytest.mark.parametrize(
    ("of_whole", "of_part", "severity", "reason", "paged"),
    [
        ("contradictory", "moderate", "moderate", "contradictory", ["Ana"]),
        ("moderate", "contradictory", "moderate", "contradictory", ["Ana"]),
        ("hm", "contradictory", "none", "contradictory", ["Ana"]),
        ("contradictory", "hm", "none", "contradictory", ["Ana"]),
        ("contradictory", "high", "high", None, ["Ana"]),
        ("hm", "hm", "none", None, []),
        ("moderate", "low", "moderate", None, []),
    ],
)
def test_doubt_about_a_report_or_about_what_happened_is_kept_whichever_is_graver(
    desk: Desk, of_whole: str, of_part: str, severity: str, reason: str | None, paged: list[str]
) -> None:
    judge = desk.engine

    def assess(text: str, context: Context) -> Assessment:
        word = of_part if text == "what happened" else of_whole
        return engine.undecided(word, context) if word == "contradictory" else judge(word, context)

    desk.worker.assess = assess
    case, _ = taken(desk, "what happened", where="gym")
    assert (case.severity, case.unsure_reason) == (severity, reason)
    assert desk.paged() == paged


@pytest.mark.parametrize(
    ("parts", "reason"),
    [({}, "no_text"), ({"role": "student", "before": True}, "no_text"), ({"where": "gym"}, "too_short")],
)
def test_a_picture_without_words_calls_a_person(desk: Desk, parts: dict[str, Any], reason: str) -> None:
    desk.worker.assess, desk.worker.engine_seconds = engine.assess, 60.0
    world, picture = desk.world, Attachment(b"digest", lambda _session, _message_id: None)
    said = {"school_id": world.school_id, "district_id": world.district_id, "once": receipts.new_seed(), **parts}
    report = Report(text="", **said)
    filed = core_desk.file(world.of("intake"), world.keys["intake"], report, world.clock(), [picture])
    desk.worker.run()
    case = desk.case_of(filed.message_id)
    assert case is not None
    assert (case.unsure, case.unsure_reason) == (True, reason)
    assert desk.paged() == ["Ana"]


def test_danger_in_any_part_is_heard(desk: Desk) -> None:
    desk.worker.assess, desk.worker.engine_seconds = engine.assess, 60.0
    case, _ = taken(desk, "please come", who="a kid with a gun", where="2nd floor bathroom")
    assert case.severity == "critical"
    assert desk.paged() == ["Ana", "Ben"]


def test_an_answer_joins_its_case_and_a_closed_one_reopens_on_the_same_thread(desk: Desk) -> None:
    case, receipt = taken(desk, "moderate fight")
    desk.move(case, "closed")
    assert desk.world.come_back(receipt).closed
    desk.wait(hours=1)
    message_id = desk.world.answer(receipt, "critical knife")
    desk.worker.run()
    again = desk.case_of(message_id)
    assert again is not None
    assert (again.id, again.severity, again.state) == (case.id, "critical", "new")
    assert desk.paged() == ["Ana", "Ben"]
    assert not desk.world.come_back(receipt).closed
    assert desk.world.count(Thread) == 1


def test_a_reporter_learns_that_a_person_has_seen_it_and_of_each_later_message_anew(desk: Desk) -> None:
    case, receipt = taken(desk, "critical knife")
    assert seen_at(desk, receipt) is None
    desk.wait(seconds=30)
    acknowledge(desk, case)
    first = seen_at(desk, receipt)
    assert first == desk.now
    desk.wait(minutes=1)
    with desk.world.of("console").write() as session:
        assert not seeing.is_unseen(session, case)
        seeing.see(session, case, desk.now)
    assert seen_at(desk, receipt) == first, "nothing new had come in"
    desk.world.answer(receipt, "critical knife again")
    desk.worker.run()
    desk.wait(minutes=1)
    with desk.world.of("console").write() as session:
        assert seeing.is_unseen(session, case)
        seeing.see(session, case, desk.now)
    assert seen_at(desk, receipt) == desk.now


def test_a_code_from_a_phone_is_no_reading_of_the_words(desk: Desk) -> None:
    _, receipt = taken(desk, "critical knife")
    desk.wait(seconds=30)
    desk.reply("Ana", desk.code())
    assert seen_at(desk, receipt) is None


def test_seeing_is_told_of_this_case_alone_and_not_of_texts(desk: Desk) -> None:
    case, _ = taken(desk, "critical knife")
    _, other = taken(desk, "critical fire", school_id=desk.world.second_school_id)
    texted = desk.tip("critical text")
    acknowledge(desk, case)
    acknowledge(desk, texted)
    assert seen_at(desk, other) is None
    with desk.world.database.read() as session:
        assert [one.seen_at for one in session.query(Thread).where(Thread.channel == "sms")] == [None]


def test_a_reply_waits_with_the_receipt_and_one_click_is_one_reply(desk: Desk) -> None:
    case, receipt = taken(desk, "critical knife")
    before = desk.world.count(Send)
    with desk.world.database.read() as session:
        thread_id = session.query(Thread.id).scalar() or ""
    said = set()
    for _ in range(2):
        with desk.world.of("console").write() as session:
            thread = session.get_one(Thread, thread_id)
            keys, now = desk.world.keys["console"], desk.now
            said.add(replying.reply(session, keys, thread, "are you safe?", author="account:1", now=now).id)
    assert len(said) == 1
    found = desk.world.come_back(receipt)
    assert [(one.by, one.text) for one in found.entries] == [("you", "critical knife"), ("staff", "are you safe?")]
    assert found.seen_at == desk.now, "who answers has read"
    assert desk.world.count(Send) == before, "pages alone were written"
    assert desk.case(case).id == case.id


def test_two_reports_are_two_threads_that_never_read_each_other(desk: Desk) -> None:
    _, first = taken(desk, "critical knife")
    _, second = taken(desk, "critical knife too")
    assert [one.text for one in desk.world.come_back(first).entries] == ["critical knife"]
    assert [one.text for one in desk.world.come_back(second).entries] == ["critical knife too"]


@pytest.fixture
def root(key_root: Path, tmp_path: Path) -> Path:
    """Keys of this test's own, which it may destroy."""
    return Path(shutil.copytree(key_root, tmp_path / "keys"))


@pytest.fixture
def keys(root: Path) -> Mapping[str, KeySet]:
    return {process: load(root / process, process) for process in PROCESSES}


def test_retention_leaves_nothing_of_a_web_thread(world: World, root: Path) -> None:
    filed = world.report("there was a fight")
    world.reply(filed.thread_id, "where was it?")
    Ages(world).close_cases()
    world.clock.forward(days=4 * 365)
    kept = world.report("there was another fight")
    with world.of("clock").write() as session:
        retention.order(session, retention.CLOCK, world.clock())
    Destroyer(world.of("worker"), world.keys["worker"], root / "worker", world.clock).work()
    courier.forget_all(world.of("courier"))
    assert [world.count(table) for table in (Thread, Message, Copy)] == [1, 1, 1]
    with pytest.raises(NotFound):
        world.come_back(filed.receipt)
    assert [one.text for one in world.come_back(kept.receipt).entries] == ["there was another fight"]


def test_rotation_of_our_keys_leaves_the_reporters_copies_alone(world: World, root: Path) -> None:
    filed = world.report("there was a fight")
    world.reply(filed.thread_id, "where was it?")
    for kind in ("identity", "outbound", "content"):
        key_files.rotate(root, kind)
    old = [one for kind in ("identity", "outbound", "content") for one in key_files.old_keys(root, kind)]
    with world.database.read() as session:
        used = rotation.usage(session, METADATA, old)
    assert set(used) == {"messages.words_sealed"}
    with world.database.write() as session:
        session.execute(delete(Send))
    assert [one.by for one in world.come_back(filed.receipt).entries] == ["you", "staff"]
