"""The one RQ job. It carries nothing and decides nothing: it rings for the duties of the process it runs in."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.front.duties import Duty

_on_call: list[Duty] = []


def take_calls(duties: Sequence[Duty]) -> None:
    """Say whom `drain` rings for in this process: RQ finds a job by its dotted name alone, so they meet here."""
    _on_call[:] = duties


def drain() -> None:
    """Ring for every duty of this process; `gateway.core.queues.JOB` names this function."""
    for duty in _on_call:
        duty.ring()
