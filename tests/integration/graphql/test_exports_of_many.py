"""Many tips, by text and on the web: no byte that is exported of any names who sent it.

A hundred here; `TIPLINE_MANY=5` makes them five hundred, which takes minutes for the search alone.
"""

from __future__ import annotations

import os

import pytest
from sqlalchemy import select

from gateway.core.records import Message, Token
from responders.cases import service as cases
from responders.cases.records import Case
from tests.integration.graphql.rig import Rig
from tests.integration.graphql.test_exporting import by_graphql
from tests.support import leaks
from triage.engine import assess
from triage.model import Context

TEXTS, REPORTS = (share * int(os.environ.get("TIPLINE_MANY", "1")) for share in (80, 20))
ADDRESS = "203.0.113.77"
"""Where reports on the web come from: nothing stores it, so nothing can hand it on."""


def dressed(sender: str, number: int) -> str:
    """Write a number as people do."""
    ways = (sender, sender[2:], f"{sender[2:5]}-{sender[5:8]}-{sender[8:]}", " ".join(sender[2:]))
    return ways[number % len(ways)]


def report(rig: Rig, words: str) -> str:
    """Report on the web and bring it to its case; answers the receipt as its reporter sees it."""
    filed = rig.world.report(words)
    with rig.world.database.write() as session:
        message = session.get_one(Message, filed.message_id)
        said = [(message, assess(words, Context()))]
        cases.take_messages(session, rig.world.keys["worker"], said, rig.world.clock())
    return filed.receipt.shown()


def test_nothing_that_is_exported_of_many_tips_names_a_reporter(rig: Rig) -> None:
    if rig.world.database.engine.dialect.name != "sqlite":
        pytest.skip("what is exported is made by the same code; the long run is on SQLite")
    senders = [f"+1303555{number:04d}" for number in range(1000, 1000 + TEXTS)]
    for number, sender in enumerate(senders):
        rig.tip(f"Tyler has a gun in room {number}. i am on {dressed(sender, number)} ok", sender=sender)
    receipts = [report(rig, f"Tyler has pills in locker {number}, I write from {ADDRESS}") for number in range(REPORTS)]
    with rig.world.database.read() as session:
        found = session.scalars(select(Case)).all()
        tokens = session.execute(select(Token.id, Token.blind_index)).all()
    exported = b"".join(
        by_graphql(rig, case, format=name)["document"]["content"].encode()
        for case in found
        for name in ("niem", "events")
    )
    assert exported.count(b"Tyler has a gun in room") >= TEXTS
    assert exported.count(b"Tyler has pills in locker") >= REPORTS
    assert leaks.search(exported, senders) == []
    assert len(tokens) == TEXTS
    secrets = [one for token_id, index in tokens for one in (token_id, index.hex())]
    secrets += [sign for receipt in receipts for sign in (receipt, receipt.replace("-", ""))]
    assert [one for one in secrets if one.encode() in exported] == []
