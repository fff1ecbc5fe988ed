"""Each cell of the thief's table, by a thief who really tries: he gets exactly that, no more and no less."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.core.keys import PROCESSES
from tests.anonymity import table
from tests.anonymity.scene import Scene
from tests.anonymity.table import TABLE, Row
from tests.anonymity.thief import Haul, rob

_hauls: dict[tuple[int, str], Haul] = {}


def haul(scene: Scene, thief: str) -> Haul:
    """Rob once for the cells of one row."""
    key = (id(scene), thief)
    if key not in _hauls:
        _hauls[key] = rob(scene.loot(thief), scene.truth)
    return _hauls[key]


@pytest.mark.e2e
@pytest.mark.parametrize("kind", ["numbers", "words", "files", "threads", "people"])
@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.thief)
def test_thief_gets_exactly_what_the_table_says(scene: Scene, row: Row, kind: str) -> None:
    assert getattr(haul(scene, row.thief), kind) == getattr(row.expected(scene.truth), kind)


@pytest.mark.e2e
@pytest.mark.parametrize("row", [row for row in TABLE if row.thief in PROCESSES], ids=lambda row: row.thief)
def test_thief_with_the_role_of_a_process_gets_the_same(scene: Scene, row: Row) -> None:
    """PostgreSQL's roles are a second wall behind these cells: they take nothing away that a cell grants."""
    few = scene.with_roles(row.thief)
    assert rob(few.loot(row.thief), few.truth) == row.expected(few.truth)


@pytest.mark.e2e
@pytest.mark.parametrize("labels", [("web",), ("other web",), ("web", "other web")], ids=" and ".join)
def test_with_a_receipt_exactly_that_thread_opens_whatever_else_intake_has(
    scene: Scene, labels: tuple[str, ...]
) -> None:
    expected = frozenset[str]().union(*(scene.truth.opened[label] for label in labels))
    got = [rob(which.with_receipts(*labels), which.truth) for which in (scene, scene.with_roles("intake"))]
    assert {one.words for one in got} == {expected}
    assert {(one.numbers, one.files, one.people) for one in got} == {(frozenset(),) * 3}


@pytest.mark.e2e
def test_what_ties_two_cases_is_there_and_opens_for_who_reads_tips_alone(scene: Scene) -> None:
    (tied,) = {row["kind"] for row in scene.rows["likenesses"]} & {"same"}
    assert tied == "same"
    for thief, opens in (
        ("database", False),
        ("intake", False),
        ("courier", False),
        ("clock", False),
        ("worker", True),
    ):
        loot = replace(scene.loot(thief), rows={"likenesses": scene.rows["likenesses"]}, files={}, listed=())
        assert ("alike" in rob(loot, scene.truth).words) is opens, thief


def test_security_md_shows_the_table_that_is_tested() -> None:
    page = table.PAGE.read_text("utf-8")
    assert page == table.placed(page), "run: python -m tests.anonymity.table"


def test_every_process_is_robbed() -> None:
    assert set(PROCESSES) <= {row.thief for row in TABLE}


def test_table_has_no_thief_who_gets_numbers_and_words_of_everyone_from_what_is_stored() -> None:
    everything = [row.thief for row in TABLE if "all" in row.numbers.words and "all" in row.words.words]
    assert everything == []
