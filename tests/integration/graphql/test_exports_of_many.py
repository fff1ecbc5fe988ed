"""Many tips, by text and on the web: no byte that leaves of any names who sent it.

What leaves: each case as NIEM and as events, alerts as CAP, in the feed and to the places that they go to, and all that
a subscriber is posted. A hundred tips here; `MANY_TIPS=5` makes them five hundred.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from starlette.applications import Starlette
from starlette.testclient import TestClient

from exports.cap.signature import make_key
from gateway.core import cap_keys
from gateway.core.http import Guarded
from gateway.core.records import Message, Token
from responders.cases import service as cases
from responders.cases.records import Case
from responders.escalation import mailing
from responders.escalation.feed import Feeds
from responders.subscriptions.records import BATCHED
from tests.integration.graphql.rig import URL, Rig
from tests.integration.graphql.test_exporting import by_graphql
from tests.integration.subscriptions.conftest import Rig as Subscribing
from tests.support import leaks
from tests.support.receivers import receiving
from tests.support.warners import Keeping, Warners
from triage.engine import assess
from triage.model import Context

TEXTS, REPORTS = (share * int(os.environ.get("MANY_TIPS", "1")) for share in (80, 20))
ADDRESS = "203.0.113.77"
"""Where reports on the web come from: nothing stores it, and reporters who write it down are not told by it."""
WARNED = 5
"""Of so many cases an alert goes out: its words are a template's and staff's, however many tips there are."""


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


def warned(rig: Rig, folder: Path, some: Iterable[Case]) -> bytes:
    """Send alerts of some cases; answers the feed, what each place is sent, and what is exported of them."""
    now = rig.world.clock()
    pair = cap_keys.bring(*make_key("Cedar Valley School District", now - timedelta(days=1), 825))
    (folder / "cap.key").write_bytes(pair.together)
    ways = {way: Keeping() for way in ("post", "mail", "folder")}
    warners = Warners(rig.world, folder, ways)
    warners.rules(feed="public", folder=True)
    warners.area()
    warners.target("post", "https://warn.example.org/alerts")
    warners.target("mail", "principal@lincoln.example.org")
    for case in some:
        warners.send(warners.draft(case))
    assert warners.deliver() > 0
    app = Starlette(routes=Feeds(rig.world.of("intake"), folder, URL, rig.world.clock).routes())
    found = [TestClient(app, base_url=URL).get("/alerts/demo/feed.atom").content]
    assert found[0].count(b"<entry>") == WARNED
    assert all(len(way.items) == WARNED for way in ways.values())
    found += [item.document for way in ways.values() for item in way.items]
    found += [mailing.written(item, "tips@example.org").as_bytes() for item in ways["mail"].items]
    found += [by_graphql(rig, case, format="cap")["document"]["content"].encode() for case in some]
    return b"\n".join(found)


def parts(content: bytes) -> bytes:
    """Give each text within quotes or tags once: documents have most in common, and all of it is searched for all."""
    return b"\n".join(sorted(set(re.split(rb'["<>\n]', content))))


def test_nothing_that_leaves_of_many_tips_names_a_reporter(rig: Rig, tmp_path: Path) -> None:
    if rig.world.database.engine.dialect.name != "sqlite":
        pytest.skip("what leaves is made by the same code; the long run is on SQLite")
    client = Guarded(["127.0.0.1"], seconds=20.0, body_bytes=4096)
    subscribing = Subscribing(rig.world, client)
    senders = [f"+1303555{number:04d}" for number in range(1000, 1000 + TEXTS)]
    with receiving() as receiver:
        subscribing.subscribe(receiver, mode=BATCHED)
        for number, sender in enumerate(senders):
            rig.tip(f"Tyler has a gun in room {number}. i am on {dressed(sender, number)} ok", sender=sender)
        receipts = [report(rig, f"Tyler has pills in locker {number}, I write from {ADDRESS}")
                    for number in range(REPORTS)]  # fmt: skip
        with rig.world.database.read() as session:
            found = session.scalars(select(Case).order_by(Case.opened_at)).all()
            tokens = session.execute(select(Token.id, Token.blind_index)).all()
        alerts = warned(rig, tmp_path, found[:WARNED])
        while subscribing.run():
            pass
        posts = b"\n".join(repr(got.headers).encode() + got.body for got in receiver.got)
    client.close()
    documents = b"\n".join(
        by_graphql(rig, case, format=name)["document"]["content"].encode()
        for case in found
        for name in ("niem", "events")
    )
    assert documents.count(b"Tyler has a gun in room") >= TEXTS
    assert documents.count(b"Tyler has pills in locker") >= REPORTS
    assert posts.count(b"org.tipline.message.received.v1") >= TEXTS + REPORTS
    assert alerts.count(b"Lockdown") > WARNED
    left = parts(b"\n".join((documents, alerts, posts)))
    assert leaks.search(left, senders) == []
    assert leaks.words_in([dressed(sender, number) for number, sender in enumerate(senders)], left) == []
    assert len(tokens) == TEXTS
    secrets = [one for token_id, index in tokens for one in (token_id, index.hex())]
    secrets += [sign for receipt in receipts for sign in (receipt, receipt.replace("-", ""))]
    assert leaks.words_in([ADDRESS], left) == []
    assert [one for one in secrets if one.encode() in left] == []
