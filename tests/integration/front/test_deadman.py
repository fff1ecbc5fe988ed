"""Somebody outside hears each minute that all is well, and at once that people cannot be reached; codes and no more."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, select, update

from gateway.core import heartbeats, keys
from gateway.core.database import Database
from gateway.core.errors import Unavailable
from gateway.core.events import emit
from gateway.core.records import Contact, District, Heartbeat, Message, Send, new_id
from gateway.core.times import utc_now
from gateway.front import deadman, environment
from gateway.front.deadman import Deadman, knock
from gateway.front.places import Var
from responders.cases.records import Case
from responders.directory.records import Responder
from responders.paging.records import Callout, CalloutCase, Page
from tests.support.house import ROOT, until
from tests.support.outside import SECRET, Outside, listening
from tests.support.world import PAGING, SetClock, World


@pytest.fixture
def outside() -> Iterator[Outside]:
    with listening() as told:
        yield told


class Watch:
    """A dead man's hand beside a world: `after` lets time pass, lets processes beat, and has it look."""

    def __init__(self, world: World, url: str) -> None:
        self.world, self.ticks = world, 1000.0
        self.beating, self.trouble = set(keys.PROCESSES), dict[str, str]()
        self.man = Deadman(url, world.of("clock"), world.clock, ticks=lambda: self.ticks)

    def after(self, seconds: float) -> None:
        self.ticks += seconds
        self.world.clock.forward(seconds=seconds)
        with self.world.database.write() as session:
            for process in self.beating:
                now = self.world.clock()
                heartbeats.beat(session, process, process, "1", now, now, {"trouble": self.trouble.get(process)})
        self.man.step()


@pytest.fixture
def watch(world: World, outside: Outside) -> Watch:
    return Watch(world, outside.url)


def _call_out(world: World, *, life_safety: bool = True, callout: bool = True) -> str:
    """Open a life-safety case, and call people out for it; the answer is the callout's id."""
    now = world.clock()
    with world.database.write() as session:
        case = Case(
            id=new_id(), district_id=world.district_id, number=new_id()[:8], state="new", severity="critical",
            urgency_rank=4, life_safety=life_safety, unsure=False, categories=[], opened_at=now, updated_at=now,
        )  # fmt: skip
        session.add(case)
        session.flush()
        if not callout:
            return case.id
        row = Callout(
            id=new_id(), district_id=world.district_id, urgency="critical", code="2222", opened_at=now,
            next_at=now + timedelta(minutes=60),
        )  # fmt: skip
        session.add(row)
        session.flush()
        session.add(CalloutCase(callout_id=row.id, case_id=case.id, added_at=now))
        return row.id


def _page(world: World, callout_id: str, status: str, code: str | None = None) -> None:
    """Write a page that fared so."""
    now = world.clock()
    with world.database.write() as session:
        contact = Contact(id=new_id(), district_id=world.district_id, address=new_id()[:12])
        send = Send(
            id=new_id(), district_id=world.district_id, account="paging", line_id=world.line(session, PAGING).id,
            body_sealed=b"x", status=status, error_code=code, created_at=now, due_at=now,
        )  # fmt: skip
        session.add_all([contact, send])
        session.flush()
        person = Responder(id=new_id(), district_id=world.district_id, contact_id=contact.id, name="R", role="officer")
        session.add(person)
        session.flush()
        case_id = session.query(CalloutCase.case_id).filter_by(callout_id=callout_id).scalar()
        session.add(
            Page(
                id=new_id(),
                callout_id=callout_id,
                responder_id=person.id,
                case_id=case_id,
                send_id=send.id,
                step=1,
                case_count=1,
                at=now,
            )
        )


def _nobody(world: World, callout_id: str) -> None:
    with world.database.write() as session:
        emit(
            session, "callout.nobody", subject=f"callout/{callout_id}", actor="process:worker", at=world.clock(),
            district_id=world.district_id, why="no_responder",
        )  # fmt: skip


def test_ping_comes_each_minute_while_all_is_well(watch: Watch, outside: Outside) -> None:
    watch.man.step()
    for _ in range(24):
        watch.after(5)
    assert outside.heard == [("GET", f"/{SECRET}", "")] * 3


def test_nobody_to_page_is_told_at_once_then_each_minute_and_no_ping_comes_until_it_is_mended(
    watch: Watch, world: World, outside: Outside
) -> None:
    watch.after(5)
    callout = _call_out(world)
    _nobody(world, callout)
    for _ in range(13):
        watch.after(5)
    assert outside.heard == [("GET", f"/{SECRET}", ""), *[("POST", f"/{SECRET}/fail", "nobody")] * 2]
    world.clock.forward(seconds=1)
    _page(world, callout, "sent")
    watch.after(5)
    assert outside.pings() == 2, "that all is well again is told at once too"


def _failed(world: World, callout: str) -> None:
    _page(world, callout, "failed", "30003")
    _page(world, callout, "undelivered", "30005")


def _stuck(world: World, callout: str) -> None:
    _page(world, callout, "queued")


def _late(world: World, callout: str) -> None:
    with world.database.write() as session:
        session.execute(update(Callout).values(next_at=world.clock()))


@pytest.mark.parametrize(
    ("spoil", "code"),
    [(_failed, "pages_failed"), (_stuck, "pages_stuck"), (_late, "pages_stuck")],
    ids=["failed", "stuck", "late"],
)
def test_pages_that_do_not_leave_are_told_after_half_a_minute(
    watch: Watch, world: World, outside: Outside, spoil: Callable[[World, str], None], code: str
) -> None:
    callout = _call_out(world)
    spoil(world, callout)
    watch.after(30)
    assert outside.alarms() == []
    watch.after(1)
    assert outside.alarms() == [code]


def test_one_page_that_left_is_enough_until_the_next_round_does_not(
    watch: Watch, world: World, outside: Outside
) -> None:
    callout = _call_out(world)
    _page(world, callout, "failed", "30003")
    _page(world, callout, "sent")
    watch.after(60)
    assert outside.alarms() == []
    _page(world, callout, "queued")
    watch.after(31)
    assert outside.alarms() == ["pages_stuck"]


def test_callout_that_is_not_about_life_and_death_or_was_acknowledged_alarms_nobody(
    watch: Watch, world: World, outside: Outside
) -> None:
    _stuck(world, _call_out(world, life_safety=False))
    _stuck(world, _call_out(world))
    with world.database.write() as session:
        session.execute(update(CalloutCase).values(acknowledged_at=world.clock()))
    watch.after(300)
    assert (outside.alarms(), outside.pings()) == ([], 1)


def test_case_that_nobody_was_called_out_for_is_told(watch: Watch, world: World, outside: Outside) -> None:
    _call_out(world, callout=False)
    watch.after(31)
    assert outside.alarms() == ["not_paged"]


def test_text_that_is_not_judged_is_told_but_one_that_came_in_late_has_its_turn_first(
    watch: Watch, world: World, outside: Outside
) -> None:
    message = world.text("gun at school")
    watch.after(31)
    assert outside.alarms() == [], "it may have come in late just now"
    watch.after(5)
    assert outside.alarms() == ["unjudged"]
    with world.database.write() as session:
        session.execute(update(Message).where(Message.id == message).values(dispatched_at=world.clock()))
    watch.after(5)
    assert outside.heard[-1][0] == "GET"


def test_answer_to_a_page_may_wait_for_the_courier(watch: Watch, world: World, outside: Outside) -> None:
    world.text("2222", to=PAGING)
    watch.after(40)
    watch.after(5)
    assert outside.alarms() == []


@pytest.mark.parametrize("process", keys.PROCESSES)
def test_process_that_is_silent_is_told(watch: Watch, outside: Outside, process: str) -> None:
    watch.after(5)
    watch.beating.discard(process)
    for _ in range(6):
        watch.after(5)
    assert outside.alarms() == []
    watch.after(5)
    assert outside.alarms() == [f"no_beat.{process}"]


def test_process_that_beats_and_cannot_work_is_told(watch: Watch, outside: Outside) -> None:
    watch.trouble["intake"] = "keys"
    watch.after(5)
    assert outside.alarms() == [], "it may only have begun"
    watch.after(5)
    assert outside.alarms() == ["trouble.intake"]
    watch.trouble.clear()
    watch.after(5)
    assert outside.heard[-1][0] == "GET"


@pytest.mark.parametrize("what", ["unjudged", "not_paged", "pages_stuck"])
def test_clock_that_is_set_back_hides_nothing_that_waits(
    watch: Watch, world: World, outside: Outside, what: str
) -> None:
    world.clock.forward(hours=1)
    if what == "unjudged":
        world.text("gun at school")
    else:
        found = _call_out(world, callout=what == "pages_stuck")
        if what == "pages_stuck":
            _page(world, found, "queued")
    world.clock.forward(hours=-1)
    for _ in range(3):
        watch.after(5)
    assert outside.alarms() == [what]


@pytest.mark.parametrize("hours", [1, -1])
def test_clock_that_is_set_anew_alarms_nobody_and_hides_nobody(
    watch: Watch, world: World, outside: Outside, hours: int
) -> None:
    watch.after(5)
    world.clock.forward(hours=hours)
    watch.beating.discard("worker")
    watch.man.step()
    for _ in range(6):
        watch.after(5)
    assert outside.alarms() == []
    watch.after(5)
    assert outside.alarms() == ["no_beat.worker"]


def test_process_that_was_never_there_is_told_after_half_a_minute(watch: Watch, world: World, outside: Outside) -> None:
    watch.beating.clear()
    with world.database.write() as session:
        session.execute(delete(Heartbeat))
    watch.after(31)
    assert outside.alarms() == ["\n".join(f"no_beat.{process}" for process in sorted(keys.PROCESSES))]


def test_new_code_is_told_before_the_minute_is_over(watch: Watch, world: World, outside: Outside) -> None:
    _nobody(world, _call_out(world))
    watch.after(5)
    _call_out(world, callout=False)
    watch.after(31)
    assert outside.alarms() == ["nobody", "nobody\nnot_paged"]


@pytest.mark.parametrize("status", [302, 404, 500])
def test_answer_that_is_no_yes_is_tried_again_and_no_redirect_followed(
    watch: Watch, outside: Outside, status: int
) -> None:
    outside.status = status
    watch.after(5)
    watch.after(5)
    assert outside.heard == [("GET", f"/{SECRET}", "")]
    outside.status = 200
    watch.after(10)
    watch.after(5)
    assert outside.pings() == 2


def test_server_that_hangs_is_given_up(outside: Outside, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deadman, "_WHOLE_SECONDS", 0.1)
    outside.hold = threading.Event()
    with pytest.raises(Unavailable):
        knock(outside.url, None)


def test_url_is_never_logged(
    world: World, capsys: pytest.CaptureFixture[str], outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside.status = 500
    watch = Watch(world, outside.url)
    watch.after(5)
    nowhere = Watch(world, f"http://127.0.0.1:9/{SECRET}")
    nowhere.beating.clear()
    nowhere.after(40)
    said = capsys.readouterr()
    assert "was not taken" in said.out + said.err
    assert SECRET not in said.out + said.err


def test_body_tells_codes_and_nothing_else(watch: Watch, world: World, outside: Outside) -> None:
    _nobody(world, _call_out(world))
    _call_out(world, callout=False)
    world.text("gun at school")
    watch.beating.clear()
    for _ in range(9):
        watch.after(5)
    assert set(outside.alarms()[-1].split("\n")) >= {"nobody", "not_paged", "unjudged", "no_beat.intake"}
    assert all(re.fullmatch(r"[a-z_]+(\.[a-z]+)?", line) for body in outside.alarms() for line in body.split("\n"))


def test_database_that_stays_away_is_told_and_one_that_blinks_is_not(world: World, outside: Outside) -> None:
    away = Database("sqlite:////nowhere/at/all.db")
    ticks = [1000.0]
    man = Deadman(outside.url, away, world.clock, ticks=lambda: ticks[-1])
    for later in (1000.0, 1030.0, 1031.0):
        ticks.append(later)
        man.step()
    away.close()
    assert outside.heard == [("POST", f"/{SECRET}/fail", "database")]


@pytest.mark.parametrize(
    ("url", "fails"),
    [
        ("https://hc.example/abc", "https://hc.example/abc/fail"),
        ("https://hc.example/abc/", "https://hc.example/abc/fail"),
        ("https://hc.example/abc?rid=1", "https://hc.example/abc/fail?rid=1"),
    ],
    ids=["plain", "slash", "query"],
)
def test_fail_stands_behind_the_path(url: str, fails: str) -> None:
    assert deadman.failing(url) == fails


def test_clock_as_a_process_tells_outside_and_is_held_up_by_nobody_there(
    var: Var, outside: Outside, tmp_path: Path
) -> None:
    environment.write(var.env("clock"), {"TIPLINE_DEADMAN_URL": outside.url})
    database = Database(f"sqlite:///{var.database}")

    def beat() -> datetime | None:
        with database.read() as session:
            return session.scalar(select(Heartbeat.beat_at).where(Heartbeat.process == "clock"))

    said = tmp_path / "clock.txt"
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("TIPLINE_", "TWILIO_"))}
    command = [sys.executable, "-m", "gateway.front", "run", "clock"]
    with (
        said.open("wb") as file,
        subprocess.Popen(command, cwd=ROOT, env={**clean, "TIPLINE_VAR": str(var.root)}, stderr=file) as clock,
    ):
        try:
            until(outside.pings, "a ping")
            world = World(database, {}, clock=SetClock(utc_now()))
            with database.read() as session:
                world.district_id = session.scalars(select(District.id)).one()
            _nobody(world, _call_out(world))
            until(outside.alarms, "the alarm")
            outside.hold = threading.Event()
            first = beat()
            until(lambda: beat() != first, "the next beat", 20)
        finally:
            clock.terminate()
            clock.wait(20)
    database.close()
    assert outside.alarms()[0] == "nobody"
    assert SECRET not in said.read_text()
    assert clock.returncode == 0
