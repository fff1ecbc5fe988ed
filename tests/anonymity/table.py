"""The thief's table: what each thief gets alone. The tests try every cell; SECURITY.md shows the same rows.

python -m tests.anonymity.table     writes it into SECURITY.md
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.anonymity.thief import Haul
from tests.anonymity.truth import Truth

PAGE = Path(__file__).parents[2] / ".github" / "SECURITY.md"
BEGIN, END = "<!-- the thief's table: python -m tests.anonymity.table -->", "<!-- end of the thief's table -->"

Labels = Callable[[Truth], frozenset[str]]


@dataclass(frozen=True)
class Cell:
    """What a thief gets of one kind: in words, and as labels of what happened in a scene."""

    words: str
    gets: Labels


@dataclass(frozen=True)
class Row:
    """One thief. `when` is of what the database says without keys, `who` of whom he can put to a time."""

    thief: str
    has: str
    numbers: Cell
    words: Cell
    when: Cell
    who: Cell

    def expected(self, truth: Truth) -> Haul:
        """Say exactly what he must get of a scene."""
        writers = frozenset(truth.texts[label].number for label in self.numbers.gets(truth))
        return Haul(writers, self.words.gets(truth), self.when.gets(truth), self.who.gets(truth))


def _all(truth: Truth) -> frozenset[str]:
    return frozenset(truth.texts)


def _kept(truth: Truth) -> frozenset[str]:
    return truth.kept


def _strange(truth: Truth) -> frozenset[str]:
    return truth.strange


def _answers(truth: Truth) -> frozenset[str]:
    return frozenset({"reply"}) | truth.kept


def _read(truth: Truth) -> frozenset[str]:
    return frozenset(truth.texts) | {"reply", "note"}


NOTHING = Cell("–", lambda _truth: frozenset())
THREADS = Cell("times, by thread", _all)
UNDELETED = Cell("not yet deleted ¹", _kept)
STRANGERS = Cell("strangers' ²", _strange)
TABLE = (
    Row("database", "every row and file", NOTHING, NOTHING, THREADS, NOTHING),
    Row("intake", "keys, secrets, database", NOTHING, NOTHING, THREADS, NOTHING),
    Row(
        "courier", "keys, secrets, database", Cell("**all**", _all), Cell("our replies; not yet deleted ¹", _answers),
        THREADS, Cell("**all**", _all),
    ),
    Row("worker", "keys, secrets, database", STRANGERS, Cell("**all**", _read), THREADS, STRANGERS),
    Row("console", "keys, secrets, database", NOTHING, Cell("**all**", _read), THREADS, NOTHING),
    Row("clock", "keys, secrets, database", NOTHING, NOTHING, THREADS, NOTHING),
    Row("valkey", "memory, files, all it is told", NOTHING, NOTHING, NOTHING, NOTHING),
    Row("logs", "every log of ours", NOTHING, NOTHING, NOTHING, NOTHING),
    Row("backups", "every backup", NOTHING, NOTHING, NOTHING, NOTHING),
    Row("opened backups", "and the key of backups", NOTHING, NOTHING, THREADS, NOTHING),
    Row("carrier: reporters", "the courier's API key", UNDELETED, UNDELETED, NOTHING, UNDELETED),
    Row("carrier: paging", "the worker's API key", STRANGERS, STRANGERS, NOTHING, STRANGERS),
    Row("carrier: webhooks", "intake's webhook secrets", NOTHING, NOTHING, NOTHING, NOTHING),
)  # fmt: skip


def render() -> str:
    """Write the table in Markdown."""
    head = "| thief of | who has | numbers | words | when | who wrote when |\n|---|---|---|---|---|---|\n"
    rows = (
        " | ".join((f"| {row.thief}", row.has, row.numbers.words, row.words.words, row.when.words, row.who.words))
        for row in TABLE
    )
    return head + "".join(f"{row} |\n" for row in rows)


def placed(page: str) -> str:
    """Put the table into the page, between its marks."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{render()}{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(placed(PAGE.read_text("utf-8")), "utf-8")
