from __future__ import annotations

from sqlalchemy import select

from gateway.core import conversation, wording
from gateway.core.messages import OPTED_OUT, SendError
from gateway.core.records import Contact, Message, Send, Thread, Token
from tests.support.world import PAGING, REPORTS, SECOND, STUDENT, UNKNOWN, World


def threads(world: World) -> list[Thread]:
    with world.database.read() as session:
        return list(session.scalars(select(Thread).order_by(Thread.opened_at, Thread.id)))


def carry(world: World) -> None:
    world.courier.thread_all()
    world.courier.send_all()


def test_courier_threads_a_text_and_says_that_it_arrived(world: World) -> None:
    message_id = world.text("theres a kid with a gun")
    carry(world)
    message, (thread,) = world.message(message_id), threads(world)
    assert message.thread_id == thread.id
    assert message.address_sealed is None
    assert thread.pseudonym == "Silver Sparrow 55"
    assert thread.school_id == world.school_id
    (sent,) = world.carrier.sent
    assert (sent.to, sent.sender, sent.text) == (STUDENT, REPORTS, wording.receipt("en"))
    assert world.events() == [
        "message.received", "thread.opened", "message.receipt_queued", "message.threaded", "send.sent",
    ]  # fmt: skip


def test_courier_answers_in_spanish(world: World) -> None:
    world.text("un chico trae una pistola en la escuela")
    carry(world)
    assert world.carrier.texts == [wording.receipt("es")]


def test_courier_puts_later_texts_on_the_same_thread_without_a_second_receipt(world: World) -> None:
    for words in ("theres a gun", "2nd floor", "hurry"):
        world.text(words)
        carry(world)
    (thread,) = threads(world)
    with world.database.read() as session:
        said = [conversation.words(world.keys["worker"], m) for m in conversation.of_threads(session, [thread.id])]
    assert sorted(said) == sorted(["theres a gun", "2nd floor", "hurry", wording.receipt("en")])
    assert len(world.carrier.sent) == 1


def test_courier_keeps_each_lines_conversation_when_someone_writes_to_two_in_turn(world: World) -> None:
    for to in (REPORTS, SECOND, REPORTS, SECOND):
        world.text("it is about him again", to=to)
        carry(world)
    assert sorted(thread.school_id or "" for thread in threads(world)) == sorted(
        [world.school_id, world.second_school_id]
    )
    assert len(world.carrier.sent) == 2


def test_courier_sends_nothing_to_someone_who_said_stop_after_it_was_written(world: World) -> None:
    world.text("gun")
    carry(world)
    (thread,) = threads(world)
    with world.database.write() as session:
        conversation.reply(session, world.keys["console"], thread, "Hello?", author="account:1", now=world.clock())
    world.text("STOP", keyword="stop")
    carry(world)
    assert "Hello?" not in world.carrier.texts
    assert world.events("send") == ["send.sent", "send.failed"]


def test_courier_ties_no_two_threads_together_by_when_someone_opted_out(world: World) -> None:
    world.text("gun")
    world.text("STOP", keyword="stop")
    carry(world)
    with world.database.write() as session:
        session.scalars(select(Thread)).one().closed_at = world.clock()
    world.clock.forward(days=1)
    world.text("me again")
    carry(world)
    first, second = threads(world)
    assert first.opted_out_at
    assert second.opted_out_at
    assert first.opted_out_at != second.opted_out_at


def test_courier_keeps_two_people_and_two_lines_apart(world: World) -> None:
    world.text("gun")
    world.text("gun", sender="+13035550124")
    world.text("gun", to=SECOND)
    carry(world)
    assert len(threads(world)) == 3


def test_courier_opens_a_new_thread_that_cannot_be_strung_to_the_closed_one(world: World) -> None:
    world.text("gun")
    carry(world)
    with world.database.write() as session:
        session.scalars(select(Thread)).one().closed_at = world.clock()
    world.clock.forward(days=1)
    world.text("me again")
    carry(world)
    _first, second = threads(world)
    with world.database.read() as session:
        one, other = session.scalars(select(Thread.address_sealed))
        assert one != other
        (token,) = session.scalars(select(Token)).all()
    assert token.thread_id == second.id


def test_courier_sends_a_reply_that_only_it_can_open(world: World) -> None:
    world.text("gun")
    carry(world)
    (thread,) = threads(world)
    with world.database.write() as session:
        conversation.reply(
            session, world.keys["console"], thread, "Are you safe?", author="account:1", now=world.clock()
        )
    with world.database.read() as session:
        assert b"safe" not in b"".join(session.scalars(select(Send.body_sealed)))
    carry(world)
    assert world.carrier.sent[-1].text == "Are you safe?"
    assert world.carrier.sent[-1].to == STUDENT


def test_courier_obeys_stop_and_start(world: World) -> None:
    message_id = world.text("STOP", keyword="stop")
    carry(world)
    (thread,) = threads(world)
    assert thread.opted_out_at is not None
    assert world.message(message_id).thread_id == thread.id  # kept, for a human to see
    assert world.carrier.sent == []
    world.text("START", keyword="start")
    carry(world)
    (thread,) = threads(world)
    assert thread.opted_out_at is None
    assert world.events("thread.opted") == ["thread.opted_out", "thread.opted_in"]


def test_courier_answers_a_lone_help(world: World) -> None:
    world.text("HELP", keyword="help")
    carry(world)
    assert len(world.carrier.sent) == 1


def test_courier_notes_a_carriers_word_that_someone_opted_out(world: World) -> None:
    world.text("gun")
    world.courier.thread_all()
    world.carrier.refusals = [SendError(OPTED_OUT, retryable=False)]
    world.courier.send_all()
    (thread,) = threads(world)
    assert thread.opted_out_at is not None
    assert world.events("send") == ["send.failed"]


def test_courier_tells_an_answered_page_from_a_misdirected_tip(world: World) -> None:
    with world.database.write() as session:
        session.add(Contact(district_id=world.district_id, address="+13035550150"))
    answered = world.text("4821", sender="+13035550150", to=PAGING)
    strayed = world.text("he has a gun", to=PAGING)
    carry(world)
    answer, tip = world.message(answered), world.message(strayed)
    assert answer.contact_id is not None
    assert answer.thread_id is None
    assert answer.address_sealed is None
    assert (tip.kind, tip.contact_id) == ("tip", None)
    assert tip.thread_id == threads(world)[0].id
    assert world.carrier.sent[-1].sender == REPORTS


def test_courier_threads_a_stray_for_the_district_that_looks_after_strays(world: World) -> None:
    message_id = world.text("gun", to=UNKNOWN)
    carry(world)
    assert world.message(message_id).thread_id == threads(world)[0].id


def test_courier_lets_no_message_hold_up_another(world: World) -> None:
    broken = world.text("first")
    with world.database.write() as session:
        session.get_one(Message, broken).address_sealed = b"damaged"
    good = world.text("second")
    carry(world)
    assert world.message(good).threaded_at is not None
    assert world.message(broken).threaded_at is None
    assert world.message(broken).thread_attempts == 1
    carry(world)
    assert world.message(broken).thread_attempts == 1  # it waits its turn
    world.clock.forward(seconds=60)
    carry(world)
    assert world.message(broken).thread_attempts == 2
