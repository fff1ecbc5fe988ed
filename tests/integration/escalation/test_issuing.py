"""Issuing under faults: killed half-way, by several workers at once, with its draft unreadable."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import update

from gateway.core.database import Database
from gateway.front.backup import awakening
from responders.escalation.issuing import Issuer
from responders.escalation.records import Alert
from tests.support.warners import Keeping, Warners


class _Killed(BaseException):
    """What a killed process leaves: no commit."""


def approved(warners: Warners) -> str:
    alert_id = warners.draft(warners.case())
    warners.propose(alert_id)
    warners.approve(alert_id)
    return alert_id


def test_a_worker_killed_before_its_commit_has_issued_nothing(
    warners: Warners, monkeypatch: pytest.MonkeyPatch
) -> None:
    warners.rules(folder=True)
    alert_id = approved(warners)

    def dies(*_: object, **__: object) -> None:
        raise _Killed

    with monkeypatch.context() as patched:
        patched.setattr("responders.escalation.issuing._supersede", dies)  # The last thing before the event.
        with pytest.raises(_Killed):
            warners.issue()
    row = warners.row(alert_id)
    assert (row.state, row.document, warners.deliveries()) == ("approved", None, [])
    assert row.draft_sealed is not None
    assert (warners.issue(), warners.issue()) == (1, 0)
    assert len(warners.deliveries()) == 1
    assert warners.world.events("alert.issued") == ["alert.issued"]


def test_several_workers_issue_each_alert_once(warners: Warners) -> None:
    warners.rules(folder=True)
    ids = [approved(warners) for _ in range(3)]
    world, done = warners.world, list[int]()
    barrier = threading.Barrier(3)

    def work(database: Database) -> None:
        barrier.wait()
        done.append(Issuer(database, world.keys["worker"], warners.folder, world.clock).issue_all())

    threads = [threading.Thread(target=work, args=(world.of("worker"),)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(done) == len(ids) == len(warners.deliveries())
    assert {warners.row(one).state for one in ids} == {"issued"}


def test_what_was_approved_before_a_backup_is_not_issued_by_its_restore(warners: Warners) -> None:
    alert_id, world = approved(warners), warners.world
    with world.database.write() as session:
        awakening.wake(session, world.clock(), 0, world.clock())
    assert warners.issue() == 0
    assert (warners.row(alert_id).state, warners.row(alert_id).approved_by) == ("draft", None)


def test_what_was_on_its_way_at_a_backup_is_not_sent_by_its_restore(warners: Warners) -> None:
    warners.rules(folder=True)
    approved(warners)
    assert warners.issue() == 1
    world = warners.world
    with world.database.write() as session:
        awake = awakening.wake(session, world.clock(), 0, world.clock())
    warners.ways = {"folder": (way := Keeping())}
    assert (awake.alerts, warners.deliver(), way.items) == (1, 0, [])
    assert [(one.state, one.code) for one in warners.deliveries()] == [("failed", "restored")]


def test_one_that_cannot_be_read_is_refused_and_keeps_no_other_waiting(warners: Warners) -> None:
    broken, other = approved(warners), approved(warners)
    with warners.world.database.write() as session:
        sealed = warners.row(other).draft_sealed
        session.execute(update(Alert).where(Alert.id == broken).values(draft_sealed=sealed))
    assert warners.issue() == 1
    assert (warners.row(broken).state, warners.row(broken).reason) == ("refused", "unreadable")
    assert warners.row(other).state == "issued"
