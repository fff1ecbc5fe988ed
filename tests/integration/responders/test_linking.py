"""Cases that may be one: proposed with the reason, joined by a person or refused for good, and forgotten in time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import select

from gateway.core.errors import NotAllowed
from gateway.core.records import District, Thread, new_id
from responders.cases import moves
from responders.cases import service as cases
from responders.cases.records import Case
from responders.linker import WINDOW, Linker
from responders.linking import reading
from responders.linking import service as linking
from responders.linking.reading import Proposal
from responders.linking.records import Likeness
from tests.integration.responders.conftest import Desk, Engine, acknowledge
from tests.support.world import SECOND
from triage import engine
from triage.model import Assessment, Context

TEXTS = Path(__file__).parents[2] / "unit/triage"
DANA = f"account:{1:032x}"
_PATIENT = 60.0
"""Seconds that the engine may take: a busy machine must not make every tip one that nobody could judge."""


class _Real(Engine):
    """The real engine."""

    def __call__(self, text: str, context: Context) -> Assessment:
        return engine.assess(text, context)


@dataclass
class Link:
    """A desk whose worker judges as the real one does, with its linker."""

    desk: Desk
    linker: Linker = field(init=False)
    _senders: int = 200

    def __post_init__(self) -> None:
        self.desk.engine = _Real()
        self.desk.worker = self.desk.another_worker(_PATIENT)
        self.restart()

    def restart(self, **how: Any) -> None:
        """Begin anew, as a process does that knows nothing yet."""
        world = self.desk.world
        how = {"engine_seconds": _PATIENT, **how}
        self.linker = Linker(world.of("worker"), world.keys["worker"], world.clock, **how)

    def tip(self, words: str, **how: Any) -> Case:
        """Text a tip from a number of its own, and have it looked at; the answer is its case."""
        self._senders += 1
        self.desk.world.clock.forward(seconds=30)
        case = self.desk.tip(words, sender=how.pop("sender", f"+13035550{self._senders}"), **how)
        self.linker.run()
        return case

    def report(self, words: str, **parts: Any) -> Case:
        """Report on the web."""
        filed = self.desk.world.report(words, **parts)
        self.desk.world.courier.thread_all()
        self.desk.worker.run()
        self.linker.run()
        case = self.desk.case_of(filed.message_id)
        assert case is not None
        return case

    def staff(self, name: str, words: str) -> Case:
        """Text from a responder's phone to the number that pages come from."""
        case = self.desk.case_of(self.desk.reply(name, words))
        self.linker.run()
        assert case is not None
        return case

    def proposals(self, case: Case) -> list[Proposal]:
        world = self.desk.world
        with world.database.read() as session:
            return reading.proposals(session, world.keys["console"], session.get_one(Case, case.id))

    def pairs(self) -> set[tuple[str, str, str]]:
        with self.desk.world.database.read() as session:
            number = dict(session.execute(select(Case.id, Case.number)).all())
            rows = session.scalars(select(Likeness)).all()
            return {(number[row.case_id], number[row.other_id], row.kind) for row in rows}

    def join(self, case: Case, other: Case, actor: str = DANA) -> Case:
        """Join as the console does, with the rights that it has."""
        world = self.desk.world
        with world.of("console").write() as session:
            one, two = session.get_one(Case, case.id), session.get_one(Case, other.id)
            return linking.join(session, world.keys["console"], one, two, actor, world.clock())

    def refuse(self, case: Case, other: Case) -> None:
        world = self.desk.world
        with world.of("console").write() as session:
            one, two = session.get_one(Case, case.id), session.get_one(Case, other.id)
            linking.refuse(session, one, two, DANA, world.clock())

    def change(self, case: Case, act: Callable[..., object], *args: Any) -> None:
        with self.desk.world.database.write() as session:
            act(session, session.get_one(Case, case.id), *args)


@pytest.fixture
def link(desk: Desk) -> Link:
    return Link(desk)


def told(name: str) -> list[Any]:
    found = yaml.safe_load((TEXTS / f"likeness_{name}.yaml").read_text("utf-8"))
    assert isinstance(found, list)
    return found


def five(link: Link) -> list[Case]:
    """One threat over five channels."""
    texts = dict(told("threat"))
    return [
        link.tip(texts["sms"]),
        link.tip(texts["second line"], to=SECOND),
        link.report(texts["portal"]),
        link.report(texts["parent page"], role="parent"),
        link.staff("Ana", texts["staff by text"]),
    ]


def test_five_tips_about_one_threat_over_five_channels_become_one_case_by_four_joins(link: Link) -> None:
    told_of = five(link)
    assert len({case.id for case in told_of}) == 5
    first, joins = link.desk.case(told_of[0]), 0
    while found := link.proposals(first):
        assert found[0].kind == "same"
        assert "name" in {reason.kind for reason in found[0].reasons}
        first = link.join(first, found[0].other)
        joins += 1
    assert joins == 4
    world = link.desk.world
    with world.database.read() as session:
        case = session.get_one(Case, first.id)
        assert {one.number for one in reading.joined(session, case)} == {f"2026-000{at}" for at in range(2, 6)}
        assert len(cases.threads(session, case)) == 4, "staff's text has none"
        assert len(cases.messages(session, case)) >= 5
    assert {link.desk.case(one).joined_into_id for one in told_of[1:]} == {first.id}
    assert link.desk.case(first).severity == "critical"


def test_two_different_threats_in_one_school_are_not_proposed(link: Link) -> None:
    for case in told("unlike"):
        if case[0].startswith("two-threats"):
            link.tip(case[2])
            link.tip(case[3])
    assert {
        pair for pair in link.pairs() if int(pair[0][-1]) == int(pair[1][-1]) + 1 and int(pair[0][-1]) % 2 == 0
    } == set()


def test_reasons_are_sealed_and_told_from_either_side(link: Link) -> None:
    one = link.tip("Guillermo Salas has a gun in locker 318")
    other = link.tip("memo salas trae pistola en el casillero 318")
    (from_other,), (from_one,) = link.proposals(other), link.proposals(one)
    assert {(r.kind, r.here, r.there) for r in from_other.reasons} >= {
        ("name", "Memo", "Guillermo Salas"), ("thing", "pistola", "gun"),
        ("place", "casillero 318", "locker 318"),
    }  # fmt: skip
    assert ("name", "Guillermo Salas", "Memo") in {(r.kind, r.here, r.there) for r in from_one.reasons}
    with link.desk.world.database.read() as session:
        (row,) = session.scalars(select(Likeness)).all()
    flat = repr({name: getattr(row, name) for name in Likeness.__table__.c.keys()}).lower()  # noqa: SIM118
    for word in ("salas", "memo", "guillermo", "318", "pistola", "gun"):
        assert word not in flat
    events = [event for event in link.desk.events("case.likened") if event.subject == f"case/{other.id}"]
    assert [set(event.data) for event in events] == [{"other", "what", "likeness"}]


def test_nothing_that_is_kept_in_memory_by_its_key_is_a_word(link: Link) -> None:
    link.tip("Guillermo Salas has a gun in locker 318")
    (index,) = link.linker._indexes.values()
    assert {type(key) for key in index._places} == {int}
    world = link.desk.world
    again = Linker(world.of("worker"), world.keys["worker"], world.clock)
    assert again._number("name=salas") != link.linker._number("name=salas"), "its key is its own"


def test_what_was_refused_is_not_proposed_again_not_even_after_more_words_or_a_restart(link: Link) -> None:
    one = link.tip("Marcus Bell has a gun", sender="+13035550181")
    other = link.tip("markus bell trae pistola", sender="+13035550182")
    link.refuse(other, one)
    assert link.proposals(one) == link.proposals(other) == []
    link.tip("Marcus Bell will use it friday at the pep rally", sender="+13035550181")
    link.tip("dice Marcus Bell que el viernes en el pep rally", sender="+13035550182")
    link.restart()
    link.linker.run()
    assert link.proposals(one) == link.proposals(other) == []
    assert len(link.pairs()) == 1
    assert len(link.desk.events("case.not_likened")) == 1
    with pytest.raises(NotAllowed, match="Nobody proposed"):
        link.refuse(one, other)


def test_a_restart_forgets_nothing_of_the_window(link: Link) -> None:
    one = link.tip("Nayeli viene con moretones, su padrastro le pega")
    link.desk.world.clock.forward(days=30)
    link.restart()
    other = link.tip("my friend nayely has bruises, her stepdad hits her")
    (found,) = link.proposals(other)
    assert (found.other.id, found.kind) == (one.id, "earlier")
    link.desk.world.clock.forward(days=WINDOW.days - 20)
    link.restart()
    assert [p.other.id for p in link.proposals(link.tip("Nayeli tiene moretones otra vez, su padrastro"))] == [other.id]


def test_what_came_while_no_linker_ran_is_compared_by_the_next(link: Link) -> None:
    one = link.tip("Marcus Bell has a gun")
    other = link.desk.tip("markus bell trae pistola", sender="+13035550199")
    link.restart()
    link.linker.run()
    assert [found.other.id for found in link.proposals(one)] == [other.id]
    link.linker.run()
    assert len(link.pairs()) == 1


def test_memory_is_bounded_in_count(link: Link) -> None:
    link.restart(most=2)
    for name in ("Emily", "Noah", "Priya"):
        link.tip(f"{name} is sad")
    (index,) = link.linker._indexes.values()
    assert len(index) == 2


def test_joining_keeps_both_numbers_threads_apart_and_severity(link: Link) -> None:
    high = link.tip("markus bell trae pistola")
    low = link.tip("Marcus Bell is skipping class")
    link.change(low, acknowledge_as_staff)
    before = link.desk.case(high)
    target = link.join(low, high)
    assert target.id == high.id, "the earlier of two open ones goes on"
    after = link.desk.case(high)
    assert (after.severity, after.life_safety) == (before.severity, before.life_safety)
    source = link.desk.case(low)
    assert (source.number, source.state, source.joined_into_id) == (low.number, "closed", high.id)
    with link.desk.world.database.read() as session:
        assert len(cases.threads(session, after)) == 2
        assert all(thread.closed_at is None for thread in session.scalars(select(Thread)))
    joined = [event for event in link.desk.events("case.joined") if "source" in event.data]
    assert [(event.subject, event.data["source"], event.actor) for event in joined] == [
        (f"case/{high.id}", low.id, DANA)
    ]


def acknowledge_as_staff(session: Any, case: Case) -> None:
    moves.acknowledge(session, case, DANA, case.opened_at)


def test_joining_into_a_calm_case_goes_on_calling_for_what_is_grave(link: Link) -> None:
    calm = link.tip("Marcus Bell is skipping class")
    grave = link.tip("Marcus Bell has a gun in his bag at school right now")
    assert link.desk.case(grave).severity == "critical"
    link.desk.paged()
    target = link.join(calm, grave)
    assert target.id == calm.id
    assert link.desk.case(calm).severity == "critical"
    link.desk.wait(seconds=60)
    assert link.desk.paged() == ["Ana", "Ben"]
    assert acknowledge(link.desk, calm)
    assert link.desk.callouts() == []


def test_joining_an_open_case_with_a_closed_one_goes_on_with_the_open_one(link: Link) -> None:
    earlier = link.tip("Nayeli has bruises, her stepdad hits her")
    link.desk.move(earlier, "closed")
    link.desk.world.clock.forward(days=3)
    later = link.tip("nayely has new bruises from her stepdad")
    assert [found.kind for found in link.proposals(later)] == ["earlier"]
    assert link.join(later, earlier).id == later.id
    assert link.desk.case(earlier).joined_into_id == later.id
    assert link.desk.case(later).state == "new"


def test_joining_judges_the_whole_anew_and_never_lower(link: Link) -> None:
    one = link.tip("Marcus Bell told us friday at the pep rally will be something to remember")
    other = link.tip("Marcus Bell hates everyone at this school, at the pep rally")
    before = link.desk.case(one).severity
    heard: list[int] = []

    def graver(text: str, context: Any) -> Any:
        heard.append(len(context.earlier))
        said = engine.assess("he has a gun and will kill people today", context)
        return said if context.earlier else engine.assess(text, context)

    link.join(one, other)
    link.restart(assess=graver)
    link.desk.paged()
    link.linker.run()
    after = link.desk.case(one)
    assert heard == [1, 1], "each conversation, with what the other said beside it"
    assert (before, after.severity) == (before, "critical")
    assert before != "critical"
    link.desk.worker.run()
    assert link.desk.paged() == ["Ana", "Ben"]
    link.linker.run()
    assert len(heard) == 2, "once"
    calmer = link.desk.case(one).severity
    link.restart()
    with link.desk.world.database.write() as session:
        for row in session.scalars(select(Likeness)):
            row.judged_at = None
    link.linker.run()
    assert link.desk.case(one).severity == calmer


def test_nonsense_is_refused(link: Link) -> None:
    one, other = link.tip("Marcus Bell has a gun"), link.tip("markus bell trae pistola")
    with pytest.raises(NotAllowed, match="one case already"):
        link.join(one, one)
    link.join(one, other)
    with pytest.raises(NotAllowed, match="one case already"):
        link.join(other, one)
    with link.desk.world.database.write() as session:
        elsewhere = District(id=new_id(), slug="other", name="Other")
        session.add(elsewhere)
        session.flush()
        strange = Case(
            id=new_id(), district_id=elsewhere.id, number="2026-0001", state="new", severity="none", urgency_rank=0,
            life_safety=False, unsure=False, categories=["other"], opened_at=link.desk.now, updated_at=link.desk.now,
        )  # fmt: skip
        session.add(strange)
    with pytest.raises(NotAllowed, match="not here"):
        link.join(one, strange)
    assert link.desk.case(strange).state == "new"


def test_people_may_join_what_was_not_proposed(link: Link) -> None:
    one, other = link.tip("somebody drew on the wall"), link.tip("my phone was stolen")
    assert link.pairs() == set()
    link.join(one, other)
    assert link.pairs() == {(one.number, other.number, "person")}


@pytest.mark.parametrize("hoax", told("hoaxes"), ids=lambda hoax: str(hoax["name"]))
def test_a_copied_hoax_is_tied_to_the_first_calls_once_and_hides_nothing(link: Link, hoax: dict[str, Any]) -> None:
    sent = [link.tip(text) for text in hoax["texts"]]
    first, *rest = (link.desk.case(case) for case in sent)
    tied = {(pair[0], pair[1]) for pair in link.pairs() if pair[2] == "copy"}
    assert tied == {(case.number, first.number) for case in rest}
    alone = [engine.assess(text).severity for text in hoax["texts"]]
    assert [link.desk.case(case).severity for case in sent] == alone, "that it is a copy lowers nothing"
    assert all(case.state == "new" for case in (first, *rest))
    assert len(link.desk.callouts(only_open=False)) <= 1


def test_staffs_and_schools_names_tie_no_two_tips(link: Link) -> None:
    link.tip("Ana at Lincoln High School told me to write. people vape")
    link.tip("I talked to Ana at Lincoln High, someone steals phones")
    assert link.pairs() == set()


def test_who_wrote_ties_no_two_tips(link: Link) -> None:
    link.tip("my name is Xiomara Quispe. my locker was robbed")
    link.tip("my name is Xiomara Quispe. the teacher yells at everyone")
    assert link.pairs() == set()


def test_what_two_conversations_say_is_read_as_a_whole(link: Link) -> None:
    one = link.tip("someone has a gun in their bag", sender="+13035550191")
    other = link.tip("Marcus Bell is angry about being cut from the team", sender="+13035550192")
    link.desk.world.clock.forward(hours=20)
    assert link.proposals(one) == []
    link.tip("his name is Marcus Bell", sender="+13035550191")
    assert [found.other.id for found in link.proposals(one)] == [other.id]


def test_what_cannot_be_looked_at_is_tried_again_and_holds_up_nothing(
    link: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = link.tip("Marcus Bell has a gun")
    looked, failing = link.linker._look_at, [True]

    def fail(name: str, latest: datetime, *, known: bool) -> None:
        if failing.pop() if failing else False:
            raise ValueError(name)
        looked(name, latest, known=known)

    monkeypatch.setattr(link.linker, "_look_at", fail)
    other = link.tip("markus bell trae pistola")
    assert link.proposals(one) == []
    link.desk.world.clock.forward(seconds=16)
    link.linker.run()
    assert [found.other.id for found in link.proposals(one)] == [other.id]
