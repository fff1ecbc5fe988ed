"""Work that waits for too long, and the processes that should have done it. Ids and times only, never words."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import Select, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from gateway.core import keys
from gateway.core.records import Message, Send
from gateway.front.doctor.finding import Finding
from gateway.front.places import NAMES, Var
from responders.paging.records import Callout

THREADED_WITHIN = timedelta(seconds=30)
DISPATCHED_WITHIN = timedelta(seconds=90)
"""A minute longer than the longest wait that is meant: of a text to the paging line, for the courier."""
CALLED_WITHIN = timedelta(seconds=30)
SENT_WITHIN = timedelta(minutes=2)


def waiting(session: Session, now: datetime) -> Iterator[Finding]:
    """Look for what should have been done by now."""
    inbound = _oldest(Message.at).where(Message.direction == "in")
    looks = (
        (
            "messages to judge", inbound.where(Message.dispatched_at.is_(None)), DISPATCHED_WITHIN,
            "Nobody has been called for it. Read it now by hand if you can; is the worker running? See its log.",
        ),
        (
            "messages to thread", inbound.where(Message.threaded_at.is_(None)), THREADED_WITHIN,
            "It is judged all the same, but nobody can answer it. Is the courier running? See its log.",
        ),
        (
            "callouts", _oldest(Callout.next_at).where(Callout.closed_at.is_(None)), CALLED_WITHIN,
            "The next round of pages is late. Call those on duty by phone; is the worker running? See its log.",
        ),
        (
            "texts to reporters", _unsent("reporters"), SENT_WITHIN,
            "It has not left. Does Twilio take texts (see below)? Is the courier running? See its log.",
        ),
        (
            "pages to staff", _unsent("paging"), SENT_WITHIN,
            "It has not left. Call those on duty by phone. Does Twilio take texts (see below)? Is the worker running?",
        ),
    )  # fmt: skip
    for what, query, within, advice in looks:
        oldest, count = session.execute(query).one()
        yield _judged(what, count, now - oldest if count else None, within, advice)


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


def _oldest(at: InstrumentedAttribute[datetime]) -> Select[datetime, int]:
    return select(func.min(at), func.count())


def _unsent(account: str) -> Select[datetime, int]:
    return _oldest(Send.created_at).where(Send.account == account, Send.status == "queued")


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
