"""The way back with a receipt: reading, answering, replies that wait, and how it ends; on both databases."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import delete, select, update

from gateway.core import conversation, courier, desk, erasing, receipts
from gateway.core.errors import BadInput, Empty, NotAllowed, NotFound, TooLong
from gateway.core.records import Copy, Message, Send, Thread
from tests.support.world import World


def words(world: World, message_id: str) -> str:
    return conversation.words(world.keys["console"], world.message(message_id))


def test_read_shows_what_both_sides_said_and_nothing_of_another_thread(world: World) -> None:
    filed, other = world.report("gun in the gym"), world.report("a fight behind the bus")
    world.clock.forward(minutes=1)
    world.reply(filed.thread_id, "are you <safe>?")
    world.clock.forward(minutes=1)
    world.answer(filed.receipt, "yes \ud83d")
    found = world.come_back(filed.receipt)
    assert [(one.by, one.text) for one in found.entries] == [
        ("you", "gun in the gym"), ("staff", "are you <safe>?"), ("you", "yes \ud83d"),
    ]  # fmt: skip
    assert (found.seen_at, found.closed, found.language, found.school_name) == (
        None,
        False,
        "en",
        "Lincoln High School",
    )
    assert [one.text for one in world.come_back(other.receipt).entries] == ["a fight behind the bus"]
    assert "gym" not in repr(found)
    assert "safe" not in repr(found.entries)


def test_read_leaves_out_what_the_receipt_does_not_open(world: World) -> None:
    """A copy that somebody moved here from another thread does not open here."""
    filed, other = world.report("gun"), world.report("fight")
    with world.database.write() as session:
        session.execute(update(Copy).where(Copy.thread_id == other.thread_id).values(thread_id=filed.thread_id))
    assert [one.text for one in world.come_back(filed.receipt).entries] == ["gun"]


def test_every_question_with_an_unknown_receipt_is_not_found(world: World) -> None:
    world.report("gun")
    stranger = receipts.draw()
    for ask in (
        lambda: world.come_back(stranger),
        lambda: world.answer(stranger, "hello"),
        lambda: desk.version(world.of("intake"), stranger),
    ):
        with pytest.raises(NotFound) as caught:
            ask()
        assert str(caught.value) == NotFound.public
    assert world.count(Message) == 1


def test_a_reply_is_left_for_the_reporter_and_never_sent(world: World) -> None:
    filed = world.report("gun")
    message_id = world.reply(filed.thread_id, "are you safe?")
    assert world.count(Send) == 0
    assert world.courier.send_all() == 0
    assert world.carrier.sent == []
    assert words(world, message_id) == "are you safe?"
    with pytest.raises(NotAllowed):
        world.reply(filed.thread_id, "x" * (conversation.REPLY_LENGTH + 1))


def test_reading_is_noted_by_the_hour_alone_and_only_of_what_was_shown(world: World) -> None:
    filed = world.report("gun")
    world.come_back(filed.receipt)
    first = world.reply(filed.thread_id, "are you safe?")
    world.clock.forward(minutes=41)
    at = world.clock()
    world.come_back(filed.receipt)
    second = world.reply(filed.thread_id, "where is he?")
    with world.database.read() as session:
        hours = dict(session.execute(select(Copy.message_id, Copy.read_hour)).all())
    hour = at.replace(minute=0, second=0, microsecond=0)
    assert hours == {filed.message_id: None, first: hour, second: None}
    world.clock.forward(hours=3)
    world.come_back(filed.receipt)
    with world.database.read() as session:
        assert session.scalar(select(Copy.read_hour).where(Copy.message_id == first)) == hour, "the first time stays"
    assert [kind for kind in world.events() if "read" in kind.replace("thread", "")] == [], "the log is in real time"


def test_answer_stores_a_repeated_post_once(world: World) -> None:
    filed, once = world.report("gun"), receipts.new_seed()
    first = world.answer(filed.receipt, "more", once)
    assert world.answer(filed.receipt, "more", once) == first
    assert world.answer(filed.receipt, "more and more", once) != first
    assert world.answer(filed.receipt, "more") != first
    assert len(world.come_back(filed.receipt).entries) == 4
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: world.answer(filed.receipt, "at once", once), range(16)))
    assert len(set(answers)) == 1
    assert world.count(Message) == 5


@pytest.mark.parametrize(
    ("text", "once", "error"),
    [
        (" \n", None, Empty),
        ("x" * 100_000, None, TooLong),
        ("hello", "nonsense", BadInput),
        ("hello", "\ud83d\x00", BadInput),
    ],
    ids=["blank", "100 kB", "once", "hostile once"],
)
def test_answer_refuses_and_stores_nothing(world: World, text: str, once: str | None, error: type[BadInput]) -> None:
    filed = world.report("gun")
    with pytest.raises(error):
        world.answer(filed.receipt, text, once)
    assert world.count(Message) == 1


def test_version_changes_with_everything_that_read_shows(world: World) -> None:
    filed = world.report("gun")

    def ask() -> str:
        return desk.version(world.of("intake"), filed.receipt)

    versions = [ask(), world.come_back(filed.receipt).version]
    assert versions[0] == versions[1]
    world.reply(filed.thread_id, "are you safe?")
    versions.append(ask())
    world.answer(filed.receipt, "yes")
    versions.append(ask())
    for column in ("seen_at", "closed_at"):
        with world.database.write() as session:
            setattr(session.get_one(Thread, filed.thread_id), column, world.clock())
        versions.append(ask())
    assert len(set(versions)) == 5


def test_a_thread_ends_with_its_messages_and_its_receipt_with_it(world: World) -> None:
    filed, kept = world.report("gun"), world.report("fight")
    message_id = world.reply(filed.thread_id, "are you safe?")
    assert courier.forget_all(world.of("courier")) == 0
    with world.of("worker").write() as session:
        erasing.forget_messages(session, [filed.message_id, message_id])
    assert courier.forget_all(world.of("courier")) == 1
    with pytest.raises(NotFound):
        world.come_back(filed.receipt)
    with pytest.raises(NotFound):
        world.answer(filed.receipt, "anybody there?")
    assert (world.count(Thread), world.count(Copy)) == (1, 1)
    assert len(world.come_back(kept.receipt).entries) == 1


def test_answer_to_a_thread_that_ends_at_this_moment_says_so(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    filed = world.report("gun")
    store = desk._store

    def end_first(*how: Any) -> str:
        with world.database.write() as session:
            session.execute(delete(Copy))
            session.execute(delete(Message))
            session.execute(delete(Thread))
        return store(*how)

    monkeypatch.setattr(desk, "_store", end_first)
    with pytest.raises(NotFound):
        world.answer(filed.receipt, "more")
    assert world.count(Message) == 0
