"""`tipline lines` shows our numbers and changes one, and says so in the event log."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import select

from gateway.core.database import Database
from gateway.core.records import Event, Line
from gateway.front import cli, stories
from gateway.front.places import Var

NUMBER = stories.report_lines()[0][0]


@pytest.fixture(autouse=True)
def here(var: Var, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIPLINE_VAR", str(var.root))


def test_lines_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["lines"]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert (
        f"{NUMBER}  reports  Lincoln High School: deleted at the carrier once safe here; proved every 360" in shown[0]
    )
    assert shown[-1].startswith(f"{stories.PAGING_LINE}  paging")
    assert "proved" not in shown[-1]


def test_line_is_changed_and_the_log_says_so(var: Var, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["lines", NUMBER, "--no-delete-at-carrier", "--prove-every", "60", "--json"]) == 0
    (shown,) = json.loads(capsys.readouterr().out)
    assert (shown["delete_at_carrier"], shown["prove_every_minutes"]) == (False, 60)
    database = Database(f"sqlite:///{var.database}")
    with database.read() as session:
        line = session.scalars(select(Line).where(Line.number == NUMBER)).one()
        event = session.scalars(select(Event).where(Event.subject == f"line/{line.id}")).one()
    database.close()
    assert (line.deletes_at_carrier, line.proof_every_minutes) == (False, 60)
    assert (event.type, event.data) == (
        "org.tipline.line.changed",
        {"deletes_at_carrier": False, "proof_every_minutes": 60},
    )


def test_limits_of_a_line_are_set_and_shown(var: Var, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["lines", NUMBER, "--texts-per-minute", "90", "--thread-texts-per-minute", "0", "--json"]) == 0
    (shown,) = json.loads(capsys.readouterr().out)
    assert (shown["texts_per_minute"], shown["thread_texts_per_minute"]) == (90, 0)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["+15550000000"], "none of our lines"),
        (["--prove-every", "60"], "which number"),
        ([NUMBER, "--prove-every", "-1"], "0, for never"),
        ([NUMBER, "--texts-per-minute", "-1"], "0, for no limit"),
        ([NUMBER, "--thread-texts-per-minute", "-1"], "0, for no limit"),
    ],
    ids=["no-line", "no-number", "negative", "negative limit", "negative limit of a thread"],
)
def test_lines_refuses_in_a_clear_sentence(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["lines", *arguments]) == 2
    assert words in capsys.readouterr().err
