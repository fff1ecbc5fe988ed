"""How often people were called, and whom later rounds reached, cannot be told from any export of a case."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest

from exports.words import Policy
from responders.cases.records import Case
from responders.exporting import formats
from responders.exporting.reading import Reader
from tests.integration.responders.conftest import Desk, acknowledge
from tests.support.world import World

FORMATS = (("niem", "6.0"), ("niem", "5.2"), ("events", "1.0"))
PACE = {"critical": timedelta(seconds=60), "high": timedelta(seconds=300)}
SENDERS = (f"+1303555{number}" for number in range(2000, 9999))


def called(desk: Desk, word: str, rounds: int, *, by_phone: str | None = None) -> Case:
    """Have a tip called out for so many rounds and then taken up, always at the same time of a day of its own.

    Who is named answers by phone; else it is taken up at the console.
    """
    clock = desk.world.clock
    answered = clock.now.replace(hour=12, minute=14, second=30, microsecond=0) + timedelta(days=1)
    clock.now = answered - timedelta(seconds=20) - PACE[word] * (rounds - 1)
    case = desk.tip(f"{word} thing", sender=next(SENDERS))
    for _ in range(rounds - 1):
        clock.forward(seconds=PACE[word].total_seconds())
        desk.worker.run()
    desk.wait(seconds=20)
    if by_phone:
        desk.reply(by_phone, desk.code())
    else:
        assert acknowledge(desk, case)
    desk.wait(seconds=5)
    clock.now = answered + timedelta(hours=1)
    return desk.case(case)


def documents(desk: Desk, case: Case) -> list[str]:
    """Export a case in every format and flavour, but for its alert."""
    with desk.world.database.read() as session:
        reader = Reader(desk.world.keys["console"], "https://console.example.org", Policy(), desk.now)
        return [formats.find(name).make(session, reader, case, flavour).decode() for name, flavour in FORMATS]


def scrubbed(text: str) -> str:
    """Take out what differs between any two cases: ids, which are drawn at random, its number, the day, pseudonyms."""
    ids: dict[str, str] = {}
    text = re.sub(r"\b[0-9a-f]{32}\b", lambda found: ids.setdefault(found[0], f"id{len(ids)}"), text)
    text = re.sub(r"20\d\d-\d\d-\d\dT", "T", re.sub(r"20\d\d-\d{4}\b", "NUMBER", text))
    return re.sub(r"[A-Z][a-z]+ [A-Z][a-z]+ \d\d\b", "PSEUDONYM", text)


@pytest.mark.parametrize("by_phone", [None, "Ana"], ids=["at the console", "by phone"])
@pytest.mark.parametrize(("word", "more"), [("critical", (2, 3, 12)), ("high", (2, 3))])
def test_exports_of_any_number_of_rounds_are_the_same(
    desk: Desk, word: str, more: tuple[int, ...], *, by_phone: str | None
) -> None:
    once = [scrubbed(one) for one in documents(desk, called(desk, word, 1, by_phone=by_phone))]
    assert all("page.written" in one for one in once)
    for rounds in more:
        before = len(desk.events("page.written"))
        case = called(desk, word, rounds, by_phone=by_phone)
        assert len(desk.events("page.written")) - before >= rounds, "they were called so often"
        assert [scrubbed(one) for one in documents(desk, case)] == once


@pytest.mark.parametrize(("word", "rounds", "last"), [("high", 2, "Ben"), ("critical", 8, "Cy")])
def test_who_answered_by_phone_does_not_tell_that_others_were_called_first(
    desk: Desk, word: str, rounds: int, last: str
) -> None:
    once = documents(desk, called(desk, word, 1, by_phone="Ana"))
    desk.paged()
    case = called(desk, word, rounds, by_phone=last)
    assert last in desk.paged(), "they were called"
    assert [scrubbed(one) for one in documents(desk, case)] == [scrubbed(one) for one in once]
    assert case.acknowledged_by is not None
    key = case.acknowledged_by.removeprefix("contact:")
    assert not [one for one in documents(desk, case) if key in one or f"{last} acknowledged" in one]
    assert "Somebody by phone acknowledged" in once[0]
    (answered,) = [one for one in json.loads(once[2]) if one["type"] == "org.tipline.case.acknowledged.v1"]
    assert (answered["actor"], answered["time"][11:19]) == ("contact", "12:14:30")


@pytest.mark.parametrize("attended", [False, True], ids=["nobody had it", "somebody had it"])
def test_of_a_joined_case_the_first_round_is_told_too(desk: Desk, *, attended: bool) -> None:
    first = desk.tip("high one" if attended else "moderate one", threaded=attended)
    if attended:
        assert acknowledge(desk, first)
    told = len(pages_of(desk, first))
    second = desk.tip("high two", threaded=False)
    desk.wait(seconds=300)
    desk.world.courier.thread_all()
    desk.worker.run()
    assert desk.case(second).joined_into_id == first.id
    pages = [event for event in desk.events("page.written") if event.data["case"] == second.id]
    assert len(pages) >= 2, "two rounds went out"
    assert pages_of(desk, desk.case(first))[told:] == [pages[0].data["send"]]
    assert documents(desk, desk.case(first))[0].count("was paged") == told + 1


def pages_of(desk: Desk, case: Case) -> list[str]:
    """List the texts that a case's exported events tell of."""
    batch = json.loads(documents(desk, case)[2])
    return [one["data"]["send"] for one in batch if one["type"] == "org.tipline.page.written.v1"]


def test_who_had_answered_a_joined_case_by_phone_is_not_named(desk: Desk) -> None:
    first = desk.tip("moderate one", threaded=False)
    second = desk.tip("critical two", threaded=False)
    desk.reply_untold("Ben", desk.code())
    desk.world.courier.thread_all()
    desk.worker.run()
    assert desk.case(second).joined_into_id == first.id
    whole = documents(desk, desk.case(first))
    key = (desk.case(first).acknowledged_by or "").removeprefix("contact:")
    assert len(key) == 32
    assert not [one for one in whole if key in one]
    (carried,) = [one for one in json.loads(whole[2]) if "by" in one["data"]]
    assert carried["data"]["by"] == "contact"


def test_exports_of_a_case_that_nobody_could_be_called_for_are_the_same(world: World) -> None:
    desk = Desk(world)
    once = [scrubbed(one) for one in documents(desk, called(desk, "critical", 1))]
    assert all("callout.nobody" in one for one in once)
    before = len(desk.events("callout.nobody"))
    case = called(desk, "critical", 4)
    assert len(desk.events("callout.nobody")) - before == 4
    assert [scrubbed(one) for one in documents(desk, case)] == once


def test_the_first_round_is_told_with_how_its_people_fared(desk: Desk) -> None:
    case = desk.tip("critical thing")
    desk.report("Ana", "undelivered")
    desk.wait(seconds=60)
    desk.report("Ana", "delivered")
    desk.report("Ben", "undelivered")
    told = documents(desk, case)[0]
    assert "Ana was paged: Delivered" in told
    assert "Ben was paged: Sent" in told
    assert told.count("was paged") == 2
