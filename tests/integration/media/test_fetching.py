"""What the carrier keeps of texts with pictures is brought here, once, whatever fails; then it may go there."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import undefer

from gateway.core import intake
from gateway.core.errors import Unavailable
from gateway.core.media import fetching
from gateway.core.media.cleaning import Cleaning
from gateway.core.media.fetching import Fetching
from gateway.core.media.folder import Folder
from gateway.core.media.records import Attachment
from gateway.core.media.workshop import Workshop
from gateway.core.messages import Inbound, SendError
from gateway.core.records import Message
from tests.support import files
from tests.support.world import PAGING, REPORTS, STUDENT, World

GONE = SendError("404", retryable=False)
_SEALED = undefer(Message.media_sealed)
BUSY = SendError("503", retryable=True)


@dataclass
class Carrier:
    """Files by link; `faults` are raised first, one a call, in the middle of the file."""

    files: dict[str, bytes] = field(default_factory=dict)
    faults: list[BaseException] = field(default_factory=list)
    asked: list[tuple[str, int]] = field(default_factory=list)

    @contextmanager
    def fetch(self, url: str, place: int) -> Iterator[Iterator[bytes]]:
        self.asked.append((url, place))
        if url not in self.files:
            raise GONE
        yield self._read(self.files[url])

    def _read(self, content: bytes) -> Iterator[bytes]:
        for start in range(0, len(content), 1000):
            if start and self.faults:
                raise self.faults.pop(0)
            yield content[start : start + 1000]


@pytest.fixture
def carrier() -> Carrier:
    return Carrier({"one": files.picture(size=(200, 200)), "two": files.recording()})


@pytest.fixture
def courier(world: World, store: Folder, carrier: Carrier) -> Fetching:
    return Fetching(world.of("courier"), world.keys["courier"], store, carrier, world.clock, lambda: None)


def text(world: World, *links: str, to: str = REPORTS) -> str:
    media = tuple(("image/jpeg", link) for link in links)
    found = Inbound("sms", f"MM{world.clock():%f}{len(links)}{to}", STUDENT, to, "look", world.clock(), media)
    message_id = intake.receive(world.of("intake"), world.keys["intake"], found).message_id
    world.courier.thread_all()
    return message_id


def states(world: World) -> list[tuple[str, str | None]]:
    with world.database.read() as session:
        query = select(Attachment.state, Attachment.reason).order_by(Attachment.position)
        return [(state, reason) for state, reason in session.execute(query)]


def links(world: World) -> bytes | None:
    with world.database.read() as session:
        return session.scalars(select(Message).where(Message.direction == "in").options(_SEALED)).one().media_sealed


def test_files_are_brought_once_and_cleaned(world: World, store: Folder, carrier: Carrier, courier: Fetching) -> None:
    text(world, "one", "two")
    assert courier.fetch_all() == 2
    assert states(world) == [("sealed", None), ("sealed", None)]
    assert links(world) is None
    assert courier.fetch_all() == 0
    assert carrier.asked == [("one", 0), ("two", 1)]
    Cleaning(world.of("worker"), world.keys["worker"], store, Workshop(), world.clock).clean_all()
    assert states(world) == [("clean", None), ("clean", None)]


def test_what_is_gone_is_lost_and_the_rest_comes(world: World, courier: Fetching) -> None:
    text(world, "one", "no more")
    for _ in range(fetching.GONE_TRIES):
        assert states(world)[1:] in ([], [("awaited", None)]), "one such answer may be a passing one"
        courier.fetch_all()
        world.clock.forward(hours=1)
    assert states(world) == [("sealed", None), ("lost", "gone")]
    assert links(world) is None


def test_a_carrier_that_breaks_off_is_asked_again_later(
    world: World, store: Folder, carrier: Carrier, courier: Fetching
) -> None:
    carrier.faults = [BUSY, BUSY]
    text(world, "one")
    assert courier.fetch_all() == 0
    assert links(world) is not None
    assert list(store.names(world.clock() + timedelta(days=36500))) == [], "nothing half is left"
    assert courier.fetch_all() == 0
    assert len(carrier.asked) == 1, "not at once"
    for _ in range(2):
        world.clock.forward(hours=1)
        courier.fetch_all()
    assert states(world) == [("sealed", None)]
    assert len(carrier.asked) == 3


def test_a_file_that_is_refused_for_a_week_is_given_up(world: World, carrier: Carrier, courier: Fetching) -> None:
    carrier.faults = [SendError("401", retryable=False) for _ in range(99)]
    text(world, "one")
    courier.fetch_all()
    assert states(world) == [("awaited", None)]
    world.clock.forward(seconds=fetching.GIVE_UP.total_seconds() + 1)
    courier.fetch_all()
    assert states(world) == [("lost", "given_up")]


def test_an_endless_file_is_refused(
    world: World, carrier: Carrier, courier: Fetching, store: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(carrier, "_read", lambda _: itertools.repeat(b"\xff\xd8\xff" + bytes(1 << 20)))
    text(world, "one")
    courier.fetch_all()
    assert states(world) == [("refused", "too_large")]
    assert list(store.names(world.clock() + timedelta(days=36500))) == []


def test_with_no_room_it_waits_where_it_is(
    world: World, courier: Fetching, store: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    text(world, "one")
    with monkeypatch.context() as patch:
        patch.setattr(store, "_keep_free", 1 << 62)
        assert courier.fetch_all() == 0
    assert states(world) == [("awaited", None)]
    world.clock.forward(hours=1)
    assert courier.fetch_all() == 1


class Killed(BaseException):
    """The process is gone."""


def test_whoever_is_killed_on_the_way_is_followed(world: World, carrier: Carrier, courier: Fetching) -> None:
    carrier.faults = [Killed()]
    text(world, "one", "two")
    with pytest.raises(Killed):
        courier.fetch_all()
    world.clock.forward(seconds=fetching.LEASE.total_seconds() + 1)
    assert courier.fetch_all() == 2
    assert states(world) == [("sealed", None), ("sealed", None)]


def test_a_store_that_is_away_is_waited_for(
    world: World, courier: Fetching, store: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_: str) -> None:
        raise Unavailable

    text(world, "one")
    with monkeypatch.context() as patch:
        patch.setattr(store, "create", away)
        with pytest.raises(Unavailable):
            courier.fetch_all()
    world.clock.forward(hours=1)
    assert courier.fetch_all() == 1


def test_files_at_the_paging_account_stay_there(world: World, carrier: Carrier, courier: Fetching) -> None:
    text(world, "one", to=PAGING)
    assert courier.fetch_all() == 0
    assert carrier.asked == []
    assert links(world) is not None
