"""Likeness of tips: what is one thing is found with a reason, what is not is left alone, and both fast."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from triage.engine import assess
from triage.likeness import copying
from triage.likeness.comparing import Kind, Likeness, compare, propose
from triage.likeness.index import Index
from triage.likeness.names import Name, alike
from triage.likeness.reading import Features, merge, read

DAY = date(2026, 12, 1)  # a Tuesday
NOW = datetime(2026, 12, 1, 18, tzinfo=UTC)


def cases(name: str) -> list[Any]:
    found = yaml.safe_load((Path(__file__).parent / f"likeness_{name}.yaml").read_text("utf-8"))
    assert isinstance(found, list)
    return found


def features(text: str, hours: float = 0) -> Features:
    return read(text, DAY + timedelta(days=int(hours // 24)), [assess(text).categories[0].value])


def likeness(one: str, other: str, hours: float = 0) -> Likeness:
    return compare(features(one), features(other, hours), lambda _key: 1.0)


def asked(one: str, other: str, hours: float = 0) -> Kind | None:
    return propose(likeness(one, other, hours), timedelta(hours=hours))


def found(name: str) -> set[str]:
    return {case for case, hours, one, other in cases(name) if asked(one, other, hours)}


def test_of_pairs_about_different_things_at_most_two_are_proposed() -> None:
    assert len(cases("unlike")) >= 40
    assert len(found("unlike")) <= 2, found("unlike")


def test_two_different_threats_in_one_school_are_not_proposed() -> None:
    threats = [case for case in cases("unlike") if case[0].startswith("two-threats")]
    assert len(threats) == 3
    assert [case[0] for case in threats if asked(case[2], case[3], case[1])] == []


@pytest.mark.parametrize(
    ("name", "least"),
    [
        pytest.param("like", 18, id="the pairs that the rules were made with"),
        pytest.param("fresh", 10, id="pairs written afterwards, with which thresholds were set"),
        pytest.param("last", 11, id="pairs written last, looked at once"),
    ],
)
def test_pairs_about_one_thing_in_different_words(name: str, least: int) -> None:
    """The figures of decision 0030: a floor under each, so that nobody loses them unseen."""
    assert len(cases(name)) == 20
    assert len(found(name)) >= least, {case[0] for case in cases(name)} - found(name)


def test_five_tips_about_one_threat_are_each_tied_to_an_earlier_one() -> None:
    told = [text for _, text in cases("threat")]
    for at in range(1, len(told)):
        assert any(asked(told[at], earlier, 1) == "same" for earlier in told[:at])


def is_seen(texts: list[str]) -> bool:
    return all(any(asked(texts[at], earlier, 1) == "copy" for earlier in texts[:at]) for at in range(1, len(texts)))


def test_seven_of_eight_copied_hoaxes_are_seen() -> None:
    hoaxes = cases("hoaxes")
    assert len(hoaxes) == 8
    assert sum(is_seen(one["texts"]) for one in hoaxes) >= 7, [h["name"] for h in hoaxes if not is_seen(h["texts"])]


def test_own_words_about_one_thing_are_no_copy() -> None:
    told = [text for _, text in cases("threat")]
    pairs = [(case[2], case[3]) for case in cases("like")] + list(pairwise(told))
    assert [pair for pair in pairs if asked(*pair, 1) == "copy"] == []


def test_reasons_name_what_is_shared_in_the_words_of_each() -> None:
    one = likeness(
        "Marcus Bell has a gun, on Friday at the pep rally", "markus trae pistola el viernes al pep rally", 1
    )
    told = {(reason.kind, reason.here, reason.there) for reason in one.reasons}
    assert ("name", "Marcus Bell", "Markus") in told
    assert ("day", "friday", "viernes") in told
    assert ("thing", "gun", "pistola") in told
    assert ("place", "pep rally", "pep rally") in told


@pytest.mark.parametrize(
    ("one", "other", "is_one"),
    [
        ("Marcus", "Markus", True),
        ("Guillermo", "Memo", True),
        ("Jose", "Pepe", True),
        ("José", "jose", True),
        ("Sara", "Sarah", True),
        ("Brian", "Bryan", True),
        ("Jayden", "Jaden", True),
        ("Caitlyn", "Kaitlin", True),
        ("Stephen", "Steven", True),
        ("Nayeli", "Nayely", True),
        ("Katie", "Catherine", True),
        ("Tyler", "Taylor", False),
        ("Mario", "Maria", False),
        ("Kyle", "Kayla", False),
        ("Jon", "Jane", False),
        ("Daniel", "Danielle", False),
        ("Devin", "Dylan", False),
        ("Marcus Bell", "Marcus Trent", False),
        ("Marcus Bell", "Marcus B", True),
        ("Marcus Bell", "Markus Bel", True),
        ("Jose Mendoza", "Jose Luis Ortega", False),
    ],
)
def test_names_are_heard_and_not_only_read(one: str, other: str, *, is_one: bool) -> None:
    first, second = (Name(*_split(name)) for name in (one, other))
    assert (alike(first, second) > 0) is is_one
    assert (alike(second, first) > 0) is is_one
    assert not is_one or first.sounds() & second.sounds(), "the index would not find it"


def _split(name: str) -> tuple[str, tuple[str, ...]]:
    first, *rest = name.lower().replace("é", "e").split()
    return first, tuple(rest)


def test_tomorrow_said_on_thursday_is_the_friday_of_others() -> None:
    thursday, friday = date(2026, 12, 3), date(2026, 12, 4)
    assert "day:2026-12-04" in read("its gonna be tomorrow", thursday).bits
    assert "day:2026-12-04" in read("el viernes va a pasar", DAY).bits
    assert "day:2026-12-04" in read("today", friday).bits
    assert not [bit for bit in read("por la mañana", thursday).bits if bit.startswith("day:")]


@pytest.mark.usefixtures("rules_alone")
@pytest.mark.parametrize(
    "words",
    ["the gym", "cafeteria", "tomorrow", "in the bathroom at lunch tomorrow", "Lincoln High School", "hi", "help"],
)
def test_what_is_common_at_a_school_is_no_likeness(words: str) -> None:
    assert asked(f"about {words}", f"something at {words}", 0.1) is None


def test_what_has_become_usual_here_weighs_little() -> None:
    index = Index()
    for at in range(100):
        index.put(str(at), [1, 100 + at], NOW - timedelta(days=3))
    index.age(NOW, timedelta(days=30))
    assert index.rarity(1) == 0.2
    assert index.rarity(100) == 1.0
    for at in range(100):
        index.put(f"now {at}", [2], NOW)
    assert index.rarity(2) == 1.0, "a burst about one thing is not what is usual"


def test_index_finds_the_likeliest_and_forgets() -> None:
    index = Index(most=3)
    index.put("a", [1, 2], NOW - timedelta(days=2))
    index.put("b", [2, 3], NOW)
    index.put("c", [9], NOW)
    assert index.near([2, 3], "x") == ["b", "a"]
    assert index.near([2, 3], "b") == ["a"]
    index.put("d", [3], NOW)
    assert "a" not in index, "the oldest goes first"
    index.drop("b")
    assert index.near([2, 3], "x") == ["d"]
    index.age(NOW + timedelta(days=5), timedelta(days=4))
    assert len(index) == 0
    assert index._places == {}


def test_twenty_thousand_conversations_are_looked_through_in_few_comparisons() -> None:
    """Counted, not timed: of so many only a dozen are compared, and the commonest keys are not gone through."""
    index = Index()
    for at in range(20_000):
        index.put(str(at), [1, 2 + at % 50, 1000 + at % 5000, 10_000 + at], NOW)
    since = time.process_time()
    assert len(index.near([1, 3, 1001, 10_001], "x")) <= 12
    print(f"one look: {time.process_time() - since:.4f} s of processor time")
    assert index.near([10_007], "x") == ["7"]


def test_a_conversation_is_read_as_a_whole() -> None:
    whole = merge([features("someone has a gun"), features("his name is Marcus"), features("room 204")])
    assert [name.first for name in whole.names] == ["marcus"]
    assert {"thing:gun", "place:room204"} <= whole.bits.keys()


@given(st.text(max_size=400), st.text(max_size=400))
def test_any_text_can_be_compared(one: str, other: str) -> None:
    here, there = read(one, DAY), read(other, DAY)
    both = compare(here, there, lambda _key: 1.0)
    assert both == compare(here, there, lambda _key: 1.0)
    assert propose(both, timedelta(0)) in {None, "same", "earlier", "copy"}


def test_a_long_text_is_like_nothing_by_its_length() -> None:
    essay = " ".join(f"word{at % 97} and the place of it" for at in range(20_000))
    assert asked(essay, "my locker was opened by somebody and the place of it smells", 1) is None


@pytest.mark.parametrize("hoax", cases("hoaxes"), ids=lambda hoax: str(hoax["name"]))
def test_a_chain_message_is_seen_by_itself_where_it_asks_to_be_passed_on(hoax: dict[str, Any]) -> None:
    silent = {"paraphrased-no-cue"}
    assert (copying.asks(hoax["texts"][0]) is not None) is (hoax["name"] not in silent)


@pytest.mark.parametrize(
    "text",
    [
        "he said he will send it to everyone if I dont pay",
        "or your next, thats what he told me",
        "she wants to tell everyone my secret",
        "they shared my nudes and reposted them",
        "le robaron la cadena de oro",
        "comparte cuarto con su padrastro",
        "can you pass it to the principal",
    ],
)
def test_what_somebody_threatens_to_send_is_no_chain_message(text: str) -> None:
    assert copying.asks(text) is None
