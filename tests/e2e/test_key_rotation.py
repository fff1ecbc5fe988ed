"""Every kind of key rotated under running processes: nothing is restarted, nobody notices, the old keys end."""

from __future__ import annotations

import html
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from gateway.core import key_files, rotation
from gateway.core.database import Database
from gateway.core.records import Message
from gateway.front.migrations.tables import METADATA
from tests.support.house import DANA, House, until

pytestmark = pytest.mark.e2e

REPORTER = "+14045550144"


@pytest.fixture
def database(house: House) -> Iterator[Database]:
    opened = Database(f"sqlite:///{house.var / 'tipline.db'}")
    yield opened
    opened.close()


def thread_of(house: House, database: Database, words: str) -> str:
    """Text a line; the answer is the thread that the courier put it on, once the worker has taken it up too."""
    sid = house.text(REPORTER, words)["sid"]

    def taken() -> str | None:
        with database.read() as session:
            message = session.scalar(select(Message).where(Message.provider_sid == sid))
            return message.thread_id if message is not None and message.dispatched_at else None

    return until(taken, f"{words!r} on a thread and in a case")


def left(keys: Path, database: Database) -> int:
    with database.read() as session:
        counts = [rotation.usage(session, METADATA, key_files.old_keys(keys, kind)) for kind in key_files.KINDS]
    return sum(sum(count.values()) for count in counts)


def test_every_key_is_rotated_under_running_processes(house: House, database: Database) -> None:
    keys = house.var / "keys"
    before = thread_of(house, database, "theres a kid in the 2nd floor bathroom with a gun")
    pages = until(lambda: house.received(DANA), "a page")
    for kind in key_files.KINDS:
        house.tipline("keys", "rotate", kind)
    assert thread_of(house, database, "he is in the hall now") == before
    until(lambda: left(keys, database) == 0, "everything under the new keys")

    moment = time.time() - 660
    for path in (*keys.rglob("*.pub"), *keys.glob("*/changed")):
        os.utime(path, (moment, moment))
    for kind in key_files.KINDS:
        house.tipline("keys", "rotate", kind, "--finish")
        assert key_files.old_keys(keys, kind) == []
    assert thread_of(house, database, "he left") == before
    assert len(house.received(REPORTER)) == 1, "one receipt: to the house it was the same person all along"
    thread_of(house, database, "another gun in the gym")
    assert house.received(DANA)[: len(pages)] == pages
    with house.browser() as browser:
        link = re.search(r"http\S+", pages[0])
        assert link
        shown = " ".join(html.unescape(re.sub(r"<[^>]+>", " ", browser.get(link[0]).text)).split())
    assert [words for words in ("bathroom", "he is in the hall", "he left") if words not in shown] == []
