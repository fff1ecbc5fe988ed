"""The desk: reports, receipts and the way back, on both databases, under intake's own role."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, undefer

from gateway.core import conversation, desk, receipts
from gateway.core.errors import BadInput, Empty, KeyRefused, TooLong, Unavailable
from gateway.core.filing import Attachment, Filing
from gateway.core.records import Copy, District, Event, Message, School, Thread, new_id
from gateway.core.reports import LONGEST_WORDS, Report
from tests.support.world import World


def words(world: World, message_id: str) -> str:
    return conversation.words(world.keys["console"], world.message(message_id))


def thread_of(world: World, thread_id: str) -> Thread:
    with world.database.read() as session:
        return session.get_one(Thread, thread_id, options=[undefer("*")])


def a_report(world: World, text: str = "a gun in the gym", **parts: Any) -> Report:
    said = {"school_id": world.school_id, "district_id": world.district_id, "once": receipts.new_seed(), **parts}
    return Report(text=text, **said)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("theres a kid with a gun", id="english"),
        pytest.param("un chavo trae una pistola 🔫", id="spanish and emoji"),
        pytest.param("before \ud83d after", id="lone surrogate"),
        pytest.param("nul \x00 inside", id="NUL"),
        pytest.param("<script>alert('x')</script> & \"<b>\"", id="HTML"),
        pytest.param("\u202e right to left \u202d \u200b zero width", id="controls"),
        pytest.param("x" * LONGEST_WORDS, id="as long as may be"),
    ],
)
def test_file_keeps_any_text_for_staff_and_for_its_reporter(world: World, text: str) -> None:
    filed = world.report(text)
    assert words(world, filed.message_id) == text
    (entry,) = world.come_back(filed.receipt).entries
    assert (entry.by, entry.text, entry.at) == ("you", text, world.clock())


def test_file_makes_thread_message_copy_and_events_in_one_go(world: World) -> None:
    filed = world.report("a gun in the gym", category="weapon", where="gym", language="es", role="student")
    message, thread = world.message(filed.message_id), thread_of(world, filed.thread_id)
    assert (message.thread_id, message.channel, message.kind, message.topic) == (thread.id, "web", "tip", "weapon")
    assert (message.line_id, message.address_sealed, message.threaded_at) == (None, None, world.clock())
    assert (thread.line_id, thread.address_sealed, thread.channel, thread.language) == (None, None, "web", "es")
    assert (thread.school_id, thread.district_id) == (world.school_id, world.district_id)
    assert words(world, message.id) == "a gun in the gym\n\nDónde: gym\nDe: estudiante"
    assert world.events() == ["message.received", "thread.opened"]


def test_file_seals_before_it_writes(world: World) -> None:
    filed = world.report("a gun in the gym", who="ana")
    message = world.message(filed.message_id)
    with world.database.read() as session:
        (copy,) = session.scalars(select(Copy).options(undefer(Copy.words_sealed)))
    for envelope in (message.words_sealed, copy.words_sealed):
        assert b"gun" not in envelope
    for process in ("intake", "courier", "clock"):
        with pytest.raises(KeyRefused):
            world.keys[process].open(message.words_sealed, message.bound("words"))
    for keys in world.keys.values():
        with pytest.raises(KeyRefused):
            keys.open(copy.words_sealed, copy.bound("words"))


def test_file_keeps_nothing_of_the_receipt(world: World) -> None:
    once = receipts.new_seed()
    filed = world.report("a gun", once=once)
    world.answer(filed.receipt, "more", once)
    secret, shown = filed.receipt._secret, filed.receipt.shown()
    hidden = [secret, secret.hex(), shown, shown.replace("-", ""), once, bytes.fromhex(once),
              filed.receipt.private_key.private_bytes_raw()]  # fmt: skip
    with world.database.engine.connect() as connection:
        kept: list[object] = [
            value
            for table in reversed(Thread.metadata.sorted_tables)
            for row in connection.execute(table.select())
            for value in row
        ]
    stored = b"\n".join(one if isinstance(one, bytes) else str(one).encode() for one in kept)
    assert filed.receipt.lookup_id in stored, "the search bites"
    for one in hidden:
        content = one if isinstance(one, bytes) else str(one).encode()
        assert content not in stored
        assert content.lower() not in stored.lower()


def test_file_takes_a_report_to_the_whole_district(world: World) -> None:
    filed = world.report("smoke", school_id=None)
    assert world.come_back(filed.receipt).school_name is None
    assert thread_of(world, filed.thread_id).school_id is None


def _another_school(world: World) -> str:
    with world.database.write() as session:
        district = District(id=new_id(), slug="other", name="Other")
        session.add(district)
        session.flush()
        school = School(id=new_id(), district_id=district.id, slug="x", name="X")
        session.add(school)
        return school.id


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        pytest.param(lambda _: {"school_id": "0" * 32}, BadInput, id="unknown school"),
        pytest.param(lambda world: {"school_id": _another_school(world)}, BadInput, id="another district's school"),
        pytest.param(lambda _: {"district_id": "0" * 32, "school_id": None}, BadInput, id="unknown district"),
        pytest.param(lambda _: {"school_id": "' OR 1=1 --"}, BadInput, id="no id"),
        pytest.param(lambda _: {"school_id": "\ud83d"}, BadInput, id="surrogate as id"),
        pytest.param(lambda _: {"district_id": "\x00"}, BadInput, id="NUL as id"),
        pytest.param(lambda _: {"text": "x" * 100_000}, TooLong, id="100 kB"),
        pytest.param(lambda _: {"text": "  "}, Empty, id="blank"),
        pytest.param(lambda _: {"once": "abc"}, BadInput, id="a form that we never gave"),
        pytest.param(lambda _: {"once": "\x00\ud83d"}, BadInput, id="hostile once"),
        pytest.param(lambda _: {"category": "<b>"}, BadInput, id="unknown category"),
    ],
)
def test_file_refuses_and_stores_nothing(
    world: World, wrong: Callable[[World], dict[str, Any]], error: type[BadInput]
) -> None:
    report = replace(a_report(world), **wrong(world))
    with pytest.raises(error):
        desk.file(world.of("intake"), world.keys["intake"], report, world.clock())
    assert (world.count(Thread), world.count(Message), world.count(Copy), world.count(Event)) == (0, 0, 0, 0)


def test_file_stores_a_repeated_post_once_and_gives_the_same_receipt(world: World) -> None:
    once = receipts.new_seed()
    first = world.report("gun", once=once)
    world.clock.forward(days=2)
    again = world.report("gun", once=once)
    assert (first.repeated, again.repeated) == (False, True)
    assert (first.message_id, first.thread_id) == (again.message_id, again.thread_id)
    assert first.receipt.shown() == again.receipt.shown()
    assert (world.count(Thread), world.count(Message), world.count(Copy), world.count(Event)) == (1, 1, 1, 2)


def test_file_keeps_words_that_were_changed_before_the_form_came_again(world: World) -> None:
    once = receipts.new_seed()
    first = world.report("gun", once=once)
    changed = world.report("gun, in his bag", once=once)
    again = world.report("gun, in his bag", once=once)
    chosen = world.report("gun, in his bag", once=once, category="weapon")
    assert (changed.repeated, again.repeated, chosen.repeated) == (False, True, False)
    assert again.message_id == changed.message_id
    assert {first.thread_id} == {changed.thread_id, chosen.thread_id}
    assert sorted(one.text for one in world.come_back(first.receipt).entries) == [
        "gun", "gun, in his bag", "gun, in his bag",
    ]  # fmt: skip


def test_file_to_another_school_is_another_report(world: World) -> None:
    once = receipts.new_seed()
    first, second = (world.report("gun", once=once, school_id=s) for s in (world.school_id, world.second_school_id))
    assert first.thread_id != second.thread_id
    assert first.receipt != second.receipt
    assert world.come_back(second.receipt).school_name == "Cedar Middle School"


@pytest.mark.parametrize("texts", [["gun"] * 16, ["gun", "gun in his bag"] * 8], ids=["same", "changed between"])
def test_file_stores_concurrent_repeats_once(world: World, texts: list[str]) -> None:
    once, begin = receipts.new_seed(), threading.Barrier(len(texts))

    def send(text: str) -> desk.Filed:
        begin.wait(timeout=30)
        return world.report(text, once=once)

    with ThreadPoolExecutor(len(texts)) as pool:
        filed = list(pool.map(send, texts))
    different = len(set(texts))
    assert len({one.thread_id for one in filed}) == 1
    assert len({one.receipt.shown() for one in filed}) == 1
    assert len({one.message_id for one in filed}) == different
    assert sum(not one.repeated for one in filed) == different
    assert (world.count(Thread), world.count(Message), world.count(Copy)) == (1, different, different)


def test_file_all_stores_sixty_in_one_commit_and_every_receipt_works(world: World) -> None:
    filings = [Filing(a_report(world, f"tip {n}"), world.clock()) for n in range(60)]
    filed = desk.file_all(world.of("intake"), world.keys["intake"], filings)
    assert len({one.thread_id for one in filed}) == 60
    for n, one in enumerate(filed):
        assert [entry.text for entry in world.come_back(one.receipt).entries] == [f"tip {n}"]
        assert words(world, one.message_id) == f"tip {n}"


def test_file_all_is_all_or_none(world: World) -> None:
    known = a_report(world, "first")
    desk.file(world.of("intake"), world.keys["intake"], known, world.clock())
    filings = [Filing(one, world.clock()) for one in (a_report(world, "second"), known)]
    with pytest.raises(IntegrityError):
        desk.file_all(world.of("intake"), world.keys["intake"], filings)
    with pytest.raises(BadInput):
        desk.file_all(
            world.of("intake"), world.keys["intake"], [filings[0], Filing(a_report(world, ""), world.clock())]
        )
    assert world.count(Message) == 1


def test_file_all_never_waits_in_a_circle_for_the_same_repeats(world: World) -> None:
    def store(filings: list[Filing], begin: threading.Barrier) -> bool:
        begin.wait(timeout=30)
        try:
            desk.file_all(world.of("intake"), world.keys["intake"], filings)
        except IntegrityError:
            return False
        return True

    for _ in range(4):
        filings = [Filing(a_report(world, f"tip {n}"), world.clock()) for n in range(30)]
        begin = threading.Barrier(2)
        with ThreadPoolExecutor(2) as pool:
            assert sorted(pool.map(store, (filings, filings[::-1]), (begin, begin))) == [False, True]


def test_file_writes_attachments_in_the_same_transaction(world: World) -> None:
    written: list[str] = []

    def write(session: Session, message_id: str) -> None:
        assert session.scalar(select(Message.id).where(Message.id == message_id)) == message_id
        written.append(message_id)

    report, picture = a_report(world, ""), Attachment(b"digest", write)
    filed = desk.file(world.database, world.keys["intake"], report, world.clock(), [picture])
    assert written == [filed.message_id]
    assert world.message(filed.message_id).media_count == 1
    assert desk.file(world.database, world.keys["intake"], report, world.clock(), [picture]).repeated
    other = desk.file(world.database, world.keys["intake"], report, world.clock(), [Attachment(b"other", write)])
    assert (other.repeated, other.thread_id) == (False, filed.thread_id)


def test_file_stores_nothing_when_an_attachment_cannot_be(world: World) -> None:
    def fail(_session: Session, _message_id: str) -> None:
        raise Unavailable

    with pytest.raises(Unavailable):
        desk.file(world.database, world.keys["intake"], a_report(world), world.clock(), [Attachment(b"x", fail)])
    assert world.count(Message) == 0


def test_a_web_report_never_waits_for_the_courier(world: World) -> None:
    filed = world.report("gun")
    assert world.courier.thread_all() == 0
    assert world.message(filed.message_id).threaded_at == world.clock()
    assert world.clock() - world.message(filed.message_id).at == timedelta(0)
