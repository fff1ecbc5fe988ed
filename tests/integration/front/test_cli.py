"""The command line: one clear sentence when something is wrong, JSON where a machine reads, and no traceback."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import IO

import pytest
from sqlalchemy import select

from gateway.core.database import Database
from gateway.core.errors import SettingsRefused
from gateway.core.records import Event, Message
from gateway.core.times import utc_now
from gateway.front import cli, environment, supervise
from gateway.front.places import NAMES, Var
from responders.accounts import service as accounts
from responders.accounts.records import ApiToken
from responders.cases.records import Case


@pytest.fixture
def run(var: Var, monkeypatch: pytest.MonkeyPatch) -> Var:
    """Make the command work on a copy of the demo."""
    monkeypatch.setenv("TIPLINE_VAR", str(var.root))
    return var


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        cli.main(["--help"])
    assert left.value.code == 0
    shown = capsys.readouterr().out
    for command in ("up", "demo", "run", "text", "trace", "assess", "doctor", "keys", "token", "migrate", "export"):
        assert f"\n    {command} " in shown


def test_keys_init_makes_only_what_is_missing(run: Var, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["keys", "init", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["made"] == []
    (run.keys / "intake" / "identity.pub").unlink()
    assert cli.main(["keys", "init", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["made"] == ["identity"]


def test_keys_list_shows_who_opens_what_and_no_key(run: Var, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["keys", "list", "--json"]) == 0
    shown = capsys.readouterr().out
    opens = {(key["process"], key["name"]) for key in json.loads(shown) if key["private"]}
    assert {process for process, name in opens if name == "identity.key"} == {"courier"}
    assert {process for process, name in opens if name.startswith("content/demo/")} == {"worker", "console"}
    assert "PRIVATE" not in shown
    assert (run.keys / "courier" / "index.key").read_text() not in shown


def test_token_is_printed_once_and_kept_as_a_hash(run: Var, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["token", "--name", "reports", "--scope", "cases:read", "--scope", "events:read"]) == 0
    plain = capsys.readouterr().out.strip()
    with Database(f"sqlite:///{run.database}").read() as session:
        kept = session.scalars(select(ApiToken)).one()
    assert kept.token_hash == hashlib.sha256(plain.encode()).hexdigest()
    assert kept.scopes == ["cases:read", "events:read"]
    assert plain.encode() not in run.database.read_bytes()


def test_tokens_are_listed_and_revoked(run: Var, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["token", "--name", "reports", "--scope", "cases:read", "--days", "30"]) == 0
    plain = capsys.readouterr().out.strip()

    def listed() -> list[dict[str, object]]:
        assert cli.main(["token", "list", "--district", "demo", "--json"]) == 0
        shown = capsys.readouterr().out
        assert plain not in shown
        return list(json.loads(shown))

    (row,) = listed()
    token_id = str(row["id"])
    assert (row["name"], row["scopes"], row["state"]) == ("reports", ["cases:read"], "valid")
    assert str(row["expires_at"]) > str(row["created_at"])
    assert cli.main(["token", "list"]) == 0
    assert f"{token_id}  demo  reports: cases:read. valid, until 20" in capsys.readouterr().out
    assert cli.main(["token", "revoke", token_id]) == 0
    assert capsys.readouterr().out == "The token of reports counts no more.\n"
    assert [one["state"] for one in listed()] == ["revoked"]
    with Database(f"sqlite:///{run.database}").read() as session:
        assert accounts.token(session, plain, utc_now()) is None
        told = session.scalars(select(Event).where(Event.type == "org.tipline.token.revoked")).all()
    assert [(one.subject, one.actor, one.data) for one in told] == [(f"token/{token_id}", "process:operator", {})]
    assert cli.main(["token", "revoke", token_id]) == 2, "once is enough"
    assert "no such token" in capsys.readouterr().err


def test_what_is_said_before_list_counts_as_if_it_were_said_after(run: Var, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["token", "--name", "reports", "--scope", "cases:read"]) == 0
    capsys.readouterr()
    shown = []
    for arguments in (["--district", "demo", "--json", "list"], ["list", "--district", "demo", "--json"]):
        assert cli.main(["token", *arguments]) == 0
        shown.append(json.loads(capsys.readouterr().out))
    assert shown[0] == shown[1]
    assert [one["name"] for one in shown[0]] == ["reports"]
    assert cli.main(["token", "--district", "nowhere", "list"]) == 2, "nor is it another district's"


@pytest.mark.parametrize("command", ["sources list", "retention report", "backup key"])
def test_json_may_be_asked_for_before_what_stands_below_a_command(command: str) -> None:
    above, below = command.split()
    assert cli.parser().parse_args([above, "--json", below]).json
    assert cli.parser().parse_args([above, below, "--json"]).json
    assert not cli.parser().parse_args([above, below]).json
    assert cli.parser().parse_args(["backup", "--out", "x", "key"]).out == "x"


def test_trace_by_case_number_prints_hops(run: Var, capsys: pytest.CaptureFixture[str]) -> None:
    with Database(f"sqlite:///{run.database}").read() as session:
        number = session.scalar(select(Case.number).order_by(Case.number)) or ""
    assert cli.main(["trace", number]) == 0
    shown = capsys.readouterr().out
    assert "message.received" in shown
    assert "case.opened" in shown
    assert cli.main(["trace", number, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["case_number"] == number


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["trace", "SM404"], "No tip and no case"),
        (["token", "--name", "x", "--scope", "everything"], "at least one scope"),
        (["token", "--name", "x", "--scope", "cases:read", "--district", "nowhere"], "no district"),
        (["token", "--name", "x"], "--name and --scope"),
        (["token", "list", "--district", "nowhere"], "no district"),
        (["token", "revoke", "nothing"], "no such token"),
        (["token", "--name", "x", "--scope", "cases:read", "list"], "are for a new token"),
        (["token", "--days", "0", "revoke", "nothing"], "are for a new token"),
        (["token", "--district", "demo", "revoke", "nothing"], "needs no --district"),
        (["text", "hello", "--from", "+13035550123"], "Nothing answers"),
        (["run", "console"], "must not hold these keys"),
    ],
    ids=[
        "unknown-tip",
        "unknown-scope",
        "unknown-district",
        "token-for-nothing",
        "tokens-of-nowhere",
        "unknown-token",
        "new-token-in-a-list",
        "new-token-that-is-revoked",
        "district-of-an-id",
        "nobody-there",
        "surplus-key",
    ],
)
def test_what_cannot_be_done_is_one_sentence(
    run: Var, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, arguments: list[str], words: str
) -> None:
    monkeypatch.setenv("TIPLINE_INTAKE_PORT", "1")
    (run.keys / "console" / "identity.key").write_bytes((run.keys / "courier" / "identity.key").read_bytes())
    assert cli.main(arguments) == 2
    shown = capsys.readouterr().err
    assert shown.startswith("tipline: ")
    assert words in shown
    assert "Traceback" not in shown
    assert "+13035550123" not in shown


def test_an_argument_too_many_is_answered_with_how_that_command_is_used(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        cli.main(["events", "replay", "0" * 32])
    assert left.value.code == 2
    shown = capsys.readouterr().err
    assert "--subscription ID" in shown
    assert f"tipline events replay: error: unrecognized arguments: {'0' * 32}" in shown


@pytest.mark.parametrize("arguments", [["token", "--name", "x", "--scope", "cases:read"], ["lines"]])
def test_elsewhere_the_file_that_was_looked_for_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    monkeypatch.delenv("TIPLINE_VAR", raising=False)
    monkeypatch.chdir(tmp_path)
    assert cli.main(arguments) == 2
    shown = capsys.readouterr().err
    assert f"The database does not answer. It was looked for at {tmp_path}/var/tipline.db; TIPLINE_VAR says" in shown


def test_an_address_of_a_database_is_never_shown(
    run: Var, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://tipline:hunter2@127.0.0.1:1/tipline")
    assert cli.main(["token", "list"]) == 2
    assert capsys.readouterr().err == "tipline: The database does not answer.\n"


def test_surplus_secret_in_the_environment_stops_a_process(
    run: Var, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", "hunter2")
    assert cli.main(["run", "clock"]) == 2
    shown = capsys.readouterr().err
    assert "clock must not be given TWILIO_AUTH_TOKEN" in shown
    assert "hunter2" not in shown


def test_migrate_makes_tables_once(run: Var, capsys: pytest.CaptureFixture[str]) -> None:
    run.database.unlink()
    assert cli.main(["migrate"]) == 0
    assert cli.main(["migrate"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "The tables are up to date now.",
        "The tables were up to date already.",
    ]


def _assess(lines: str, read: int | None = None) -> tuple[list[str], int, str]:
    """Run the command over some lines, and read all of its answers or only so many."""
    command = [sys.executable, "-m", "gateway.front", "assess"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        feeder = threading.Thread(target=_feed, args=(process.stdin, lines))
        feeder.start()
        answers = process.stdout.readlines() if read is None else [process.stdout.readline() for _ in range(read)]
        process.stdout.close()
        errors, code = process.stderr.read(), process.wait(20)
        feeder.join(20)
        return answers, code, errors


def _feed(pipe: IO[str], lines: str) -> None:
    with suppress(BrokenPipeError):
        pipe.write(lines)
    with suppress(BrokenPipeError):
        pipe.close()


def test_assess_answers_each_line_in_order() -> None:
    texts = ["there is a gun in the gym", "the wifi is slow", "\ud83d\ude00"]
    lines = "".join(json.dumps({"id": number, "text": text}) + "\n" for number, text in enumerate(texts))
    answers, code, errors = _assess(lines + "not json\n")
    assert [json.loads(answer)["id"] for answer in answers] == [0, 1, 2, None]
    assert json.loads(answers[0])["severity"] == "critical"
    assert (code, errors) == (0, "")


def test_assess_ends_quietly_when_nobody_reads_on() -> None:
    lines = "".join(json.dumps({"id": number, "text": "a gun"}) + "\n" for number in range(5000))
    answers, code, errors = _assess(lines, read=1)
    assert len(answers) == 1
    assert (code, errors) == (0, "")


def test_keys_list_tells_months_in_one_line(run: Var, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["keys", "list"]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert len(shown) < 60
    (months,) = [line for line in shown if line.startswith("worker") and "opens" in line and "content/demo" in line]
    assert months.endswith("25 months")


@pytest.mark.parametrize("number", ["banana", "", "call me"])
def test_text_refuses_what_is_no_number(run: Var, capsys: pytest.CaptureFixture[str], number: str) -> None:
    assert cli.main(["text", "hello", "--from", number]) == 2
    assert "+13035550123" in capsys.readouterr().err


def test_commands_find_the_ports_of_the_last_start(run: Var, capsys: pytest.CaptureFixture[str]) -> None:
    environment.note_ports(run, {"TIPLINE_INTAKE_PORT": "9"})
    assert cli.main(["text", "hello", "--from", "+13035550123"]) == 2
    assert "http://127.0.0.1:9." in capsys.readouterr().err


def test_up_refuses_one_port_for_two(run: Var, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingsRefused, match="must differ"):
        supervise.check_ports(NAMES, run, {"TIPLINE_INTAKE_PORT": "9001", "TIPLINE_CONSOLE_PORT": "9001"})


def test_trace_begins_with_the_tips_own_arrival(run: Var, capsys: pytest.CaptureFixture[str]) -> None:
    with Database(f"sqlite:///{run.database}").read() as session:
        tips = list(session.scalars(select(Message.id).where(Message.direction == "in", Message.kind == "tip")))
    for tip in tips:
        assert cli.main(["trace", tip, "--json"]) == 0
        first = json.loads(capsys.readouterr().out)["hops"][0]
        assert (first["event"], first["subject"], first["since_start_ms"]) == ("message.received", f"message/{tip}", 0)
