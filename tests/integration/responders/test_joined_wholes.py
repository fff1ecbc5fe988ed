"""A joined case is judged as a whole: when it is joined, and each time one of its conversations tells more."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from responders.cases.records import Case
from responders.linker import Linker
from responders.linking import service as linking
from responders.paging import service as paging
from tests.integration.responders.conftest import Desk, acknowledge
from triage.model import Assessment, Context

DANA = f"account:{1:032x}"


@dataclass
class Hands:
    """A desk whose engine judges by the first word, and a linker that says what it asked."""

    desk: Desk
    asked: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    linker: Linker = field(init=False)

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """Begin anew, as a process does that knows nothing yet."""
        world = self.desk.world
        self.linker = Linker(world.of("worker"), world.keys["worker"], world.clock, self._assess, 60.0)

    def _assess(self, text: str, context: Context) -> Assessment:
        """Find `low b` critical beside `low a`."""
        self.asked.append((text, context.earlier))
        both = text.startswith("low b") and any(said.startswith("low a") for said in context.earlier)
        return self.desk.engine("critical" if both else text, context)

    def tip(self, words: str, sender: int) -> Case:
        """Text a tip from a number, and have it looked at by everybody."""
        self.desk.world.clock.forward(seconds=30)
        case = self.desk.tip(words, sender=f"+1303555{sender:04d}")
        self.linker.run()
        return case

    def join(self, case: Case, other: Case) -> Case:
        """Join as the console does, and let the whole be judged."""
        world = self.desk.world
        with world.of("console").write() as session:
            one, two = session.get_one(Case, case.id), session.get_one(Case, other.id)
            joined = linking.join(session, world.keys["console"], one, two, DANA, world.clock())
        self.linker.run()
        self.asked.clear()
        return joined


@pytest.fixture
def hands(desk: Desk) -> Hands:
    return Hands(desk)


def test_what_one_conversation_tells_later_is_judged_beside_the_other(hands: Hands) -> None:
    one = hands.join(hands.tip("low a", 101), hands.tip("low c", 102))
    assert hands.desk.case(one).severity == "low"
    hands.tip("low b", 102)
    assert hands.desk.case(one).severity == "critical"
    hands.desk.worker.run()
    assert hands.desk.calls() == ["Ana", "Ben"]


def test_it_is_judged_once_whoever_looks_again(hands: Hands) -> None:
    one = hands.join(hands.tip("low a", 101), hands.tip("low c", 102))
    hands.tip("low d", 102)
    assert [text for text, _ in hands.asked] == ["low a", "low d"]
    hands.linker.run()
    hands.restart()
    hands.linker.run()
    assert len(hands.asked) == 2, "neither the next run nor the next process asks again"
    assert hands.desk.case(one).severity == "low"


def test_what_a_person_put_right_is_not_said_again_when_somebody_writes_thanks(hands: Hands) -> None:
    one = hands.join(hands.tip("low one", 101), hands.tip("critical two", 102))
    desk = hands.desk
    desk.worker.run()
    assert acknowledge(desk, one)
    with desk.world.database.write() as session:
        assert paging.correct(session, session.get_one(Case, one.id), "low", "bullying", "joke", DANA, desk.now)
    desk.calls()
    hands.tip("low thanks", 101)
    assert [text for text, _ in hands.asked] == ["critical two", "low thanks"]
    assert desk.case(one).severity == "low"
    assert desk.calls() == []


def test_of_many_conversations_those_that_spoke_last_are_judged(hands: Hands) -> None:
    one = hands.tip("low a", 100)
    first = hands.tip("low c", 101)
    hands.join(one, first)
    for number in range(2, 10):
        hands.join(one, hands.tip(f"low other {number}", 100 + number))
    hands.tip("low b", 100)
    assert len(hands.asked) == 8
    assert "low b" in [text for text, _ in hands.asked]


def test_a_case_that_was_joined_on_into_another_is_still_a_whole(hands: Hands) -> None:
    earlier = hands.tip("low x", 100)
    one, other = hands.tip("low a", 101), hands.tip("low c", 102)
    root = hands.join(earlier, hands.join(one, other))
    assert root.id == earlier.id
    hands.tip("low b", 102)
    assert hands.desk.case(earlier).severity == "critical"
