"""The 61 audits of the npm package graphql-http judge our endpoint; all of them pass."""

import threading
import time
from collections.abc import Iterator

import pytest
import uvicorn
from starlette.applications import Starlette

from gateway.core import key_files, problems
from gateway.core.database import Database
from gateway.core.keys import load
from gateway.core.queues import Name
from gateway.core.records import Base, District
from gateway.core.times import utc_now
from responders.accounts import service as accounts
from responders.schema import routes
from responders.web.live import Live
from responders.web.pages import Pages
from responders.web.state import Console
from tests.conformance.conftest import START_SECONDS, ask_node, free_port

pytestmark = pytest.mark.conformance


class Nobody:
    def wake(self, name: Name) -> None:
        raise AssertionError("an audit writes nothing")


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    folder = tmp_path_factory.mktemp("graphql")
    key_files.init(folder / "keys", ["demo"], utc_now())
    database = Database(f"sqlite:///{folder / 'tipline.db'}")
    Base.metadata.create_all(database.engine)
    yield Console(
        database=database,
        keys=load(folder / "keys/console", "console"),
        clock=utc_now,
        waker=Nobody(),
        url=f"http://127.0.0.1:{free_port()}",
        pages=Pages(()),
        live=Live(database),
    )
    database.close()


@pytest.fixture(scope="module")
def url(console: Console) -> Iterator[str]:
    app = Starlette(routes=routes(console), exception_handlers=problems.HANDLERS)
    app.state.console = console
    port = int(console.url.rpartition(":")[2])
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    deadline = time.monotonic() + START_SECONDS
    while not server.started:
        assert time.monotonic() < deadline, "the endpoint did not start"
        time.sleep(0.05)  # between two looks at the condition
    yield f"{console.url}/graphql"
    server.should_exit = True
    thread.join()


@pytest.fixture(scope="module")
def token(console: Console) -> str:
    with console.database.write() as session:
        session.add(District(id=(made := "d" * 32), slug="demo", name="Demo"))
        session.flush()
        return accounts.issue_token(session, made, "judge", ["cases:read"], utc_now())


def test_every_audit_passes(url: str, token: str) -> None:
    assert ask_node("graphql_audit.mjs", url, token) == {"total": 61, "must": [], "should": []}


def test_the_judge_is_awake(url: str) -> None:
    answer = ask_node("graphql_audit.mjs", url, "wrong")
    assert answer["must"]
