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
    files: Cell
    when: Cell
    who: Cell

    def expected(self, truth: Truth) -> Haul:
        """Say exactly what he must get of a scene."""
        writers = frozenset(truth.texts[label].number for label in self.numbers.gets(truth))
        words, files = self.words.gets(truth), self.files.gets(truth)
        return Haul(writers, words, files, self.when.gets(truth), self.who.gets(truth))


def _all(truth: Truth) -> frozenset[str]:
    return frozenset(truth.texts)


def _texted(truth: Truth) -> frozenset[str]:
    return frozenset(label for label, text in truth.texts.items() if text.number)


def _pictures(truth: Truth) -> frozenset[str]:
    return truth.files


def _of_receipt(truth: Truth) -> frozenset[str]:
    return truth.opened["web"]


def _kept(truth: Truth) -> frozenset[str]:
    return truth.kept


def _strange(truth: Truth) -> frozenset[str]:
    return truth.strange


def _answers(truth: Truth) -> frozenset[str]:
    return frozenset({"reply"}) | truth.kept


def _read(truth: Truth) -> frozenset[str]:
    return frozenset(truth.texts) | {"reply", "note", "web reply", "alike"}


NOTHING = Cell("–", lambda _truth: frozenset())
THREADS = Cell("times, by thread", _all)
UNDELETED = Cell("not yet deleted ¹", _kept)
STRANGERS = Cell("strangers' ²", _strange)
FILES = Cell("**all**", _pictures)
OURS = Cell("our texts; not yet deleted ¹", _answers)
OPENED = Cell("that thread ³", _of_receipt)
WRITERS = Cell("**all**", _texted)
HELD = "keys, secrets, database, files"
TABLE = (
    Row("database", "every row and file", NOTHING, NOTHING, NOTHING, THREADS, NOTHING),
    Row("ties of cases", "every row of them", NOTHING, NOTHING, NOTHING, NOTHING, NOTHING),
    Row("intake", HELD, NOTHING, NOTHING, NOTHING, THREADS, NOTHING),
    Row("a receipt", "a web reporter's, and all of intake's", NOTHING, OPENED, NOTHING, THREADS, NOTHING),
    Row("courier", HELD, WRITERS, OURS, NOTHING, THREADS, WRITERS),
    Row("worker", HELD, STRANGERS, Cell("**all**", _read), FILES, THREADS, STRANGERS),
    Row("console", HELD, NOTHING, Cell("**all**", _read), FILES, THREADS, NOTHING),
    Row("clock", HELD, NOTHING, NOTHING, NOTHING, THREADS, NOTHING),
    Row("valkey", "memory, files, all it is told", NOTHING, NOTHING, NOTHING, NOTHING, NOTHING),
    Row("logs", "every log of ours", NOTHING, NOTHING, NOTHING, NOTHING, NOTHING),
    Row("backups", "every backup", NOTHING, NOTHING, NOTHING, NOTHING, NOTHING),
    Row("opened backups", "and the key of backups", NOTHING, NOTHING, NOTHING, THREADS, NOTHING),
    Row("carrier: reporters", "the courier's API key", UNDELETED, UNDELETED, NOTHING, NOTHING, UNDELETED),
    Row("carrier: paging", "the worker's API key", STRANGERS, STRANGERS, NOTHING, NOTHING, STRANGERS),
    Row("carrier: webhooks", "intake's webhook secrets", NOTHING, NOTHING, NOTHING, NOTHING, NOTHING),
)  # fmt: skip


def render() -> str:
    """Write the table in Markdown."""
    head = "| thief of | who has | numbers | words | files | when | who wrote when |\n|---|---|---|---|---|---|---|\n"
    cells = ((row.numbers, row.words, row.files, row.when, row.who) for row in TABLE)
    rows = zip(TABLE, cells, strict=True)
    return head + "".join(
        f"| {row.thief} | {row.has} | {' | '.join(cell.words for cell in found)} |\n" for row, found in rows
    )


def placed(page: str) -> str:
    """Put the table into the page, between its marks."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{render()}{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(placed(PAGE.read_text("utf-8")), "utf-8")
