"""What counts as a flood: never a school that reports at once, never a storm of many, always one that does not stop."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from gateway.core.records import District, Line, Message, Thread, new_id
from responders.floods import windows
from responders.floods.windows import Sighting, Windows
from tests.support.world import START


class Lines:
    """Stands in for a session: it knows one line."""

    def __init__(self, **limits: int) -> None:
        columns = Line.__table__.c
        names = "texts_per_minute", "thread_texts_per_minute"
        defaults = {name: columns[name].default.arg for name in names}
        self.line = Line(id="line", **defaults | limits)

    def get(self, _model: object, _key: str) -> Line:
        return self.line


class Web:
    """Stands in for a session: it knows one school, with the limits that a district has from the start."""

    def get_one(self, model: type, key: str) -> District | Thread:
        columns = District.__table__.c
        names = "reports_per_minute", "thread_reports_per_minute"
        limits = {name: columns[name].default.arg for name in names}
        return District(id=key, **limits) if model is District else Thread(id=key, district_id="d", school_id="s")


def message(thread: str | None = "thread", seconds: float = 0, media: int = 0) -> Message:
    at = START + timedelta(seconds=seconds)
    return Message(id=new_id(), line_id="line", thread_id=thread, at=at, media_count=media)


def sightings(lines: Any, made: Sequence[tuple[Message, str | None]], seen: Windows | None = None) -> list[Sighting]:
    """Look at each message and count it, as the worker does."""
    seen, found = seen or Windows(), []
    for one, words in made:
        found.append(seen.look(lines, one, words))
        seen.note(one, words, found[-1])
    return found


def test_sixty_students_in_one_minute_are_no_flood() -> None:
    made = [(message(f"thread {student}", student / 2), f"a fight {student}") for student in range(60)]
    assert {one.over for one in sightings(Lines(), made)} == {None}


@pytest.mark.parametrize(
    ("proved", "passes", "over"), [(True, 600, "school"), (False, 30, "proof")], ids=["proved", "unproven"]
)
def test_reports_about_one_school_are_a_flood_when_no_school_writes_so_much(
    proved: bool, passes: int, over: str
) -> None:
    made = []
    for n in range(passes + 5):
        one = message(f"thread {n}")
        one.channel, one.unproven = "web", not proved
        made.append((one, f"a fight {n}"))
    assert [one.over for one in sightings(Web(), made)] == [None] * passes + [over] * 5


def test_five_hundred_numbers_with_twenty_texts_in_a_minute_are_no_flood() -> None:
    made = [(message(f"thread {n % 500}", n / 200), f"text {n}") for n in range(10_000)]
    assert {one.over for one in sightings(Lines(), made)} == {None}


def test_one_conversation_that_does_not_stop_is_a_flood_and_the_others_are_not() -> None:
    made = [(message(seconds=n / 100), f"text {n}") for n in range(100)] + [(message("another"), "hi")]
    over = [one.over for one in sightings(Lines(), made)]
    assert over == [None] * 30 + ["thread"] * 70 + [None]


def test_a_line_over_its_own_limit_is_a_flood_whoever_writes() -> None:
    made = [(message(f"thread {n}"), "hi") for n in range(12)]
    assert [one.over for one in sightings(Lines(texts_per_minute=10), made)] == [None] * 10 + ["line"] * 2


def test_zero_is_no_limit() -> None:
    made = [(message(), str(n)) for n in range(200)]
    found = sightings(Lines(texts_per_minute=0, thread_texts_per_minute=0), made)
    assert {one.over for one in found} == {None}


def test_the_next_minute_begins_anew_whatever_order_they_are_looked_at_in() -> None:
    now = [(message(seconds=n % 60), str(n)) for n in range(30)]
    later = [(message(seconds=60 + n), str(n)) for n in range(30)]
    mixed = [one for pair in zip(later, now, strict=True) for one in pair]
    assert {one.over for one in sightings(Lines(), mixed)} == {None}


def test_what_has_no_conversation_yet_is_never_over_a_limit() -> None:
    made = [(message(None), "hi") for _ in range(100)]
    assert {(one.over, one.repeats) for one in sightings(Lines(texts_per_minute=1), made)} == {(None, None)}


def test_the_same_words_again_are_a_repeat_of_the_first() -> None:
    first = message()
    made = [(first, "He has  a GUN"), (message(seconds=5), "he has a gun "), (message(seconds=599), "he has a gun")]
    assert [one.repeats for one in sightings(Lines(), made)] == [None, first.id, first.id]


@pytest.mark.parametrize(
    ("again", "words"),
    [
        pytest.param(message(seconds=601), "he has a gun", id="much later"),
        pytest.param(message("another"), "he has a gun", id="somebody else"),
        pytest.param(message(seconds=5), "he has no gun", id="other words"),
        pytest.param(message(seconds=5, media=1), "he has a gun", id="with a picture"),
        pytest.param(message(seconds=5), None, id="no words"),
    ],
)
def test_what_is_not_the_same_is_no_repeat(again: Message, words: str | None) -> None:
    found = sightings(Lines(), [(message(), "he has a gun"), (again, words)])
    assert found[1].repeats is None


def test_words_are_kept_only_under_a_key_of_this_process() -> None:
    seen, other = Windows(), Windows()
    said, again = message(), message()
    for windows_of in (seen, other):
        windows_of.note(said, "he has a gun \ud800", Sighting())
    assert seen.look(Lines(), again, "he has a gun \ud800").repeats == said.id  # type: ignore[arg-type]  # a stand-in
    assert not set(seen._texts._held) & set(other._texts._held)
    assert "gun" not in repr(seen)


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(windows, "_BUCKETS", 10)
    monkeypatch.setattr(windows, "_TEXTS", 10)
    seen = Windows()
    sightings(Lines(), [(message(f"thread {n}"), f"text {n}") for n in range(100)], seen)
    assert (len(seen._counts._held), len(seen._texts._held)) == (10, 10)
