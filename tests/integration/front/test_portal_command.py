"""`tipline portal` shows the schools' links and changes whose numbers stand on their pages."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import select

from gateway.core.database import Database
from gateway.core.records import District, Event, School
from gateway.front import cli
from gateway.front.places import Var

POLICE = {"name": "School police", "number": "+13035550142"}


@pytest.fixture(autouse=True)
def here(var: Var, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIPLINE_VAR", str(var.root))


def test_every_school_is_shown_with_its_link(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["portal"]) == 0
    shown = capsys.readouterr().out
    assert "demo/lincoln  Lincoln High School  http://127.0.0.1:8000/s/lincoln\n" in shown
    assert "Danger now: 911; Call or text: 988; Text HOME: 741741; way out: https://www.weather.gov/" in shown


def test_numbers_and_the_way_out_are_changed_and_the_log_says_so(var: Var, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["portal", "demo/lincoln", "--line", "School police=(303) 555-0142", "--json"]) == 0
    (shown,) = json.loads(capsys.readouterr().out)
    assert shown["help"][-1] == "School police: (303) 555-0142"
    assert cli.main(["portal", "demo", "--line", "Crisis=988", "--leave-url", "https://news.example.org/"]) == 0
    database = Database(f"sqlite:///{var.database}")
    with database.read() as session:
        schools = {school.slug: school.help_lines for school in session.scalars(select(School))}
        district = session.scalars(select(District)).one()
        types = session.scalars(select(Event.subject).where(Event.type == "org.tipline.portal.changed")).all()
    database.close()
    assert schools == {"lincoln": [POLICE], "cedar": None}
    assert (district.help_lines, district.leave_url) == (
        [{"name": "Crisis", "number": "988"}],
        "https://news.example.org/",
    )
    assert sorted(subject.partition("/")[0] for subject in types) == ["district", "school"]
    capsys.readouterr()
    assert cli.main(["portal", "demo", "--no-lines", "--leave-url", "", "--json"]) == 0
    assert all(len(row["help"]) == 3 + (row["school"] == "demo/lincoln") for row in json.loads(capsys.readouterr().out))


def test_limits_of_a_district_are_set_and_shown_and_the_log_says_so(
    var: Var, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["portal", "demo", "--reports-per-minute", "90", "--thread-reports-per-minute", "0", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert {(row["reports_per_minute"], row["thread_reports_per_minute"]) for row in shown} == {(90, 0)}
    database = Database(f"sqlite:///{var.database}")
    with database.read() as session:
        (event,) = session.scalars(select(Event).where(Event.type == "org.tipline.portal.changed"))
    database.close()
    assert event.data == {"reports_per_minute": 90, "thread_reports_per_minute": 0}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--line", "A=911"], "Say which"),
        (["nowhere"], "no such district or school"),
        (["demo/nowhere", "--no-lines"], "no such district or school"),
        (["demo", "--line", "911"], "NAME=NUMBER"),
        (["demo", "--line", f"{'x' * 41}=911"], "NAME=NUMBER"),
        (["demo", "--line", "Police=call us"], "no phone number"),
        (["demo", "--leave-url", "javascript:alert(1)"], "https://"),
        (["demo/lincoln", "--leave-url", "https://x.example/"], "district's"),
        (["demo/lincoln", "--reports-per-minute", "5"], "district's"),
        (["demo", "--reports-per-minute", "-1"], "0, for no limit"),
        (["--thread-reports-per-minute", "5"], "Say which"),
    ],
)
def test_what_makes_no_sense_is_refused(arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["portal", *arguments]) == 2
    assert words in capsys.readouterr().err
