"""A district's pack: kept in versions, sealed, and heard by the worker from its commit on."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import String, select, update
from sqlalchemy.exc import ProgrammingError

from gateway.core.errors import BadInput, KeyRefused
from gateway.core.records import District, Event, new_id
from responders.cases.records import CaseAssessment
from responders.retention import resealing
from responders.tuning import service as tuning
from responders.tuning.packs import Packs
from responders.tuning.records import RulePack
from tests.integration.responders.conftest import Desk
from tests.support.world import World
from triage import engine, lexicon, packs
from triage.local import Pack

CODES = "codes: {bring the cookies: bring a gun}"


def tune(world: World, text: str, based_on: int | None = None, district: str | None = None) -> RulePack:
    """Save a pack as the console does."""
    with world.of("console").write() as session:
        home = session.get_one(District, district or world.district_id)
        return tuning.change(
            session, world.keys["console"], home, text, based_on=based_on, author="account:1", now=world.clock()
        )


def listen(desk: Desk) -> None:
    """Judge by the real engine, with time enough for a busy machine."""
    engine.prepare()
    desk.worker.assess, desk.worker.engine_seconds = engine.assess, 60.0


def rules(desk: Desk, text: str, sender: str) -> tuple[str, str]:
    """Text a tip, have it taken, and tell its severity and the rules that judged it."""
    message_id = desk.world.text(text, sender=sender)
    desk.world.courier.thread_all()
    desk.worker.run()
    with desk.world.database.read() as session:
        found = session.scalars(select(CaseAssessment).where(CaseAssessment.message_id == message_id)).one()
        return found.severity, found.rules


def test_each_change_is_a_version_with_who_and_when_and_an_event_of_codes(world: World) -> None:
    first = tune(world, CODES)
    world.clock.forward(days=1)
    second = tune(world, "gangs: [Eastside 13]\nmuted: {bullying: [roast battle]}")
    again = tune(world, "gangs: [Eastside 13]\r\nmuted: {bullying: [roast battle]}\r\n\r\n")
    assert (first.version, second.version, again.id) == (1, 2, second.id)
    with world.of("console").read() as session:
        assert [(one.version, one.author) for one in tuning.history(session, world.district_id)] == [
            (2, "account:1"), (1, "account:1")
        ]  # fmt: skip
        assert first.at < second.at
        oldest = tuning.history(session, world.district_id)[-1]
        assert tuning.opened(world.keys["console"], oldest) == CODES + "\n"
        events = session.scalars(select(Event).where(Event.type == "org.tipline.rules.tuned").order_by(Event.seq)).all()
    assert [(one.actor, one.district_id, one.data) for one in events] == [
        ("account:1", world.district_id, {"version": 1, "entries": 1, "muted": 0}),
        ("account:1", world.district_id, {"version": 2, "entries": 1, "muted": 1}),
    ]


def test_what_a_district_watches_for_is_sealed_to_its_content_key(world: World) -> None:
    pack = tune(world, CODES)
    with world.database.read() as session:
        kept = session.get_one(RulePack, pack.id)
        assert b"cookies" not in kept.words_sealed
        for process in ("worker", "console"):
            assert tuning.opened(world.keys[process], kept) == CODES + "\n"
        for process in ("intake", "courier", "clock"):
            with pytest.raises(KeyRefused):
                tuning.opened(world.keys[process], kept)


def test_no_other_process_reads_a_pack_and_the_worker_changes_nothing_but_its_seal(world: World) -> None:
    pack = tune(world, CODES)
    if world.database.is_sqlite:
        pytest.skip("SQLite has no roles")
    for process in ("intake", "courier", "clock", "operator"):
        with pytest.raises(ProgrammingError, match="permission denied"), world.of(process).read() as session:
            session.scalars(select(RulePack.version)).all()
    for process in ("worker", "console"):
        with pytest.raises(ProgrammingError, match="permission denied"), world.of(process).write() as session:
            session.execute(update(RulePack).where(RulePack.id == pack.id).values(version=7))


def test_a_bad_pack_is_refused_with_every_reason_and_the_one_in_force_stays(world: World) -> None:
    tune(world, CODES)
    with pytest.raises(BadInput, match=r"(?s)no patterns"):
        tune(world, "gangs: ['a*']\nmuted: {bullying: [gun]}")
    with world.of("console").read() as session:
        pack = tuning.current(session, world.district_id)
        assert pack is not None
        assert pack.version == 1


def test_two_who_write_at_once_do_not_write_over_each_other(world: World) -> None:
    tune(world, CODES, based_on=0)
    with pytest.raises(BadInput, match="Somebody saved version 1 meanwhile"):
        tune(world, "gangs: [Eastside 13]", based_on=0)
    assert tune(world, "gangs: [Eastside 13]", based_on=1).version == 2


def test_the_worker_hears_a_new_version_from_the_next_message_on(desk: Desk) -> None:
    listen(desk)
    said = "he will bring the cookies tomorrow"
    assert rules(desk, said, "+13035550131") == ("none", lexicon.VERSION)
    tune(desk.world, CODES)
    assert rules(desk, said, "+13035550132") == ("critical", f"{lexicon.VERSION}+demo-1")
    assert "Ana" in desk.paged()
    tune(desk.world, "gangs: [Eastside 13]")
    assert rules(desk, said, "+13035550133") == ("none", f"{lexicon.VERSION}+demo-2")


def test_another_districts_words_are_not_heard(desk: Desk) -> None:
    with desk.world.database.write() as session:
        other = District(id=new_id(), slug="other", name="Other District")
        session.add(other)
    tune(desk.world, CODES, district=other.id)
    listen(desk)
    assert rules(desk, "he will bring the cookies tomorrow", "+13035550131") == ("none", lexicon.VERSION)


def test_a_version_is_compiled_once(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    tune(desk.world, CODES)
    compiled: list[str] = []
    work = packs.compiled

    def counted(source: packs.Source, name: str) -> Pack:
        compiled.append(name)
        return work(source, name)

    monkeypatch.setattr(packs, "compiled", counted)
    at_hand = Packs(desk.world.keys["worker"])
    with desk.world.of("worker").read() as session:
        for _ in range(3):
            assert at_hand.of(session, [desk.world.district_id, None])[desk.world.district_id].name == "demo-1"
    assert compiled == ["demo-1"]


@pytest.mark.parametrize("kept", ["not an envelope", "weapons: ["])
def test_a_pack_that_cannot_be_used_stops_no_tip_and_the_version_before_stays(desk: Desk, kept: str) -> None:
    listen(desk)
    tune(desk.world, CODES)
    rules(desk, "hello there, all is well", "+13035550131")
    second = tune(desk.world, "gangs: [Eastside 13]")
    sealed = desk.world.keys["worker"].seal_words("demo", desk.world.clock(), kept, second.bound("words"))
    with desk.world.database.write() as session:
        session.get_one(RulePack, second.id).words_sealed = sealed if kept == "weapons: [" else kept.encode()
    assert rules(desk, "he will bring the cookies tomorrow", "+13035550132") == (
        "critical", f"{lexicon.VERSION}+demo-1"
    )  # fmt: skip
    desk.worker = desk.another_worker()
    listen(desk)
    assert rules(desk, "he has a gun at school", "+13035550133") == ("critical", lexicon.VERSION)


def test_packs_go_on_to_new_keys_with_what_else_content_keys_open(world: World) -> None:
    assert RulePack.words_sealed in resealing.SHOWN
    pack = tune(world, CODES)
    with world.database.read() as session:
        before = session.get_one(RulePack, pack.id).words_sealed
    kid = world.keys["worker"].content_id("demo", world.clock())
    world.clock.forward(days=62)
    list(resealing.reseal(world.of("worker"), world.keys["worker"], RulePack.words_sealed, [kid], "demo", world.clock))
    with world.database.read() as session:
        kept = session.get_one(RulePack, pack.id)
        assert kept.words_sealed != before
        assert resealing.used(session, [kid], (RulePack.words_sealed,)) == 0
        assert tuning.opened(world.keys["console"], kept) == CODES + "\n"


def test_names_of_long_districts_fit_where_assessments_name_their_rules() -> None:
    name = tuning.name(District(slug="a" * 63, name="x"), 99_999_999)
    assert re.fullmatch(r"a{20}-99999999", name)
    column = CaseAssessment.__table__.c.rules.type
    assert isinstance(column, String)
    assert column.length is not None
    assert len(f"{lexicon.VERSION}+{name}") <= column.length


def test_what_staff_text_to_the_paging_line_is_heard_with_the_pack_too(desk: Desk) -> None:
    listen(desk)
    desk.reply("Ana", "he will bring the cookies tomorrow")
    assert desk.events("case.opened") == []
    tune(desk.world, CODES)
    message_id = desk.reply("Ana", "he will bring the cookies tomorrow")
    case = desk.case_of(message_id)
    assert case is not None
    assert case.life_safety
