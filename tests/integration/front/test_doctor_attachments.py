"""What the doctor says of attachments: their room, their store, and the walls around whoever decodes them."""

from __future__ import annotations

import os
import sys
from datetime import timedelta

import pytest

from gateway.core.media.workshop import Workshop
from gateway.core.times import utc_now
from gateway.front.doctor.examination import Doctor
from gateway.front.doctor.finding import Finding
from gateway.front.places import Var
from tests.integration.front.test_doctor import _carrier
from tests.support.clamd import running

ELSEWHERE = """
import platform, sys
platform.machine = lambda: "mips"
from gateway.core.media import cleaner
cleaner.main(int(sys.argv[1]), int(sys.argv[2]))
"""
"""The real cleaner, on a machine whose system calls it does not know."""


def look(var: Var, workshop: Workshop | None = None, **environ: str) -> dict[str, Finding]:
    doctor = Doctor(var, environ, utc_now, _carrier, workshop or Workshop())
    return {finding.what: finding for finding in doctor.examine()}


def test_a_house_with_room_and_walls_is_well(var: Var) -> None:
    found = look(var, TIPLINE_MEDIA_KEEP_FREE_BYTES="1")
    assert found["attachments' store"].level == "ok"
    assert found["cleaner of attachments"].level == "ok"
    assert not var.media.exists(), "looking changes nothing"


@pytest.mark.parametrize(("share", "level", "words"), [(2.0, "fault", "refused now"), (0.75, "warning", "Make room")])
def test_a_disk_that_fills_up_is_told(var: Var, share: float, level: str, words: str) -> None:
    disk = os.statvfs(var.root)
    keep = int(disk.f_bavail * disk.f_frsize * share)
    finding = look(var, TIPLINE_MEDIA_KEEP_FREE_BYTES=str(keep))["attachments' store"]
    assert (finding.level, words in finding.words) == (level, True), finding.words


def test_a_store_that_is_away_is_a_fault_and_its_secret_is_not_shown(var: Var) -> None:
    away = "s3://key:hunter2@tips/x?endpoint=http://127.0.0.1:9&region=us-east-1"
    finding = look(var, TIPLINE_MEDIA_URL=away)["attachments' store"]
    assert (finding.level, "does not answer" in finding.words) == ("fault", True)
    assert "hunter2" not in finding.words


def test_a_bucket_that_answers_is_well(var: Var, s3: str) -> None:
    finding = look(var, TIPLINE_MEDIA_URL=s3)["attachments' store"]
    assert (finding.level, "provider" in finding.words) == ("ok", True)


def test_a_system_without_walls_is_a_warning(var: Var) -> None:
    elsewhere = Workshop(command=(sys.executable, "-c", ELSEWHERE))
    finding = look(var, elsewhere)["cleaner of attachments"]
    assert (finding.level, "seccomp" in finding.words) == ("warning", True), finding.words


def test_a_cleaner_that_does_not_start_is_a_fault(var: Var) -> None:
    finding = look(var, Workshop(command=(sys.executable, "-c", "raise SystemExit(1)")))["cleaner of attachments"]
    assert (finding.level, "no attachment can be opened" in finding.words) == ("fault", True)


@pytest.mark.parametrize(
    ("days", "level", "words"),
    [(1, "ok", "It answers"), (9, "warning", "freshclam"), (None, "warning", "no dated signatures")],
)
def test_a_virus_scanner_that_is_named_is_asked_how_old_its_signatures_are(
    var: Var, days: int | None, level: str, words: str
) -> None:
    with running() as (url, daemon):
        of = utc_now() - timedelta(days=days or 0)
        daemon.version = "ClamAV 1.4.3" if days is None else f"ClamAV 1.4.3/27835/{of:%a %b %d %H:%M:%S %Y}"
        finding = look(var, TIPLINE_CLAMD_URL=url)["virus scanner"]
    assert (finding.level, words in finding.words) == (level, True), finding.words


def test_a_virus_scanner_that_is_away_is_a_warning_and_without_one_nothing_is_said(var: Var) -> None:
    assert look(var, TIPLINE_CLAMD_URL="tcp://127.0.0.1:9")["virus scanner"].level == "warning"
    assert "virus scanner" not in look(var)
