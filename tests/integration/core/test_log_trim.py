"""Retention of the event log: whole batches from its beginning, with a signed note, and audits that stay quiet."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.core.database import Database
from gateway.core.log_trim import Trimmer
from tests.support.sealed_log import SealedLog


@pytest.fixture
def log(database: Database, tmp_path: Path) -> SealedLog:
    """Four batches of three events from long ago, and one of today."""
    log = SealedLog(database, tmp_path / "heads.jsonl")
    log.filled(12)
    log.clock.forward(days=3000)
    return log.filled(3)


def trim(log: SealedLog, **ago: float) -> int:
    now = log.clock()
    return Trimmer(log.database, log.key, log.keys).trim(now - timedelta(**(ago or {"days": 100})), now)


def test_trim_takes_lapsed_batches_and_the_audit_accounts_for_them(log: SealedLog) -> None:
    assert trim(log) == 12
    report = log.audit()
    assert (report.findings, report.destroyed) == ([], 12)
    assert log.one("SELECT min(seq) FROM events") == "13"
    assert log.audit(anchored=False).findings == []
    assert log.one("SELECT count(*) FROM events WHERE type = 'org.tipline.log.trimmed'") == "1"


def test_trim_goes_on_where_it_was(log: SealedLog) -> None:
    trim(log)
    log.filled(6)
    log.clock.forward(days=3000)
    log.restart()
    log.filled(3)
    assert trim(log) == 10, "those of the second time, and the event of the first note"
    report = log.audit()
    assert (report.findings, report.destroyed) == ([], 22)


def test_trim_keeps_what_has_not_lapsed_and_the_newest_batch(log: SealedLog) -> None:
    assert trim(log, days=4000) == 0
    assert trim(log, days=-1) == 12, "all has lapsed, and the newest batch stays"
    assert log.audit().findings == []


def test_trim_leaves_what_was_changed_for_the_audit_to_show(log: SealedLog) -> None:
    log.sql("DELETE FROM events WHERE seq = 5")
    assert trim(log) == 3, "the batch before it"
    assert log.kinds() == {"deleted"}


DEEDS: dict[str, tuple[Callable[[SealedLog], object], set[str]]] = {
    "the note is gone": (lambda log: log.sql("DELETE FROM log_notes"), {"missing"}),
    "the note is another": (
        lambda log: log.sql("UPDATE log_notes SET signature = note"),
        {"note", "missing"},
    ),
    "an event is put in before": (
        lambda log: log.sql(
            "INSERT INTO events (seq, id, type, subject, actor, at, data) "
            "VALUES (2, 'x', 'org.tipline.x', 's', 'a', '2020-01-01 00:00:00.000000', '{}')"
        ),
        {"inserted"},
    ),
    "more is deleted than the note says": (
        lambda log: log.sql("DELETE FROM events WHERE seq = 13"),
        {"deleted"},
    ),
    "a further batch is cut": (
        lambda log: log.sql(
            "DELETE FROM events WHERE seq <= 15",
            "DELETE FROM log_seals WHERE number = (SELECT min(number) FROM log_seals)",
        ),
        {"missing"},
    ),
}


@pytest.mark.parametrize(("deed", "kinds"), DEEDS.values(), ids=DEEDS.keys())
def test_audit_finds_what_no_note_accounts_for(
    log: SealedLog, deed: Callable[[SealedLog], object], kinds: set[str]
) -> None:
    trim(log)
    log.beat()
    deed(log)
    assert kinds <= log.kinds()


def test_a_note_by_another_key_accounts_for_nothing(log: SealedLog, tmp_path: Path) -> None:
    other = SealedLog(log.database, tmp_path / "other.jsonl")
    forger = Trimmer(log.database, other.key, {**log.keys, **other.keys})
    assert forger.trim(log.clock(), log.clock()) == 12
    assert {"note", "missing"} <= log.kinds()
