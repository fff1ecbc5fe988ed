"""What thieves get of web threads: of the database with all that intake knows, nothing; with a receipt, that thread."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from sqlalchemy import insert, select, update

from gateway.core import copies
from gateway.core.keys import PROCESSES
from gateway.core.receipts import Receipt
from gateway.core.records import Copy, Thread
from gateway.front.migrations.tables import METADATA
from tests.anonymity.thief import Loot, key_files, rob
from tests.anonymity.truth import Truth
from tests.support.world import World

WORDS = {
    "report": "quillfeather", "place": "oxtumble", "reply": "marzipan", "answer": "vexilpuff",
    "other report": "brindlewick", "other reply": "dovetailer",
}  # fmt: skip
MINE, THEIRS = {"report", "place", "reply", "answer"}, {"other report", "other reply"}
TRUTH = Truth((), WORDS, {}, frozenset(), frozenset())


@dataclass
class Scene:
    """Two threads on the web, and the two receipts."""

    world: World
    root: Path
    mine: Receipt
    theirs: Receipt

    def got(self, process: str | None, *receipts: Receipt) -> set[str]:
        """Rob: every row, one process's keys, and what some receipts derive; answers whose words were read."""
        with self.world.database.engine.connect() as connection:
            rows = {
                table.name: [dict(row) for row in connection.execute(table.select()).mappings()]
                for table in METADATA.sorted_tables
            }
        keys = key_files(self.root / process) if process else {}
        for number, receipt in enumerate(receipts):
            pem = receipt.private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            keys[f"receipt{number}.key"] = pem
        return set(rob(Loot(rows, keys=keys), TRUTH).words)


@pytest.fixture
def scene(world: World, key_root: Path) -> Scene:
    mine = world.report("he hid a quillfeather", where="oxtumble hall", category="weapon", role="student")
    theirs = world.report("theres a brindlewick fight")
    world.clock.forward(minutes=1)
    world.reply(mine.thread_id, "was it marzipan?")
    world.reply(theirs.thread_id, "ask dovetailer")
    world.answer(mine.receipt, "no, vexilpuff")
    world.come_back(mine.receipt)
    return Scene(world, key_root, mine.receipt, theirs.receipt)


@pytest.mark.parametrize(
    ("process", "words"),
    [
        (None, set()), ("intake", set()), ("courier", set()), ("clock", set()),
        ("worker", MINE | THEIRS), ("console", MINE | THEIRS),
    ],
)  # fmt: skip
def test_thief_of_a_process_gets_exactly_this(scene: Scene, process: str | None, words: set[str]) -> None:
    assert scene.got(process) == words


@pytest.mark.parametrize("process", [None, "intake"])
def test_thief_with_a_receipt_gets_exactly_that_thread(scene: Scene, process: str | None) -> None:
    assert scene.got(process, scene.mine) == MINE
    assert scene.got(process, scene.theirs) == THEIRS
    assert scene.got(process, scene.mine, scene.theirs) == MINE | THEIRS


def test_every_process_is_tried() -> None:
    assert set(PROCESSES) == {"intake", "courier", "clock", "worker", "console"}


def _words_in_clear(scene: Scene) -> None:
    with scene.world.database.write() as session:
        session.execute(update(Thread).values(pseudonym="Quillfeather"))


def _one_key_for_all(scene: Scene) -> None:
    """Seal what another thread says to my receipt's key."""
    mine = scene.mine.private_key.public_key().public_bytes_raw()
    with scene.world.database.write() as session:
        other = session.scalars(select(Thread).where(Thread.receipt_public != mine)).one()
        copy = session.scalars(select(Copy).where(Copy.thread_id == other.id, Copy.direction == "in")).one()
        row = copies.row(
            mine, "brindlewick", thread_id=other.id, message_id=copy.message_id, direction="in", at=copy.at
        )
        session.delete(copy)
        session.flush()
        session.execute(insert(Copy.__table__), [row])  # type: ignore[arg-type]  # a FromClause


@pytest.mark.parametrize("wall", [_words_in_clear, _one_key_for_all], ids=["words in clear", "one key for all"])
def test_a_broken_wall_shows(scene: Scene, wall: Callable[[Scene], None]) -> None:
    assert (scene.got("intake"), scene.got("intake", scene.mine)) == (set(), MINE)
    wall(scene)
    assert (scene.got("intake"), scene.got("intake", scene.mine)) != (set(), MINE)
