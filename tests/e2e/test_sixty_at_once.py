"""A school is one address: sixty students report there in the same moment, over HTTP, to a house that runs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from sqlalchemy import func, select

from gateway.core.database import Database
from gateway.core.records import Copy, Message, Thread
from responders.cases.records import CaseMessage
from tests.bench import portal, site
from tests.support import postgres
from tests.support.house import until

pytestmark = pytest.mark.e2e
PEOPLE = 60


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[site.Site]:
    """Make a small installation on each kind of database, and run it."""
    with TemporaryDirectory(prefix="tipline-sixty-") as folder:
        if request.param == "sqlite":
            made = site.prepare(tmp_path / "var", None, 1, 1)
            with made.up():
                yield made
        else:
            with postgres.running(Path(folder)) as url:
                made = site.prepare(tmp_path / "var", url, 1, 1)
                with made.up():
                    yield made


def test_sixty_reports_at_once_from_one_address_are_all_taken_opened_by_their_receipts_and_judged(
    house: site.Site,
) -> None:
    crowd = portal.together(house.public_url, house.schools[0], PEOPLE)
    assert (crowd.taken, len(set(crowd.receipts)), crowd.opened) == (PEOPLE, PEOPLE, PEOPLE)
    database = Database(house.database_url)
    with database.read() as session:
        stored = [session.scalar(select(func.count()).select_from(table)) for table in (Message, Thread, Copy)]
        assert stored == [PEOPLE] * 3
        assert session.scalar(select(func.count()).where(Message.unproven)) == 0

    def judged() -> bool:
        with database.read() as session:
            return session.scalar(select(func.count(CaseMessage.message_id))) == PEOPLE

    until(judged, "all of them to be judged", 120)
    with database.read() as session:
        assert set(session.scalars(select(Message.flooded))) == {None}, "sixty are no flood"
    database.close()
