"""Real databases: every test here that asks for `database` runs on SQLite and on PostgreSQL."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from sqlalchemy import create_engine, make_url, text

import gateway.core.log_notes
import gateway.core.media.records  # noqa: F401 - imported for their tables
import responders.accounts.records
import responders.cases.records
import responders.directory.records
import responders.escalation.records
import responders.linking.records
import responders.paging.records
import responders.retention.records
import responders.subscriptions.records
import responders.tuning.records  # noqa: F401 - imported for their tables
from gateway.core import key_files
from gateway.core.database import Database
from gateway.core.keys import PROCESSES, KeySet, load
from gateway.core.records import Base
from gateway.front.roles import granting
from tests.support import stored_events
from tests.support.postgres import running
from tests.support.world import START, World

_counter = itertools.count(1)
TEMPLATE = "tipline_template"


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """Run a PostgreSQL; the answer is the URL of a server that has a template database with every table in it."""
    # Not under pytest's own folder: a second pytest closes that to the user whom the server runs as under root.
    with TemporaryDirectory(prefix="tipline-postgres-") as folder, running(Path(folder)) as url:
        admin = create_engine(url, isolation_level="AUTOCOMMIT")
        with admin.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {TEMPLATE}"))
        filled = create_engine(make_url(url).set(database=TEMPLATE))
        Base.metadata.create_all(filled)
        filled.dispose()
        _grant(make_url(url).set(database=TEMPLATE).render_as_string(hide_password=False))
        admin.dispose()
        yield url


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """Give an empty database with every table, of each kind in turn."""
    if request.param == "sqlite":
        opened = Database(f"sqlite:///{tmp_path / 'tipline.db'}")
        Base.metadata.create_all(opened.engine)
    else:
        opened = Database(_copy(request.getfixturevalue("postgres")))
    yield opened
    World.close()
    opened.close()


def _grant(url: str) -> None:
    """Make the roles and their grants, as `tipline database roles --apply` does; copies of a database keep them."""
    filled = Database(url)
    with filled.write() as session:
        session.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) PRIMARY KEY)"))
    granting.apply(filled)
    filled.close()


def _copy(url: str) -> str:
    name = f"tipline_{next(_counter)}"
    admin = create_engine(url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}"))
    admin.dispose()
    return make_url(url).set(database=name).render_as_string(hide_password=False)


@pytest.fixture(scope="session")
def key_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the keys of every process once."""
    root = tmp_path_factory.mktemp("keys")
    key_files.init(root, ["demo"], START)
    return root


@pytest.fixture(scope="session")
def keys(key_root: Path) -> Mapping[str, KeySet]:
    """Give the key set of each process."""
    return {process: load(key_root / process, process) for process in PROCESSES}


@pytest.fixture
def world(database: Database, keys: Mapping[str, KeySet]) -> Iterator[World]:
    """Give a small district on a fresh database."""
    built = World(database, keys)
    built.build()
    yield built
    # Whatever a test has let happen: each event that was stored is one that others can read.
    assert stored_events.faults(stored_events.envelopes(database)) == []


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    """Run moto's server with an empty bucket; the answer is the setting that names it."""
    import boto3  # noqa: PLC0415 - 30 MB that few tests want
    from moto.server import ThreadedMotoServer  # noqa: PLC0415

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    at = f"http://{host}:{port}"
    keys = {"aws_access_key_id": "key", "aws_secret_access_key": "se/cret", "region_name": "us-east-1"}
    client = boto3.client("s3", endpoint_url=at, **keys)
    client.create_bucket(Bucket="tips")
    client.close()
    yield f"s3://key:se%2Fcret@tips/some/prefix?endpoint={at}&region=us-east-1"
    server.stop()
