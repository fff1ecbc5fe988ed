"""The whole house on PostgreSQL, each process under a role of its own: nothing it needs is denied to it."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from sqlalchemy import text

from gateway.core import key_files, rotation
from gateway.core.database import Database
from gateway.core.keys import PROCESSES
from gateway.core.times import utc_now
from gateway.front import cli, demo
from gateway.front.migrations.tables import METADATA
from gateway.front.places import Var
from tests.support import postgres
from tests.support.house import CEDAR, DANA, PAGING, House, alive, hidden, running, until

pytestmark = [pytest.mark.e2e, pytest.mark.postgres]

REPORTER, FRIEND = "+14045550177", "+14045550178"
DENIED = re.compile("permission denied|must be owner|InsufficientPrivilege|ProgrammingError", re.IGNORECASE)


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    # Not under pytest's own folder: the server runs as another user.
    with TemporaryDirectory(prefix="tipline-roles-") as made:
        yield Path(made)


@pytest.fixture(scope="module")
def owner(folder: Path) -> Iterator[str]:
    with postgres.running(folder) as url:
        yield url


@pytest.fixture(scope="module")
def house(owner: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Set the demo up as the database's owner, make the roles as whoever installs it would, and start it."""
    var = Var(tmp_path_factory.mktemp("roles") / "var")
    demo.prepare(var, {}, utc_now(), owner)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TIPLINE_VAR", str(var.root))
        patch.setenv("DATABASE_URL", owner)
        assert cli.main(["database", "roles", "--apply", "--passwords"]) == 0
    with running(var.root) as started:
        yield started
    assert alive(var.root) == []


@pytest.fixture(scope="module")
def database(owner: str) -> Iterator[Database]:
    opened = Database(owner)
    yield opened
    opened.close()


def count(database: Database, query: str) -> int:
    with database.read() as session:
        return int(session.scalar(text(query)) or 0)


def left(house: House, database: Database) -> int:
    """Count the rows that are still under a replaced key."""
    with database.read() as session:
        keys = Var(house.var).root / "keys"
        usages = [rotation.usage(session, METADATA, key_files.old_keys(keys, kind)) for kind in key_files.KINDS]
    return sum(sum(usage.values()) for usage in usages)


def test_each_process_comes_in_under_its_own_role(house: House, database: Database) -> None:
    query = text("SELECT DISTINCT usename FROM pg_stat_activity WHERE usename LIKE 'tipline!_%' ESCAPE '!'")

    def seen() -> bool:
        with database.read() as session:
            return {f"tipline_{process}" for process in PROCESSES} <= set(session.scalars(query))

    assert until(seen, "a connection of each process")


def test_a_tip_goes_all_the_way(house: House) -> None:
    house.text(REPORTER, "theres a kid in the 2nd floor bathroom with a gun")
    page = until(lambda: house.received(DANA), "a page")[0]
    assert until(lambda: house.received(REPORTER), "the receipt")
    case = re.findall(r"/cases/(\S+)", page)[0]
    code = re.findall(r"Reply (\d{4})", page)[0]
    house.text(DANA, code, to=PAGING)
    until(lambda: len(house.received(DANA)) > 1, "an answer to the code")
    with house.browser() as browser:
        shown = browser.get(f"/cases/{case}").text
        assert "bathroom" in shown
        for action in re.findall(r'action="(/cases/[^"]+/(?:reply|notes?))"', shown):
            said = {"csrf": hidden(shown), "text": "Are you somewhere safe?"}
            assert browser.post(action, data=said, headers={"Origin": house.console_url}).status_code == 200
    until(lambda: "Are you somewhere safe?" in house.received(REPORTER), "the reply")


def test_a_case_is_acknowledged_in_the_console_and_stop_is_obeyed(house: House, database: Database) -> None:
    before = len(house.received(DANA))
    house.text(FRIEND, "somebody has a gun in the gym", to=CEDAR)
    page = until(lambda: house.received(DANA)[before:], "a page")[0]
    case = re.findall(r"/cases/(\S+)", page)[0]
    with house.browser() as browser:
        form = {"csrf": hidden(browser.get(f"/cases/{case}").text)}
        done = browser.post(f"/cases/{case}/acknowledge", data=form, headers={"Origin": house.console_url})
        assert done.status_code == 200
    house.text(FRIEND, "STOP", to=CEDAR)
    until(lambda: count(database, "SELECT count(*) FROM tokens WHERE opted_out_at IS NOT NULL"), "the STOP")


def test_every_key_is_rotated(house: House, database: Database) -> None:
    for kind in key_files.KINDS:
        house.tipline("keys", "rotate", kind)
    until(lambda: left(house, database) == 0, "everything under the new keys")
    moment = time.time() - 660
    keys = house.var / "keys"
    for path in (*keys.rglob("*.pub"), *keys.glob("*/changed")):
        os.utime(path, (moment, moment))
    for kind in key_files.KINDS:
        house.tipline("keys", "rotate", kind, "--finish")
        assert key_files.old_keys(keys, kind) == []


def test_commands_have_what_they_need(house: House, database: Database) -> None:
    house.text(REPORTER, "he left")
    query = "SELECT max(seq) FROM events"
    until(lambda: count(database, "SELECT count(*) FROM log_seals"), "a seal")
    last = count(database, query)
    sealed = "SELECT convert_from(head, 'UTF8')::json ->> 'last_seq' FROM log_seals ORDER BY number DESC LIMIT 1"
    until(lambda: count(database, sealed) >= last, "the seal of all that there is")
    assert house.tipline("audit", "verify")
    assert "+1" in house.tipline("lines")
    assert house.tipline("lines", CEDAR, "--prove-every", "60")
    token = house.tipline("token", "--name", "sis", "--scope", "cases:read", "--scope", "events:read").strip()
    assert house.graphql(token, ASKED)["cases"]["edges"]
    assert "message.received" in house.tipline("trace", case_number(database))
    found = json.loads(house.tipline("doctor", "--json", check=False))
    levels = {one["what"]: one["level"] for one in (found if isinstance(found, list) else found["findings"])}
    assert {levels[f"database role of {process}"] for process in PROCESSES} == {"ok"}
    assert levels["database rights"] == "ok"


ASKED = """{ cases(first: 20) { edges { node { number messages { edges { node { text delivery { status } } } }
    assessments { edges { node { severity } } } threads { optedOutAt } events { edges { node { type } } } } } } }"""


def case_number(database: Database) -> str:
    with database.read() as session:
        return str(session.scalar(text("SELECT number FROM cases ORDER BY opened_at DESC LIMIT 1")))


def test_nothing_was_denied(house: House, folder: Path) -> None:
    logs = {path.name: path.read_text("utf-8", "replace") for path in (house.var / "log").iterdir() if path.is_file()}
    assert {f"{process}.log" for process in PROCESSES} <= set(logs)
    server = (folder / "data" / "log").read_text("utf-8", "replace")
    assert "database system is ready" in server, "it is the server's own log"
    denied = [line.partition("] ")[2] for line in server.splitlines() if DENIED.search(line)]
    assert sorted(set(denied)) == []
    assert [(name, line) for name, log in logs.items() for line in log.splitlines() if DENIED.search(line)] == []
