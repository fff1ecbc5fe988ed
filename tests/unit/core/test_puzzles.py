"""Puzzles: what proves a report; nothing forged, old, unripe or of another form does, however the clock is set."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core import puzzles
from gateway.core.puzzles import Challenge, Puzzles
from tests.support.world import START as NOW

FORM, SCHOOL = "the seed and the school", "school"
OURS = Puzzles(b"s" * 32)


def made(load: int = 0, puzzler: Puzzles = OURS, form: str = FORM) -> Challenge:
    busy = Puzzles(puzzler.secret)
    for _ in range(load):
        busy.count(SCHOOL, NOW)
    challenge = puzzles.parse(busy.give(form, SCHOOL, NOW))
    assert challenge is not None
    return challenge


def after(**by: float) -> timedelta:
    return timedelta(**by)


def test_a_solved_challenge_proves_its_form_at_once_and_whenever_the_form_comes_again() -> None:
    challenge = made()
    answer = puzzles.solve(challenge)
    assert [OURS.proves(FORM, challenge.text, answer, NOW) for _ in range(2)] == [True, True]
    assert not OURS.proves("another form", challenge.text, answer, NOW), "each serves one form"
    assert not OURS.proves("another form", challenge.text, "", NOW + after(minutes=1))


def test_without_an_answer_a_challenge_ripens() -> None:
    challenge = made()
    moments = (0, puzzles.SHORT_WAIT - 1, puzzles.SHORT_WAIT, 600)
    assert [OURS.proves(FORM, challenge.text, "", NOW + after(seconds=one)) for one in moments] == [
        False, False, True, True,
    ]  # fmt: skip


def test_a_solution_is_so_many_zero_bits_of_sha_256() -> None:
    challenge = made()
    digest = hashlib.sha256(f"{challenge.text}:{puzzles.solve(challenge)}".encode()).hexdigest()
    assert digest.startswith("0" * (challenge.bits // 4))
    assert challenge.text.split(".")[1] == str(challenge.bits) == "12"


@pytest.mark.parametrize("answer", ["-1", "x", "1e3", "1 ", "９", "1" * 16, "\ud800", "0x1", "\n1"])
def test_what_is_no_answer_proves_nothing(answer: str) -> None:
    assert not OURS.proves(FORM, made().text, answer, NOW)


def test_a_wrong_number_proves_nothing() -> None:
    challenge = made()
    wrong = next(str(n) for n in range(10) if not challenge.is_solved(str(n)))
    assert not OURS.proves(FORM, challenge.text, wrong, NOW)


def forged(part: int, value: str) -> str:
    parts = made().text.split(".")
    parts[part] = value
    return ".".join(parts)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(forged(1, "0"), id="no bits"),
        pytest.param(forged(2, "0"), id="no wait"),
        pytest.param(forged(3, "1"), id="issued long ago"),
        pytest.param(forged(4, made(form="another").form), id="another form's"),
        pytest.param(forged(5, "0" * 64), id="another signature"),
        pytest.param(made(puzzler=Puzzles(b"t" * 32)).text, id="another secret"),
        pytest.param(made().text + "\n", id="a line more"),
        pytest.param(made().text.upper(), id="in capitals"),
        pytest.param("", id="nothing"),
        pytest.param("\ud800", id="lone surrogate"),
        pytest.param("1." * 100_000, id="endless"),
    ],
)
def test_a_forged_challenge_proves_nothing_and_its_form_gets_a_new_one(text: str) -> None:
    answer = puzzles.solve(challenge) if (challenge := puzzles.parse(text)) else "1"
    for moment in (NOW, NOW + after(minutes=1)):
        assert not OURS.proves(FORM, text, answer, moment)
        assert not OURS.proves(FORM, text, "", moment)
        assert OURS.give(FORM, SCHOOL, moment, text) != text


@given(st.text(st.characters(exclude_categories=())), st.text(st.characters(exclude_categories=())))
def test_whatever_comes_back_is_judged(text: str, answer: str) -> None:
    assert not OURS.proves(text, text, answer, NOW)
    assert OURS.proves(FORM, made().text, answer, NOW) == made().is_solved(answer)
    assert puzzles.parse(OURS.give(text, SCHOOL, NOW, answer))


def test_a_secret_of_another_process_proves_nothing_and_is_in_no_print() -> None:
    challenge = made()
    assert not Puzzles().proves(FORM, challenge.text, puzzles.solve(challenge), NOW)
    assert Puzzles().secret != Puzzles().secret
    assert "secret" not in repr(OURS)


def test_a_challenge_is_kept_while_it_serves_and_then_renewed() -> None:
    challenge = made()
    assert OURS.give(FORM, SCHOOL, NOW + puzzles.LIFETIME, challenge.text) == challenge.text
    late = NOW + puzzles.LIFETIME + after(seconds=1)
    assert OURS.give(FORM, SCHOOL, late, challenge.text) != challenge.text
    assert OURS.give("another form", SCHOOL, NOW, challenge.text) != challenge.text


def test_an_old_challenge_has_expired_solved_or_not() -> None:
    challenge = made()
    late = NOW + puzzles.LIFETIME + after(seconds=1)
    assert not OURS.proves(FORM, challenge.text, puzzles.solve(challenge), late)
    assert not OURS.proves(FORM, challenge.text, "", late)
    assert OURS.proves(FORM, challenge.text, "", NOW + puzzles.LIFETIME)


def test_a_clock_that_is_set_back_makes_nobody_wait_for_it() -> None:
    challenge, back = made(), NOW - after(hours=5)
    assert OURS.proves(FORM, challenge.text, puzzles.solve(challenge), back)
    assert not OURS.proves(FORM, challenge.text, "", back)
    fresh = OURS.give(FORM, SCHOOL, back, challenge.text)
    assert fresh != challenge.text
    assert OURS.proves(FORM, fresh, "", back + after(seconds=puzzles.SHORT_WAIT))
    assert OURS.give(FORM, SCHOOL, NOW - after(seconds=30), challenge.text) == challenge.text, (
        "clocks differ by seconds"
    )


def test_puzzles_grow_harder_with_the_load_and_no_further() -> None:
    assert [puzzles.bits_at(load) for load in (-5, 0, 60, 119, 120, 240, 480, 10**9)] == [
        12, 12, 12, 12, 13, 14, 15, 20,
    ]  # fmt: skip
    waits = [puzzles.wait_at(load) for load in (0, 60, 120, 480, 10**9)]
    assert waits == sorted(waits)
    assert (waits[0], waits[1], waits[-1]) == (3, 3, 30)


def test_the_load_is_that_of_the_last_minute_about_one_school() -> None:
    assert (made(load=119).bits, made(load=480).bits) == (12, 15)
    busy = Puzzles()
    for _ in range(600):
        busy.count(SCHOOL, NOW)
    loads = [busy.load(SCHOOL, NOW + after(seconds=one)) for one in (0, 59, 60, 90, 119, 120, 3600)]
    assert loads == [600, 600, 600, 300, 10, 0, 0]
    assert (busy.load("another", NOW), busy.load(SCHOOL, NOW - after(hours=1))) == (0, 0)
    busy.count(SCHOOL, NOW + after(seconds=90))
    assert busy.load(SCHOOL, NOW + after(seconds=90)) == 301
    busy.count(SCHOOL, NOW + after(seconds=300))
    assert busy.load(SCHOOL, NOW + after(seconds=300)) == 1


def test_what_is_remembered_is_a_count_for_each_school_and_about_nobody() -> None:
    puzzler = Puzzles()
    for number in range(100):
        challenge = puzzler.give(f"form {number}", SCHOOL, NOW)
        assert puzzler.proves(f"form {number}", challenge, "", NOW + after(seconds=5))
        puzzler.count(SCHOOL, NOW)
    assert set(vars(puzzler)) == {"secret", "_loads"}
    assert puzzler._loads == {SCHOOL: (int(NOW.timestamp()) // 60, 100, 0)}
