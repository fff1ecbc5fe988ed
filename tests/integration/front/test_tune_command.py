"""`tipline tune` and `tipline assess --replay`, as whoever may act as the console."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from sqlalchemy import select

from gateway.core.database import Database
from gateway.core.records import Event
from gateway.front import cli
from gateway.front.places import Var
from responders.tuning.records import RulePack

CODES = "codes: {bring the cookies: bring a gun}\n"


@pytest.fixture
def run(var: Var, monkeypatch: pytest.MonkeyPatch) -> Var:
    """Make the command work on a copy of the demo."""
    monkeypatch.setenv("TIPLINE_VAR", str(var.root))
    return var


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "pack.yaml"
    path.write_text(CODES, "utf-8")
    return path


def versions(var: Var) -> list[tuple[int, str]]:
    database = Database(f"sqlite:///{var.database}")
    with database.read() as session:
        found = [(one.version, one.author) for one in session.scalars(select(RulePack).order_by(RulePack.version))]
        events = session.scalars(select(Event).where(Event.type == "org.tipline.rules.tuned")).all()
    database.close()
    assert [event.data["version"] for event in events] == [version for version, _ in found]
    return found


def test_tune_writes_versions_and_shows_the_one_in_force(
    run: Var, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["tune", "demo", "--show"]) == 0
    assert "no words of its own" in capsys.readouterr().out
    assert cli.main(["tune", "demo", str(file)]) == 0
    assert "Version 1 of demo is in force." in capsys.readouterr().out
    assert versions(run) == [(1, "operator")]
    assert cli.main(["tune", "demo"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("# version 1  ")
    assert shown.endswith(CODES)
    assert cli.main(["tune", "demo", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["pack"] == CODES


def test_check_wants_neither_keys_nor_a_database(
    tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TIPLINE_VAR", str(tmp_path / "nothing"))
    assert cli.main(["tune", "demo", str(file), "--check"]) == 0
    assert capsys.readouterr().out == "Good: 1 entries, 0 muted. Nothing was changed.\n"
    file.write_text("muted: {bullying: [gun]}\ngangs: ['a*']", "utf-8")
    assert cli.main(["tune", "demo", str(file), "--check"]) == 2
    assert "no patterns" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["tune", "nowhere"], "There is no district 'nowhere'."),
        (["tune", "demo", "/no/such/file"], "cannot be read as a text file"),
        (["tune", "demo", "FILE", "--show"], "--show takes no file"),
        (["tune", "demo", "--check"], "Say which file to check."),
        (["assess", "--pack", "FILE"], "Say with --replay"),
        (["assess", "--replay", "nowhere"], "There is no district 'nowhere'."),
    ],
)
def test_what_cannot_be_done_is_one_sentence(
    run: Var, file: Path, arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([str(file) if one == "FILE" else one for one in arguments]) == 2
    assert says in capsys.readouterr().err
    assert versions(run) == []


def test_a_file_that_is_no_text_or_too_long_is_refused(run: Var, file: Path) -> None:
    file.write_bytes(b"\xff\xfe\x00codes")
    assert cli.main(["tune", "demo", str(file)]) == 2
    file.write_text("# " + "x" * 40_000, "utf-8")
    assert cli.main(["tune", "demo", str(file)]) == 2
    assert versions(run) == []


def test_who_cannot_read_the_consoles_keys_can_neither_show_nor_replay(
    run: Var, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (run.keys / "console").rename(run.keys / "elsewhere")
    for arguments in (["tune", "demo"], ["tune", "demo", str(file)], ["assess", "--replay", "demo"]):
        assert cli.main(arguments) == 2
        assert "no key folder for console" in capsys.readouterr().err
    assert versions(run) == []


def test_replay_prints_counts_and_case_numbers_and_no_word_of_a_tip(
    run: Var, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_text(
        "people: [Tyler]\nmuted: {cyberbullying: [snap story]}\ncodes: {food truck line: bring a gun}", "utf-8"
    )
    assert cli.main(["assess", "--replay", "demo", "--pack", str(file)]) == 0
    shown = capsys.readouterr().out
    assert "were judged twice. Nothing was changed." in shown
    assert "\nUp: " in shown
    assert "\nDown: " in shown
    assert versions(run) == []
    table = [line for line in shown.splitlines()[1:] if not line.startswith(("Up: ", "Down: "))]
    side = r"(none|low|moderate|high|critical), (pages|no page)"
    assert table
    assert all(re.fullmatch(rf" *\d+  {side} *  (stays|-> {side})", line) for line in table)
    for line in shown.splitlines()[-2:]:
        assert re.fullmatch(r"(Up|Down): (none|\d{4}-\d{4}(, \d{4}-\d{4})*)", line)
