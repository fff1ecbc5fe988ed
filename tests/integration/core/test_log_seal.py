"""Sealing: nothing that is still on its way is passed over, no kill makes a fork, no restore goes unseen."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session

from gateway.core import log_keys
from gateway.core.database import Database
from gateway.core.errors import KeyRefused, Unavailable
from gateway.core.events import emit
from tests.support.house import ROOT, until
from tests.support.sealed_log import SealedLog
from tests.support.world import START


class Killed(BaseException):
    """What a kill looks like from inside: no handler of ours sees it."""


@pytest.fixture
def log(database: Database, tmp_path: Path) -> SealedLog:
    return SealedLog(database, tmp_path / "heads.jsonl")


def _emit(session: Session, subject: str = "case/late") -> None:
    """Append an event and draw its number, in a transaction that goes on."""
    emit(session, "case.opened", subject=subject, actor="process:worker", at=START, district_id=None)
    session.flush()


def test_seal_takes_all_that_is_there_and_then_rests(log: SealedLog) -> None:
    assert log.beat() == 0
    log.emit(7)
    assert log.beat() == 3
    assert log.beat() == 0
    report = log.audit()
    assert (report.findings, report.events, report.unsealed, report.anchors) == ([], 7, 0, 3)


def test_seal_waits_for_a_transaction_that_drew_its_number_earlier(log: SealedLog) -> None:
    if log.database.is_sqlite:
        pytest.skip("on SQLite writers take turns")
    log.emit(2)
    with Session(log.database.engine) as late:
        _emit(late)
        log.emit(2)
        assert log.beat() == 0, "who is on its way might still be anyone"
        log.emit(1)
        assert log.beat() == 0
        assert log.audit().unsealed == 5
        late.commit()
    assert log.beat() == 2
    assert (log.kinds(), log.audit().unsealed, log.audit().events) == (set(), 0, 6)


def test_seal_does_not_wait_for_transactions_that_came_later(log: SealedLog) -> None:
    if log.database.is_sqlite:
        pytest.skip("on SQLite writers take turns")
    with Session(log.database.engine) as first, Session(log.database.engine) as second:
        _emit(first)
        log.emit(2)
        log.beat()
        _emit(second)
        first.commit()
        log.beat()
        assert log.audit().events == 3, "the second is still open, and keeps nobody waiting"
        second.rollback()
    log.emit(1)
    log.beat()
    assert (log.kinds(), log.audit().unsealed) == (set(), 0)


def test_number_that_was_rolled_back_is_no_deletion_and_filling_it_is_an_insertion(log: SealedLog) -> None:
    if log.database.is_sqlite:
        pytest.skip("SQLite gives a number that was rolled back to the next")
    log.emit(1)
    with Session(log.database.engine) as undone:
        _emit(undone)
        undone.rollback()
    log.emit(1)
    log.beat()
    assert log.kinds() == set()
    log.sql(
        "INSERT INTO events (seq, id, type, subject, actor, at, data)"
        " SELECT 2, 'forged', type, subject, actor, at, data FROM events WHERE seq = 1"
    )
    assert [(finding.kind, finding.seq) for finding in log.audit().findings] == [("inserted", 2)]


def test_row_above_every_number_drawn_keeps_no_later_event_from_its_seal(log: SealedLog) -> None:
    if log.database.is_sqlite:
        pytest.skip("SQLite itself goes on above the highest number")
    log.emit(1)
    log.sql(
        "INSERT INTO events (seq, id, type, subject, actor, at, data)"
        " SELECT 5000, 'forged', type, subject, actor, at, data FROM events WHERE seq = 1"
    )
    log.beat()
    log.emit(3)
    log.beat()
    report = log.audit()
    assert (report.findings, report.events, report.unsealed) == ([], 4, 1)


def test_seal_beside_busy_writers_leaves_none_out(log: SealedLog) -> None:
    def write(seed: int) -> None:
        draw = random.Random(seed)
        for _ in range(25):
            with suppress(KeyError), log.database.write() as session:
                for _ in range(draw.randint(1, 3)):
                    _emit(session)
                if draw.random() < 0.2:
                    raise KeyError("rolled back")

    with ThreadPoolExecutor(4) as pool:
        jobs = [pool.submit(write, seed) for seed in range(4)]
        while not all(job.done() for job in jobs):
            log.beat()
        for job in jobs:
            job.result()
    log.beat()
    assert (log.kinds(), log.audit().unsealed) == (set(), 0)
    assert log.audit().events > 100


@contextmanager
def _dying_at(point: str, log: SealedLog) -> Iterator[None]:
    """Let the next run of the clock die at a point of its work."""

    def die(*_arguments: object) -> None:
        raise Killed

    if point == "before the row":
        log.sealer.clock = die  # type: ignore[assignment]  # it never answers
        yield
    elif point == "anchoring":
        object.__setattr__(log.file, "_append", die)
        yield
    else:
        name = {"before the commit": "before_commit", "after the commit": "after_commit"}[point]
        event.listen(Session, name, die)
        try:
            yield
        finally:
            event.remove(Session, name, die)


@pytest.mark.parametrize("point", ["before the row", "before the commit", "after the commit", "anchoring"])
def test_clock_killed_between_two_steps_goes_on_without_a_fork(log: SealedLog, point: str) -> None:
    log.filled(3)
    log.emit(4)
    with _dying_at(point, log), pytest.raises(Killed):
        log.beat()
    log.restart()
    log.emit(1)
    log.beat()
    report = log.audit()
    assert (report.findings, report.events, report.unsealed) == ([], 8, 0)
    assert report.anchors == report.batches


def test_clock_killed_in_the_middle_of_an_anchors_line_writes_it_anew(log: SealedLog) -> None:
    log.filled(3)
    whole = log.path.read_bytes()
    log.filled(3)
    log.path.write_bytes(log.path.read_bytes()[: len(whole) + 40])
    log.restart()
    log.filled(3)
    report = log.audit()
    assert [finding.kind for finding in report.findings] == ["anchor"], "the torn line is told of, and nothing else"
    assert report.anchors == 3


def test_two_clocks_at_once_make_one_chain(log: SealedLog) -> None:
    log.emit(60)
    other = SealedLog(log.database, log.path, log.key)
    with ThreadPoolExecutor(2) as pool:
        for beat in [pool.submit(each.beat) for each in (log, other)]:
            beat.result()
    log.beat()
    assert (log.kinds(), log.audit().unsealed) == (set(), 0)


def test_clock_killed_again_and_again_for_real_makes_one_chain(log: SealedLog, key_root: Path) -> None:
    folder = key_root / "clock"
    url = log.database.engine.url.render_as_string(hide_password=False)
    key = log_keys.signing(folder)
    assert key is not None
    log = SealedLog(log.database, log.path, key)
    for number in range(1, 5):
        command = [sys.executable, "-m", "tests.support.sealing_child", url, str(log.path), str(folder)]
        with subprocess.Popen(command, cwd=ROOT) as child:
            log.emit(20)
            until(lambda wanted=number: log.audit().batches >= 4 * wanted, "seals")  # type: ignore[misc]  # a default
            log.emit(random.Random(number).randint(1, 9))
            os.kill(child.pid, signal.SIGKILL)
    log.restart()
    log.beat()
    report = log.audit()
    assert {finding.kind for finding in report.findings} <= {"anchor"}, "at most a torn line"
    assert (report.unsealed, report.anchors) == (0, report.batches)


def test_restored_database_goes_on_behind_a_gap_that_stays_visible(log: SealedLog) -> None:
    log.filled(9)
    log.sql("DELETE FROM events WHERE seq > 3", "DELETE FROM log_seals WHERE number > 1")
    if not log.database.is_sqlite:
        log.sql("SELECT setval('events_seq_seq', 3)")
    log.restart()
    log.filled(3)
    report = log.audit()
    assert [(finding.kind, finding.batch) for finding in report.findings] == [("missing", 2), ("missing", 3)]
    assert report.newest is not None
    assert report.newest.number == 4
    log.filled(3)
    assert len(log.audit().findings) == 2, "what comes after the gap is sealed as ever"


def test_seal_refuses_to_go_on_from_a_seal_that_is_not_ours(log: SealedLog) -> None:
    log.filled(3)
    log.sql("INSERT INTO log_seals (number, head, entries, signature) SELECT 7, head, entries, entries FROM log_seals")
    log.emit(1)
    with pytest.raises(KeyRefused, match="not signed by our key"):
        log.beat()
    log.sql("DELETE FROM log_seals WHERE number = 7")
    assert log.beat() == 1
    assert log.kinds() == set()


def test_anchors_that_cannot_be_written_are_caught_up_with(log: SealedLog) -> None:
    log.path.mkdir()
    log.emit(3)
    assert log.sealer.anchored is not None
    log.sealer.anchored = lambda: None
    with pytest.raises(Unavailable, match="anchor file"):
        log.beat()
    log.path.rmdir()
    log.filled(3)
    assert log.audit().anchors == 2


def test_anchors_of_others_are_not_followed(log: SealedLog) -> None:
    forger = SealedLog(log.database, log.path).filled(6)
    log.sql("DELETE FROM log_seals")
    with log.path.open("ab") as file:
        file.write(b"x" * 200_000)
    log.beat()
    assert len(forger.audit().findings) > 0
    assert {finding.kind for finding in log.audit().findings} == {"anchor"}
    assert log.audit().anchors == 2
