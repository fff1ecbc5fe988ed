"""`tipline retention`, `hold` and `release`: what an operator says, and what is answered."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from sqlalchemy import select

from gateway.core.keys import PROCESSES, KeySet, load
from gateway.core.records import Event
from gateway.core.settings import Settings
from gateway.front import cli
from gateway.front.wiring import retention as wiring
from responders.cases.records import Case
from tests.support.ages import Ages
from tests.support.world import World

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def root(key_root: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(key_root, tmp_path / "keys"))


@pytest.fixture
def keys(root: Path) -> Mapping[str, KeySet]:
    return {process: load(root / process, process) for process in PROCESSES}


@pytest.fixture
def tipline(
    world: World, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    """Run `tipline` on this database and these keys; answers the exit code and what it said."""
    monkeypatch.setenv("TIPLINE_VAR", str(tmp_path / "var"))
    monkeypatch.setenv("DATABASE_URL", world.database.engine.url.render_as_string(hide_password=False))
    monkeypatch.setenv("TIPLINE_KEYS_DIR", str(root))
    monkeypatch.setattr("gateway.front.cli_retention.utc_now", world.clock)

    def run(*words: str) -> tuple[int, str]:
        code = cli.main(list(words))
        out, err = capsys.readouterr()
        return code, out + err

    return run


def test_deadlines_are_shown_and_set(tipline: Run, world: World) -> None:
    assert json.loads(tipline("retention", "--json")[1])["demo"]["cases"] == "P3Y"
    assert tipline("retention", "set", "demo", "cases", "P18M")[0] == 0
    code, said = tipline("retention")
    assert (code, "cases       P18M" in said, "events      P7Y" in said) == (0, True, True)
    assert world.events("retention") == ["retention.set"]


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (("set", "demo", "cases", "3 years"), "ISO 8601"),
        (("set", "demo", "cases", "P1D"), "P30D at least"),
        (("set", "demo", "events", "P1M"), "P1Y at least"),
        (("set", "demo", "secrets", "P1Y"), "The kinds are cases"),
        (("set", "nowhere", "cases", "P1Y"), "no such district"),
    ],
    ids=["words", "too short", "too short for events", "no kind", "no district"],
)
def test_nonsense_is_refused_in_one_sentence(tipline: Run, world: World, words: tuple[str, ...], answer: str) -> None:
    code, said = tipline("retention", *words)
    assert (code, answer in said) == (2, True)
    assert world.events("retention") == []


def test_a_run_here_destroys_and_reports(tipline: Run, world: World, root: Path) -> None:
    Ages(world).live(20, 2)
    with world.database.read() as session:
        numbers = list(session.scalars(select(Case.number).order_by(Case.opened_at)))
    assert tipline("hold", numbers[0], "--reason-code", "because")[0] == 2
    assert tipline("hold", "2020-0001", "--reason-code", "audit")[0] == 2
    assert tipline("hold", numbers[0], "--reason-code", "audit") == (0, f"Case {numbers[0]} is held: audit.\n")
    assert numbers[0] in tipline("holds")[1]
    world.clock.forward(days=400)
    tipline("retention", "set", "demo", "cases", "P1Y")
    code, said = tipline("retention", "run", "--dry-run")
    assert (code, "2027-01 cases: 2" in said, "1 held" in said) == (0, True, True)
    assert "Nothing was changed" in said
    code, said = tipline("retention", "run", "--here")
    assert (code, "Done" in said) == (0, True)
    code, said = tipline("retention", "report")
    assert (code, "2027-01 cases: 2" in said) == (0, True)
    assert "destroyed at worker and console" in said
    assert not list(root.glob("*/content/demo/2026-11.pub")), "nor can anything be sealed to it any more"
    assert tipline("release", numbers[0])[1] == f"Case {numbers[0]} is not held any more.\n"
    tipline("retention", "run", "--here")
    assert tipline("holds")[1] == "No case is held.\n"
    with world.database.read() as session:
        assert numbers[0] not in set(session.scalars(select(Case.number)))


def test_a_run_is_ordered_of_the_worker(tipline: Run, world: World) -> None:
    code, said = tipline("retention", "run", "--json")
    assert (code, json.loads(said)["done"]) == (0, False)
    assert world.events("retention") == ["retention.ordered"]


def test_the_clock_orders_once_a_day(world: World, root: Path) -> None:
    settings = Settings.model_validate(
        {"process": "clock", "DATABASE_URL": "sqlite://", "REDIS_URL": "redis://", "TIPLINE_KEYS_DIR": root}
    )
    for _ in range(3):
        assert wiring.tick(settings, world.of("clock"), world.clock) == 0
    with world.database.read() as session:
        events = session.scalars(select(Event.actor).where(Event.type == "org.tipline.retention.ordered")).all()
    assert events == ["process:clock"]
