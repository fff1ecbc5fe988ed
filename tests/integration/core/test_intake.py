from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from gateway.core import conversation, intake
from gateway.core.errors import KeyRefused
from gateway.core.messages import Inbound
from gateway.core.numbers import MASK
from gateway.core.records import Event, Message
from tests.support.world import PAGING, REPORTS, STUDENT, UNKNOWN, World


def words(world: World, message_id: str) -> str:
    return conversation.words(world.keys["console"], world.message(message_id))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("theres a kid in the 2nd floor bathroom with a gun", id="english"),
        pytest.param("un chavo trae una pistola en el baño 🔫", id="spanish and emoji"),
        pytest.param("", id="empty"),
        pytest.param("x" * 1600, id="1600 characters"),
        pytest.param("before \ud83d after", id="lone surrogate"),
        pytest.param("nul \x00 inside", id="NUL"),
        pytest.param("\u202e right to left \u202d \u200b zero width", id="controls"),
    ],
)
def test_receive_keeps_any_text(world: World, text: str) -> None:
    assert words(world, world.text(text)) == text


def test_receive_seals_before_it_writes(world: World) -> None:
    message = world.message(world.text("a gun in the bathroom"))
    assert message.address_sealed is not None
    assert b"gun" not in message.words_sealed
    assert b"3035550123" not in message.address_sealed
    assert world.keys["courier"].open(message.address_sealed, message.bound("address")) == STUDENT
    for process in ("intake", "worker", "console", "clock"):
        with pytest.raises(KeyRefused):
            world.keys[process].open(message.address_sealed, message.bound("address"))


def test_receive_hides_the_senders_own_number(world: World) -> None:
    assert words(world, world.text("im scared call 303-555-0123 pls")) == f"im scared call {MASK} pls"


def test_receive_stores_a_repeat_once_however_late(world: World) -> None:
    first = world.receive("gun", sid="SM1")
    world.clock.forward(days=3)
    again = world.receive("gun", sid="SM1")
    assert (first.repeated, again.repeated) == (False, True)
    assert first.message_id == again.message_id
    assert world.events() == ["message.received"]


def test_receive_all_never_waits_in_a_circle_for_the_same_repeats(world: World) -> None:
    """Two groups that hold the same messages in opposite orders: one is stored, the other hears that it was."""

    def store(inbounds: Sequence[Inbound], begin: threading.Barrier) -> bool:
        begin.wait(timeout=10)
        with suppress(IntegrityError):
            intake.receive_all(world.of("intake"), world.keys["intake"], inbounds)
            return True
        return False

    for turn in range(5):
        inbounds = [
            Inbound("sms", f"SM{turn}-{n}", STUDENT, REPORTS, "gun", received_at=world.clock()) for n in range(60)
        ]
        begin = threading.Barrier(2)
        with ThreadPoolExecutor(2) as pool:
            stored = pool.map(store, (inbounds, inbounds[::-1]), (begin, begin))
            assert sorted(stored) == [False, True]


def test_receive_stores_a_repeat_once_however_concurrent(world: World) -> None:
    with ThreadPoolExecutor(12) as pool:
        receipts = list(pool.map(lambda _: world.receive("gun", sid="SM1"), range(24)))
    assert len({receipt.message_id for receipt in receipts}) == 1
    assert sum(not receipt.repeated for receipt in receipts) == 1
    with world.database.read() as session:
        assert session.scalar(select(func.count()).select_from(Message)) == 1
        assert session.scalar(select(func.count()).select_from(Event)) == 1


@pytest.mark.parametrize("sender", ["24680", "+442079460958", "+15558675310", "SCHOOLAPP", "", "???"])
def test_receive_refuses_no_sender(world: World, sender: str) -> None:
    message = world.message(world.text("help me", sender=sender))
    assert message.address_sealed is not None
    assert world.keys["courier"].open(message.address_sealed, message.bound("address")) == sender


def test_receive_quarantines_a_text_to_a_number_that_nobody_owns(world: World) -> None:
    message = world.message(world.text("gun", to=UNKNOWN))
    assert (message.quarantine, message.line_id, message.district_id) == ("unknown_line", None, world.district_id)
    assert words(world, message.id) == "gun"


@pytest.mark.parametrize(
    ("to", "keyword", "kind"),
    [(REPORTS, None, "tip"), (REPORTS, "stop", "keyword"), (REPORTS, "yes", "tip"), (PAGING, None, "page_answer")],
)
def test_receive_tells_kinds_apart(world: World, to: str, keyword: str | None, kind: str) -> None:
    message = world.message(world.text("words", to=to, **({"keyword": keyword} if keyword else {})))
    assert message.kind == kind


@pytest.mark.parametrize(
    ("text", "language"),
    [("my friend has pills", "en"), ("mi amiga tiene pastillas y no se que hacer", "es"), ("????", "und"), ("", "und")],
)
def test_receive_notes_the_language_to_answer_in(world: World, text: str, language: str) -> None:
    assert world.message(world.text(text)).language == language
