"""The clock sees what is due, wakes who must act, and tidies up."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from gateway.core.database import Database
from gateway.core.queues import Name
from gateway.core.records import Message, Send
from gateway.core.times import utc_now
from gateway.front import sweeps
from gateway.front.places import Var
from responders.accounts import service as accounts
from responders.accounts.records import SignInAttempt, StaffSession
from responders.paging.records import Callout

NOW = utc_now()


@pytest.fixture
def database(var: Var) -> Database:
    return Database(f"sqlite:///{var.database}")


def _due(database: Database) -> set[Name]:
    with database.read() as session:
        return sweeps.due(session, NOW)


def test_nothing_is_due_in_a_quiet_house(database: Database) -> None:
    assert _due(database) == set()


@pytest.mark.parametrize(
    ("change", "wakes"),
    [
        (update(Message).where(Message.direction == "in").values(threaded_at=None), {"courier"}),
        (update(Message).where(Message.direction == "in").values(dispatched_at=None), {"worker"}),
        (
            update(Message).where(Message.direction == "in").values(
                threaded_at=None, dispatched_at=None, at=NOW - timedelta(seconds=6)
            ),
            {"courier", "worker"},
        ),
        (
            update(Message).where(Message.direction == "in").values(
                threaded_at=None, dispatched_at=None, at=NOW - timedelta(seconds=2)
            ),
            {"courier"},
        ),
        (update(Send).where(Send.account == "reporters").values(status="queued"), {"courier"}),
        (update(Send).where(Send.account == "paging").values(status="queued"), {"worker"}),
        (
            update(Send).where(Send.account == "paging").values(
                status="queued", lease_until=NOW + timedelta(seconds=20)
            ),
            set(),
        ),
        (update(Callout).values(closed_at=None, next_at=NOW - timedelta(seconds=1)), {"worker"}),
        (update(Callout).values(closed_at=None, next_at=NOW + timedelta(seconds=9)), set()),
    ],
    ids=["unthreaded", "undispatched", "courier-away", "in-time", "reply", "page", "leased", "callout", "later"],
)  # fmt: skip
def test_due_wakes_who_must_act(database: Database, change: object, wakes: set[Name]) -> None:
    with database.write() as session:
        session.execute(change)  # type: ignore[call-overload]  # any of the statements above
    assert _due(database) == wakes


def test_run_wakes_and_tidies_until_it_is_stopped(database: Database) -> None:
    stop = threading.Event()
    with database.write() as session:
        session.execute(update(Message).where(Message.direction == "in").values(dispatched_at=None))
    woken: list[Name] = []

    def wake(name: Name) -> None:
        woken.append(name)
        stop.set()

    sweeps.run(database, wake, lambda: NOW, stop)
    assert woken == ["worker"]


def test_tidy_ends_lapsed_sessions_and_forgets_old_tries(database: Database) -> None:
    with pytest.raises(Exception, match="not right"):
        accounts.sign_in(database, "dana", "a wrong password", NOW)
    with database.write() as session:
        sweeps.tidy(session, NOW + timedelta(days=2))
        assert session.scalars(select(StaffSession)).all() == []
        assert session.scalars(select(SignInAttempt)).all() == []
