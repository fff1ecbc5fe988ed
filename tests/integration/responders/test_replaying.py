"""Replaying past tips: what a pack would change, as the console may look, and nothing is written."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from gateway.core.records import Event, Message
from responders import replaying
from responders.cases.records import Case
from responders.judging import Judge
from responders.replaying import Replay, Weight
from tests.integration.responders.conftest import Desk
from tests.integration.responders.test_tuning import listen, tune
from triage import engine, packs
from triage.local import Pack


def pack(text: str) -> Pack:
    return packs.compiled(packs.check(text), "demo-9")


def take(desk: Desk, *texts: str) -> list[str]:
    """Text a tip each from another phone, and name their cases."""
    listen(desk)
    ids = [desk.world.text(text, sender=f"+1303555{number:04}") for number, text in enumerate(texts, 130)]
    desk.world.courier.thread_all()
    desk.worker.run()
    return [case.number for one in ids if (case := desk.case_of(one))]


def replay(desk: Desk, old: Pack | None, new: Pack | None) -> Replay:
    judge = Judge(desk.world.keys["console"], engine.assess, 60.0)
    return replaying.run(desk.world.of("console"), judge, desk.world.district_id, old, new)


def state(desk: Desk) -> tuple[int | None, list[str]]:
    with desk.world.database.read() as session:
        return session.scalar(select(func.count(Event.seq))), list(session.scalars(select(Case.severity)))


def test_replay_names_what_goes_up_and_down_and_writes_nothing(desk: Desk) -> None:
    cookies, fight, gun = take(desk, "he will bring the cookies tomorrow", "they had a fight", "he has a gun at school")
    before = state(desk)
    found = replay(
        desk, None, pack("codes: {bring the cookies: bring a gun}\nmuted: {physical_violence: [fight]}")
    )  # fmt: skip
    assert (found.messages, found.unopened) == (3, 0)
    assert (found.up(), found.down(), found.silenced()) == ([cookies], [fight], [])
    assert found.moved() == {
        ("none, no page", "critical, pages"): 1,
        ("moderate, no page", "low, no page"): 1,
        ("critical, pages", "critical, pages"): 1,
    }
    assert found.before[gun] == found.after[gun] == Weight(2, 4)
    assert state(desk) == before


def test_replay_says_when_a_tip_would_call_nobody_any_more(desk: Desk) -> None:
    old = "codes: {bring the cookies: bring a gun}"
    tune(desk.world, old)
    (cookies,) = take(desk, "he will bring the cookies tomorrow")
    found = replay(desk, pack(old), pack("gangs: [Eastside 13]"))
    assert found.silenced() == found.down() == [cookies]


def test_a_case_is_as_grave_as_its_gravest_message_and_remembers_what_was_said(desk: Desk) -> None:
    listen(desk)
    for text in ("he will bring the cookies", "at school, right now"):
        desk.world.text(text)
        desk.world.courier.thread_all()
        desk.worker.run()
        desk.world.clock.forward(minutes=1)
    found = replay(desk, None, pack("codes: {bring the cookies: bring a gun}"))
    assert (found.messages, len(found.before), len(found.up())) == (2, 1, 1)


def test_words_that_do_not_open_are_counted_and_left_out(desk: Desk) -> None:
    take(desk, "he will bring the cookies tomorrow", "they had a fight")
    with desk.world.database.write() as session:
        session.scalars(select(Message).where(Message.direction == "in")).first().words_sealed = b"shut"  # type: ignore[union-attr]  # there are two
    found = replay(desk, None, None)
    assert (found.messages, found.unopened) == (1, 1)


def test_more_messages_than_one_batch_are_all_judged(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replaying, "BATCH", 2)
    take(desk, *(f"the food in room {number} is bad" for number in range(5)))
    assert replay(desk, None, None).messages == 5
