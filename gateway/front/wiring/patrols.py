"""The rounds of a process at its carrier."""

from __future__ import annotations

from gateway.core.backfill import EVERY_SECONDS, MEET_SECONDS, Backfill
from gateway.front.duties import Duty, Patrol


def make(backfill: Backfill) -> list[Duty]:
    """Make the duties of taking in, of asking and of deleting, apart, so that none waits for another."""
    steps = {"list": backfill.list_all, "ask": backfill.ask_all, "clean": backfill.delete_all}
    made: list[Duty] = [Patrol(name, step, every_seconds=EVERY_SECONDS) for name, step in steps.items()]
    return [*made, Patrol("meet", backfill.list_new, every_seconds=MEET_SECONDS)]
