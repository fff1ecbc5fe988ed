"""Puzzles: what is accepted once, and nothing that is forged, old, used or not ripe, however the clock is set."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core import puzzles
from gateway.core.puzzles import Challenge, Spent, check
from tests.support.world import START as NOW

SECRET = b"s" * 32


def made(load: int = 0, secret: bytes = SECRET) -> Challenge:
    challenge = puzzles.read(secret, puzzles.issue(secret, NOW, load))
    assert challenge is not None
    return challenge


def after(**by: float) -> timedelta:
    return timedelta(**by)


def test_a_solved_challenge_is_accepted_at_once_and_only_once() -> None:
    challenge, spent = made(), Spent()
    answer = puzzles.solve(challenge)
    assert check(SECRET, challenge.text, answer, NOW, spent) == "solved"
    assert check(SECRET, challenge.text, answer, NOW, spent) == "spent"
    assert check(SECRET, challenge.text, "", NOW + after(minutes=1), spent) == "spent"


def test_without_an_answer_a_challenge_ripens_and_is_used_up_then() -> None:
    challenge, spent = made(), Spent()
    assert check(SECRET, challenge.text, "", NOW, spent) == "unripe"
    assert check(SECRET, challenge.text, "", NOW + after(seconds=puzzles.SHORT_WAIT - 1), spent) == "unripe"
    assert check(SECRET, challenge.text, "", NOW + after(seconds=puzzles.SHORT_WAIT), spent) == "ripe"
    assert check(SECRET, challenge.text, "", NOW + after(seconds=puzzles.SHORT_WAIT), spent) == "spent"


def test_a_solution_is_so_many_zero_bits_of_sha_256() -> None:
    challenge = made()
    digest = hashlib.sha256(f"{challenge.text}:{puzzles.solve(challenge)}".encode()).hexdigest()
    assert digest.startswith("0" * (challenge.bits // 4))
    assert challenge.text.split(".")[1] == str(challenge.bits) == "12"


@pytest.mark.parametrize("answer", ["-1", "x", "1e3", "1 ", "９", "1" * 16, "\ud800", "0x1", "\n1"])
def test_what_is_no_answer_is_wrong_and_uses_nothing_up(answer: str) -> None:
    challenge, spent = made(), Spent()
    assert check(SECRET, challenge.text, answer, NOW + after(minutes=1), spent) == "wrong"
    assert len(spent) == 0


def test_a_wrong_number_is_wrong_and_the_right_one_still_serves() -> None:
    challenge, spent = made(), Spent()
    right = puzzles.solve(challenge)
    wrong = next(str(n) for n in range(10) if not puzzles.is_solved(challenge, str(n)))
    assert check(SECRET, challenge.text, wrong, NOW, spent) == "wrong"
    assert check(SECRET, challenge.text, right, NOW, spent) == "solved"


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
        pytest.param(forged(4, "0" * 32), id="another id"),
        pytest.param(forged(5, "0" * 64), id="another signature"),
        pytest.param(made(secret=b"t" * 32).text, id="another secret"),
        pytest.param(made().text + "\n", id="a line more"),
        pytest.param(made().text.upper(), id="in capitals"),
        pytest.param("", id="nothing"),
        pytest.param("\ud800", id="lone surrogate"),
        pytest.param("1." * 100_000, id="endless"),
    ],
)
def test_a_forged_challenge_is_refused(text: str) -> None:
    spent = Spent()
    assert check(SECRET, text, "", NOW + after(minutes=1), spent) == "forged"
    assert len(spent) == 0


@given(st.text(st.characters(exclude_categories=())), st.text(st.characters(exclude_categories=())))
def test_whatever_comes_back_is_judged(text: str, answer: str) -> None:
    assert check(SECRET, text, answer, NOW, Spent()) == "forged"
    assert check(SECRET, made().text, answer, NOW, Spent()) in {"wrong", "unripe", "solved"}


def test_an_old_challenge_has_expired_solved_or_not() -> None:
    challenge = made()
    late = NOW + puzzles.LIFETIME + after(seconds=1)
    assert check(SECRET, challenge.text, puzzles.solve(challenge), late, Spent()) == "expired"
    assert check(SECRET, challenge.text, "", late, Spent()) == "expired"
    assert check(SECRET, challenge.text, "", NOW + puzzles.LIFETIME, Spent()) == "ripe"


def test_a_clock_that_is_set_back_keeps_nobody_waiting_and_makes_nothing_new() -> None:
    challenge, spent, back = made(), Spent(), NOW - after(hours=5)
    assert check(SECRET, challenge.text, "", back, spent) == "expired", "a new one ripens in seconds"
    answer = puzzles.solve(challenge)
    assert check(SECRET, challenge.text, answer, back, spent) == "solved"
    for moment in (back, NOW, NOW + after(hours=1)):
        assert check(SECRET, challenge.text, answer, moment, spent) == "spent"
    # Not even a clock that was far ahead in between lets a used one serve again.
    assert check(SECRET, challenge.text, answer, NOW + after(days=9), spent) == "expired"
    assert check(SECRET, challenge.text, answer, NOW, spent) == "spent"


def test_clocks_that_differ_by_seconds_are_one_clock() -> None:
    assert check(SECRET, made().text, "", NOW - after(seconds=30), Spent()) == "unripe"


def test_puzzles_grow_harder_with_the_load_and_no_further() -> None:
    assert [puzzles.bits_at(load) for load in (-5, 0, 60, 119, 120, 240, 480, 10**9)] == [
        12,
        12,
        12,
        12,
        13,
        14,
        15,
        20,
    ]
    waits = [puzzles.wait_at(load) for load in (0, 60, 120, 480, 10**9)]
    assert waits == sorted(waits)
    assert (waits[0], waits[1], waits[-1]) == (3, 3, 30)


def test_one_challenge_at_once_from_many_serves_once() -> None:
    challenge, spent, barrier = made(), Spent(), Barrier(8)

    def try_it() -> str:
        barrier.wait()
        return check(SECRET, challenge.text, "", NOW + after(seconds=5), spent)

    with ThreadPoolExecutor(8) as pool:
        verdicts = [job.result() for job in [pool.submit(try_it) for _ in range(8)]]
    assert sorted(verdicts) == ["ripe", *["spent"] * 7]


def test_what_is_remembered_is_bounded_and_says_nothing_of_anybody() -> None:
    spent = Spent(most=3)
    for _ in range(10):
        assert check(SECRET, made().text, "", NOW + after(seconds=5), spent) == "ripe"
    assert len(spent) == 3
    assert set(vars(spent)) == {"_most", "_ids", "_lock"}


def test_challenges_differ_and_draw_from_what_they_are_given() -> None:
    assert made().id != made().id
    assert puzzles.issue(SECRET, NOW, draw=lambda size: "ab" * size) == puzzles.issue(
        SECRET, NOW, draw=lambda size: "ab" * size
    )
