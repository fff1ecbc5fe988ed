from __future__ import annotations

from datetime import UTC, datetime, timedelta

from gateway.core.guesses import Guesses

NOW = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)


def test_wrong_answers_a_few_at_once_then_slows_down() -> None:
    guesses = Guesses(burst=3, every=timedelta(seconds=1), longest=timedelta(seconds=4))
    assert [guesses.wrong(NOW) for _ in range(9)] == [0, 0, 0, 1, 2, 3, 4, 4, 4]


def test_wrong_forgives_with_time() -> None:
    guesses = Guesses(burst=3, every=timedelta(seconds=1), longest=timedelta(seconds=4))
    waits = [guesses.wrong(NOW) for _ in range(1000)]
    assert max(waits) == 4, "nobody waits longer than that, however many there were"
    assert guesses.wrong(NOW + timedelta(seconds=3)) == 3
    assert guesses.wrong(NOW + timedelta(seconds=60)) == 0


def test_wrong_survives_a_clock_that_is_set_back() -> None:
    guesses = Guesses(burst=1, every=timedelta(seconds=1), longest=timedelta(seconds=4))
    guesses.wrong(NOW)
    assert guesses.wrong(NOW - timedelta(days=1)) <= 4
    assert guesses.wrong(NOW - timedelta(days=1) + timedelta(seconds=10)) == 0
