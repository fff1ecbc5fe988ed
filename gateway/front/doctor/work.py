"""Work that waits for too long, and the processes that should have done it. Ids and times only, never words."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from gateway.core import heartbeats, keys
from gateway.core.records import Heartbeat
from gateway.front import vitals
from gateway.front.doctor.finding import Finding
from gateway.front.places import NAMES, Var

THREADED_WITHIN = timedelta(seconds=30)
DISPATCHED_WITHIN = timedelta(seconds=90)
"""A minute longer than the longest wait that is meant: of a text to the paging line, for the courier."""
CALLED_WITHIN = timedelta(seconds=30)
SENT_WITHIN = timedelta(minutes=2)
_FAILING_SECONDS = 60


def waiting(session: Session, now: datetime) -> Iterator[Finding]:
    """Look for what should have been done by now."""
    found = vitals.waiting(session)
    looks = (
        (
            "messages to judge", "judge", DISPATCHED_WITHIN,
            "Nobody has been called for it. Read it now by hand if you can; is the worker running? See its log.",
        ),
        (
            "messages to thread", "thread", THREADED_WITHIN,
            "It is judged all the same, but nobody can answer it. Is the courier running? See its log.",
        ),
        (
            "callouts", "callouts", CALLED_WITHIN,
            "The next round of pages is late. Call those on duty by phone; is the worker running? See its log.",
        ),
        (
            "texts to reporters", "reporters", SENT_WITHIN,
            "It has not left. Does Twilio take texts (see below)? Is the courier running? See its log.",
        ),
        (
            "pages to staff", "paging", SENT_WITHIN,
            "It has not left. Call those on duty by phone. Does Twilio take texts (see below)? Is the worker running?",
        ),
    )  # fmt: skip
    for what, queue, within, advice in looks:
        one = found[queue]
        yield _judged(what, one.count, now - one.oldest if one.oldest else None, within, advice)


def processes(var: Var) -> Iterator[Finding]:
    """Look which processes run, by the notes that they keep in `var/run`."""
    states = {name: _is_alive(var, name) for name in NAMES}
    if not any(states.values()):
        yield Finding("processes", "warning", f"None runs from {var.root}. Start them with `tipline up`.")
        return
    for name, alive in states.items():
        if alive:
            yield Finding(f"process {name}", "ok", "It runs and is ready.")
        elif alive is False or name in keys.PROCESSES:  # the last two are not for every house
            yield Finding(f"process {name}", "fault", f"It does not run, or is not ready. See {var.log(name)}.")


def beats(session: Session, now: datetime) -> Iterator[Finding]:
    """Look whether each process has given a sign of life of late, and whether its work goes well."""
    found = heartbeats.latest(session, now)
    if all(heartbeats.age_seconds(row, now) > heartbeats.STALE_SECONDS for row in found.values()):
        yield Finding("heartbeats", "warning", "No process beats. Start them with `tipline up`.")
        return
    for name in keys.PROCESSES:
        yield _beat(f"heartbeat of {name}", found.get(name), now)


def _beat(what: str, row: Heartbeat | None, now: datetime) -> Finding:
    if row is None:
        return Finding(what, "fault", "It has never beaten. Does it run? See its log.")
    age = heartbeats.age_seconds(row, now)
    if age > heartbeats.STALE_SECONDS:
        return Finding(what, "fault", f"None for {_lasting(timedelta(seconds=age))}. Does it run? See its log.")
    if row.data.get("trouble"):
        return Finding(what, "fault", f"It beats, but cannot work: {row.data['trouble']}. See its log.")
    failing = sorted(name for name, state in row.data.get("duties", {}).items() if state["failing"] > _FAILING_SECONDS)
    if failing:
        return Finding(what, "warning", f"It beats, but fails for more than a minute at: {', '.join(failing)}.")
    return Finding(what, "ok", "It beats.")


def _judged(what: str, count: int, age: timedelta | None, within: timedelta, advice: str) -> Finding:
    if age is None or age <= within:
        return Finding(what, "ok", "None waits for too long.")
    return Finding(what, "fault", f"{count} waiting, the oldest for {_lasting(age)}. {advice}")


def _lasting(age: timedelta) -> str:
    seconds = int(age.total_seconds())
    return f"{seconds} seconds" if seconds < 120 else f"{seconds // 60} minutes"


def _is_alive(var: Var, name: str) -> bool | None:
    """Tell whether a process lives; None when it never said that it is ready."""
    path = var.ready(name)
    noted = path.read_text("utf-8").strip() if path.exists() else ""
    if not noted.isdigit():
        return None
    try:
        os.kill(int(noted), 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # another user's, as it should be
        return True
    return True
