"""A real worker is killed with SIGKILL while it delivers: nothing is lost, and each case keeps its order."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import func, select

from gateway.core import keys
from gateway.core.database import Database
from gateway.core.events import emit
from gateway.core.http import Hosts
from gateway.core.records import District, Event, new_id
from gateway.core.times import utc_now
from gateway.front.places import Var
from responders.cases.records import Case
from responders.subscriptions import service
from responders.subscriptions.records import ACTIVE, QUEUED, Delivery, Subscription
from responders.subscriptions.service import Wish
from tests.support.receivers import Receiver, receiving

ROOT = Path(__file__).parents[3]
EACH = 60
SECONDS = 120.0


@contextmanager
def _worker(var: Var) -> Iterator[subprocess.Popen[bytes]]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("TIPLINE_", "TWILIO_"))}
    environ = {**clean, "TIPLINE_VAR": str(var.root), "TIPLINE_ALLOWED_HOSTS": "127.0.0.1"}
    command = [sys.executable, "-m", "gateway.front", "run", "worker"]
    with (var.root / "worker.log").open("ab") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environ, stderr=log, stdout=log)
        try:
            yield process
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()


def _subscribe(database: Database, var: Var, receiver: Receiver) -> str:
    with database.write() as session:
        district = session.scalars(select(District.id)).one()
        wish = Wish(name="CAD", sink=receiver.url)
        key_set = keys.load(var.keys / "console", "console")
        return service.create(session, key_set, Hosts(["127.0.0.1"]), district, wish, "account:1", utc_now()).row.id


def _happen(database: Database) -> dict[str, list[str]]:
    """Let `EACH` things happen to each case of the demo, in turn; answers event ids by case, in order."""
    with database.write() as session:
        district = session.scalars(select(District.id)).one()
        cases = list(session.scalars(select(Case.id).where(Case.joined_into_id.is_(None))))
        last = session.scalar(select(func.max(Event.seq))) or 0
        for _ in range(EACH):
            for case in cases:
                emit(session, "case.noted", subject=f"case/{case}", actor="account:1", at=utc_now(),
                     district_id=district, note=new_id())  # fmt: skip
        session.flush()
        wanted: dict[str, list[str]] = defaultdict(list)
        query = select(Event.id, Event.subject).where(Event.seq > last, Event.type == "org.tipline.case.noted")
        for event_id, subject in session.execute(query.order_by(Event.seq)):
            wanted[subject].append(event_id)
        return wanted


def test_killed_worker_loses_nothing_and_keeps_each_cases_order(var: Var) -> None:
    database = Database(f"sqlite:///{var.database}")
    with receiving() as receiver:
        subscription_id = _subscribe(database, var, receiver)
        with _worker(var):
            assert receiver.wait(lambda: bool(receiver.got), SECONDS)
            _until_active(database, subscription_id, receiver)
            wanted = _happen(database)
            total = sum(map(len, wanted.values()))
            assert receiver.wait(lambda: len(receiver.posts) >= total // 4, SECONDS)
        before = len(receiver.posts)
        assert before < total  # it died in the middle of it
        with _worker(var):
            assert receiver.wait(lambda: {one for ids in wanted.values() for one in ids} <= set(receiver.ids), SECONDS)
            _until_noted(database, receiver)
        came = receiver.ids
        for ids in wanted.values():
            first = [one for one in dict.fromkeys(came) if one in set(ids)]
            assert first == ids
        assert len(came) - len(set(came)) <= 200  # no more than a round comes twice
    database.close()


def _until_active(database: Database, subscription_id: str, receiver: Receiver) -> None:
    def is_active() -> bool:
        with database.read() as session:
            return session.get_one(Subscription, subscription_id).state == ACTIVE

    _look(is_active, receiver)


def _until_noted(database: Database, receiver: Receiver) -> None:
    def is_noted() -> bool:
        with database.read() as session:
            return session.scalar(select(func.count()).where(Delivery.state == QUEUED)) == 0

    _look(is_noted, receiver)


def _look(done: object, receiver: Receiver) -> None:
    """Look every moment, for nothing of it comes to the receiver."""
    for _ in range(int(SECONDS * 10)):
        if done():  # type: ignore[operator]  # a function without arguments
            return
        receiver.wait(lambda: False, 0.1)
    raise AssertionError("waited in vain")
