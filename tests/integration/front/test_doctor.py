"""The doctor finds what is wrong and says what to do; a healthy house has no fault."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Update, select, update

from channels.twilio_client import AccountState, TwilioAccount
from gateway.core import escrow, heartbeats, key_files
from gateway.core.database import Database
from gateway.core.messages import SendError
from gateway.core.records import Line, LineProof, Message, Send
from gateway.core.times import utc_now
from gateway.front import environment, stories
from gateway.front.doctor.carrier import Look
from gateway.front.doctor.examination import Doctor
from gateway.front.doctor.finding import Finding
from gateway.front.places import NAMES, Place, Var
from responders.paging.records import Callout


def _messages(**values: object) -> Update:
    late = utc_now() - timedelta(minutes=5, seconds=9)
    return update(Message).where(Message.direction == "in").values(at=late, **values)


def _callouts() -> Update:
    return update(Callout).values(closed_at=None, next_at=utc_now() - timedelta(minutes=5, seconds=9))


def _sends(account: str) -> Update:
    late = utc_now() - timedelta(minutes=5, seconds=9)
    return update(Send).where(Send.account == account).values(status="queued", created_at=late)


WEBHOOK = "http://127.0.0.1:8000/sms/inbound#rc=3&rp=all"


def _carrier(account: TwilioAccount) -> AccountState:
    numbers = (*(number for number, _ in stories.report_lines()), stories.PAGING_LINE)
    return AccountState("active", dict.fromkeys(numbers, WEBHOOK), utc_now(), dict.fromkeys(numbers, WEBHOOK))


def _findings(var: Var, look: Look = _carrier) -> dict[str, Finding]:
    return {finding.what: finding for finding in Doctor(var, {}, utc_now, look).examine()}


def test_healthy_house_has_no_fault_and_knows_that_valkey_is_away(var: Var) -> None:
    found = _findings(var)
    assert [finding for finding in found.values() if finding.level == "fault"] == []
    reports = [f"line {number}" for number, _ in stories.report_lines()]
    of_lines = {f"{line}, carrier's list" for line in (*reports, f"line {stories.PAGING_LINE}")}
    of_lines |= {f"{line}, own text" for line in reports}
    warnings = {what for what, finding in found.items() if finding.level == "warning"}
    assert warnings == {
        "valkey",
        "processes",
        "heartbeats",
        "dead-man's ping",
        "key escrow",
        "backup",
        "event log",
        *of_lines,
    }
    assert found["keys of district demo"].level == "ok"
    assert found[f"twilio paging, line {stories.PAGING_LINE}"].level == "ok"


def test_surplus_key_is_a_fault_of_that_process(var: Var) -> None:
    shutil.copy(var.keys / "courier" / "identity.key", var.keys / "console" / "identity.key")
    finding = _findings(var)["keys of console"]
    assert finding.level == "fault"
    assert "identity.key" in finding.words


def test_key_that_others_can_read_is_a_fault(var: Var) -> None:
    (var.keys / "courier" / "index.key").chmod(0o644)
    finding = _findings(var)["keys of courier"]
    assert finding.level == "fault"
    assert "index.key (-rw-r--r--)" in finding.words


def test_surplus_secret_is_a_fault_and_is_not_shown(var: Var) -> None:
    environment.write(var.env("console"), {"TWILIO_AUTH_TOKEN": "hunter2"})
    finding = _findings(var)["settings of console"]
    assert finding.level == "fault"
    assert "TWILIO_AUTH_TOKEN" in finding.words
    assert "hunter2" not in finding.words


def _elsewhere(account: TwilioAccount) -> AccountState:
    state = _carrier(account)
    return replace(state, webhooks=dict.fromkeys(state.webhooks, "https://old.example/sms#rc=3"))


def _without_retries(account: TwilioAccount) -> AccountState:
    state = _carrier(account)
    return replace(state, webhooks=dict.fromkeys(state.webhooks, WEBHOOK.split("#", maxsplit=1)[0]))


def _hardly_retried(account: TwilioAccount) -> AccountState:
    state = _carrier(account)
    return replace(state, webhooks=dict.fromkeys(state.webhooks, WEBHOOK.replace("rp=all", "rp=ct")))


def _without_fallback(account: TwilioAccount) -> AccountState:
    return replace(_carrier(account), fallbacks={})


def _without_numbers(account: TwilioAccount) -> AccountState:
    return replace(_carrier(account), webhooks={})


def _slow_clock(account: TwilioAccount) -> AccountState:
    return replace(_carrier(account), provider_time=utc_now() - timedelta(minutes=5))


def _suspended(account: TwilioAccount) -> AccountState:
    return replace(_carrier(account), status="suspended")


def _refusing(account: TwilioAccount) -> AccountState:
    raise SendError("20003", retryable=False)


@pytest.mark.parametrize(
    ("look", "what", "level", "words"),
    [
        (_elsewhere, "twilio reporters, line +13035550100", "fault", "Its texts go elsewhere"),
        (_without_retries, "twilio reporters, line +13035550100", "warning", "not retried"),
        (_hardly_retried, "twilio reporters, line +13035550100", "warning", "#rc=3&rp=all"),
        (_without_fallback, "twilio reporters, line +13035550100", "warning", "/sms/inbound?fallback=1#rc=3&rp=all"),
        (_without_numbers, "twilio paging, line +13035550110", "fault", "does not own"),
        (_slow_clock, "clock against twilio paging", "fault", "300 seconds apart"),
        (_suspended, "twilio reporters", "fault", "suspended"),
        (_refusing, "twilio paging", "fault", "20003"),
    ],
    ids=[
        "elsewhere",
        "without-retries",
        "hardly-retried",
        "without-fallback",
        "not-ours",
        "clock",
        "suspended",
        "refused",
    ],
)
def test_carrier_trouble_is_said_in_plain_words(
    var: Var, look: Callable[[TwilioAccount], AccountState], what: str, level: str, words: str
) -> None:
    finding = _findings(var, look)[what]
    assert finding.level == level
    assert words in finding.words


def test_database_without_tables_says_to_migrate(var: Var) -> None:
    var.database.unlink()
    finding = _findings(var)["database"]
    assert finding.level == "fault"
    assert "tipline migrate" in finding.words


def test_keys_that_run_out_are_said_in_time(var: Var) -> None:
    for path in sorted((var.keys / "intake" / "content" / "demo").glob("*.pub"))[2:]:
        path.unlink()
    finding = _findings(var)["keys of district demo"]
    assert finding.level == "warning"
    assert "tipline keys init" in finding.words


LINE = f"line {stories.report_lines()[0][0]}"


def test_line_whose_list_is_not_read_is_said(var: Var) -> None:
    assert _findings(var)[f"{LINE}, carrier's list"].level == "warning"
    _change(var, listed_until=utc_now())
    assert _findings(var)[f"{LINE}, carrier's list"].level == "ok"
    _change(var, listed_until=utc_now() - timedelta(hours=1))
    assert "60 minutes ago" in _findings(var)[f"{LINE}, carrier's list"].words
    assert f"line {stories.PAGING_LINE}, own text" not in _findings(var)


@pytest.mark.parametrize(
    ("asked_minutes_ago", "proved", "level", "words"),
    [
        (5, True, "ok", "It came in."),
        (5, False, "fault", "by the webhook"),
        (800, True, "warning", "long ago"),
    ],
    ids=["proved", "silent", "long-ago"],
)
def test_line_is_judged_by_our_own_text(var: Var, asked_minutes_ago: int, proved: bool, level: str, words: str) -> None:
    assert "None has come in yet" in _findings(var)[f"{LINE}, own text"].words
    asked = utc_now() - timedelta(minutes=asked_minutes_ago)
    with _opened(var).write() as session:
        line = session.scalars(select(Line).where(Line.number == stories.report_lines()[0][0])).one()
        given: dict[str, object] = {"proved_at": asked} if proved else {"silent_at": asked}
        send = session.scalars(select(Send.id).limit(1)).one()
        session.add(LineProof(line_id=line.id, send_id=send, code_hash=b"x", asked_at=asked, **given))
    finding = _findings(var)[f"{LINE}, own text"]
    assert finding.level == level
    assert words in finding.words


def _opened(var: Var) -> Database:
    return Database(f"sqlite:///{var.database}")


def _change(var: Var, **values: object) -> None:
    with _opened(var).write() as session:
        session.execute(update(Line).values(**values))


def test_keys_without_an_escrow_are_a_warning_until_one_holds_them_all(var: Var) -> None:
    assert _findings(var)["key escrow"].words.startswith("There is none")
    escrow.note(var.keys, utc_now())
    assert _findings(var)["key escrow"].level == "ok"
    key_files.rotate(var.keys, "index")
    finding = _findings(var)["key escrow"]
    assert (finding.level, "lacks 1 private keys" in finding.words) == ("warning", True)


def test_lost_key_is_a_fault_that_says_how_it_comes_back(var: Var) -> None:
    assert _findings(var)["key pairs"].level == "ok"
    (var.keys / "courier" / "identity.key").unlink()
    finding = _findings(var)["key pairs"]
    assert finding.level == "fault"
    assert "tipline keys recover" in finding.words


def test_rotation_that_waits_for_its_end_is_a_warning(var: Var) -> None:
    assert _findings(var)["key rotation"].level == "ok"
    key_files.rotate(var.keys, "identity")
    finding = _findings(var)["key rotation"]
    assert (finding.level, "keys rotate identity --finish" in finding.words) == ("warning", True)
    (var.keys / "clock" / "identity.pub").write_bytes((var.keys / "clock" / "outbound.pub").read_bytes())
    assert _findings(var)["key rotation"].level == "fault"


@pytest.mark.parametrize(
    ("what", "change", "words"),
    [
        ("messages to judge", lambda: _messages(dispatched_at=None), "Is the worker running|is the worker running"),
        ("messages to thread", lambda: _messages(threaded_at=None), "Is the courier running"),
        ("callouts", _callouts, "by phone"),
        ("texts to reporters", lambda: _sends("reporters"), "courier"),
        ("pages to staff", lambda: _sends("paging"), "by phone"),
    ],
    ids=["judge", "thread", "callout", "reply", "page"],
)
def test_work_that_waits_too_long_is_said_with_what_to_do(
    var: Var, what: str, change: Callable[[], Update], words: str
) -> None:
    assert _findings(var)[what].level == "ok"
    with _opened(var).write() as session:
        session.execute(change())
    finding = _findings(var)[what]
    assert finding.level == "fault"
    assert re.search(r"\d+ waiting, the oldest for 5 minutes", finding.words)
    assert re.search(words, finding.words)


def test_work_that_has_just_come_is_no_fault(var: Var) -> None:
    with _opened(var).write() as session:
        session.execute(_messages(dispatched_at=None, threaded_at=None).values(at=utc_now()))
    found = _findings(var)
    assert found["messages to judge"].level == found["messages to thread"].level == "ok"


def test_process_that_died_or_never_came_is_named(var: Var) -> None:
    for name in ("intake", "courier"):
        Place(name, var, {}).note_ready()
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        gone.wait()
    Place("valkey", var, {}).note_ready()
    var.ready("valkey").write_text(f"{gone.pid}\n")
    found = _findings(var)
    assert found["process intake"].level == "ok"
    assert {name for name in NAMES if f"process {name}" in found and found[f"process {name}"].level == "fault"} == {
        "worker", "console", "clock", "valkey",
    }  # fmt: skip
    assert "worker.log" in found["process worker"].words


def test_auth_token_at_the_door_is_a_warning_and_a_webhook_secret_none(var: Var) -> None:
    assert _findings(var)["webhook signatures, paging"].level == "ok"
    told = environment.read(var.env("intake"))
    told["TWILIO_PAGING_AUTH_TOKEN"] = "hunter2"
    environment.write(var.env("intake"), told)
    found = _findings(var)
    assert found["webhook signatures, reporters"].level == "ok"
    assert found["webhook signatures, paging"].level == "warning"
    assert "TWILIO_PAGING_WEBHOOK_SECRET" in found["webhook signatures, paging"].words
    assert "hunter2" not in found["webhook signatures, paging"].words


@pytest.mark.parametrize(("left", "level"), [(2, "warning"), (1, "fault")])
def test_last_months_of_keys_are_said_louder(var: Var, left: int, level: str) -> None:
    for district, what in (("demo", "keys of district demo"), ("common", "keys of what no district owns")):
        for path in sorted((var.keys / "intake" / "content" / district).glob("*.pub"))[left:]:
            path.unlink()
        assert _findings(var)[what].level == level


@pytest.mark.parametrize(
    ("age", "data", "level", "words"),
    [
        (3, {}, "ok", "It beats."),
        (16, {}, "fault", "None for 16 seconds"),
        (3, {"trouble": "tables"}, "fault", "cannot work: tables"),
        (3, {"duties": {"send": {"failing": 61, "silent": 0}}}, "warning", "at: send"),
        (3, {"duties": {"send": {"failing": 59, "silent": 0}}}, "ok", "It beats."),
    ],
    ids=["well", "silent", "trouble", "failing", "blinking"],
)
def test_heartbeat_that_stands_still_or_tells_of_trouble_is_said(
    var: Var, age: int, data: dict[str, object], level: str, words: str
) -> None:
    now = utc_now()
    with _opened(var).write() as session:
        for process, at in (("clock", now), ("worker", now - timedelta(seconds=age))):
            heartbeats.beat(session, process, process, "1", at, at, data if process == "worker" else {})
    found = {one.what: one for one in Doctor(var, {}, lambda: now, _carrier).examine()}
    assert (found["heartbeat of worker"].level, words in found["heartbeat of worker"].words) == (level, True)
    assert found["heartbeat of clock"].level == "ok"
    assert "never beaten" in found["heartbeat of intake"].words


def test_dead_mans_ping_is_asked_for_and_its_address_is_not_shown(var: Var) -> None:
    assert _findings(var)["dead-man's ping"].level == "warning"
    environment.write(var.env("clock"), {"TIPLINE_DEADMAN_URL": "https://hc.example/hunter2"})
    finding = _findings(var)["dead-man's ping"]
    assert finding.level == "ok"
    assert "hunter2" not in finding.words
