"""How much a sender may bring in a minute, and how long it waits with more."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from gateway.core.rates import Rates

NOW = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)


def test_wait_lets_a_minutes_worth_through_at_once_and_then_says_how_long() -> None:
    rates = Rates(per_minute=60)
    assert [rates.wait("desk", 20, NOW) for _ in range(5)] == [0, 0, 0, 20, 20]
    assert rates.wait("desk", 1, NOW) == 1, "what was refused was not counted"
    assert rates.wait("radio", 60, NOW) == 0, "nobody waits for another"


def test_wait_is_over_when_it_said() -> None:
    rates = Rates(per_minute=60)
    rates.wait("desk", 60, NOW)
    seconds = rates.wait("desk", 7, NOW)
    assert rates.wait("desk", 7, NOW + timedelta(seconds=seconds - 1)) > 0
    assert rates.wait("desk", 7, NOW + timedelta(seconds=seconds)) == 0


def test_wait_lets_a_steady_sender_through_for_ever() -> None:
    rates = Rates(per_minute=60)
    assert {rates.wait("desk", 1, NOW + timedelta(seconds=second)) for second in range(1000)} == {0}


def test_wait_survives_a_clock_that_is_set_back() -> None:
    rates = Rates(per_minute=60)
    rates.wait("desk", 60, NOW)
    assert rates.wait("desk", 1, NOW - timedelta(days=1)) <= 61
    assert rates.wait("desk", 1, NOW - timedelta(days=1) + timedelta(seconds=61)) == 0
