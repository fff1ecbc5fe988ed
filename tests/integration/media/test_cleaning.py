"""From a sealed original to a clean copy: each step a state, so whoever is killed is followed by the next."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from gateway.core.errors import NotFound, Unavailable
from gateway.core.media import cleaning, erasing, incoming, sealing, showing
from gateway.core.media.cleaning import Cleaning
from gateway.core.media.folder import Folder
from gateway.core.media.records import Attachment
from gateway.core.media.workshop import Workshop
from gateway.core.records import Event, Message
from gateway.front.migrations.tables import METADATA
from tests.support import files
from tests.support.files import MARK
from tests.support.world import START, World


@pytest.fixture
def cleaner(world: World, store: Folder) -> Cleaning:
    return Cleaning(world.of("worker"), world.keys["worker"], store, Workshop(), world.clock)


def bring(world: World, store: Folder, *contents: bytes) -> list[str]:
    """Text a line with these files; the answer is their ids."""
    message_id, taken = world.text("look at this"), []
    for content in contents:
        file = incoming.begin(store, world.keys["intake"], "demo", world.clock())
        file.write(content)
        taken.append(file.finish())
    with world.of("intake").write() as session:
        now = world.clock()
        incoming.attach(session, message_id, taken, district_id=world.district_id, actor="reporter", now=now)
    return [one.id for one in taken]


def row(world: World, one: str) -> Attachment:
    with world.database.read() as session:
        return session.get_one(Attachment, one)


def on_store(store: Folder, world: World) -> set[str]:
    return set(store.names(world.clock() + timedelta(days=36500)))


def shown(world: World, store: Folder, one: str, number: int = 0) -> bytes:
    size, content = showing.part(store, world.keys["console"], row(world, one), number)
    part = b"".join(content)
    assert len(part) == size
    return part


def test_a_photo_with_a_place_leaves_nothing_of_it_anywhere(
    world: World, store: Folder, cleaner: Cleaning, tmp_path: Path
) -> None:
    [one] = bring(world, store, files.picture())
    assert cleaner.clean_all() == 1
    found = row(world, one)
    assert (found.state, found.kind, found.clean_kind, found.parts) == ("clean", "jpeg", "jpeg", 1)
    assert (found.original, found.original_key_sealed) == (None, None)
    assert on_store(store, world) == {found.clean}
    part = shown(world, store, one)
    assert part.startswith(b"\xff\xd8\xff")
    stored = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    stored += [bytes(str(line), "utf-8") for line in rows(world)]
    for trace in (MARK.encode(), b"Exif", b"GPS", b"xmpmeta"):
        assert trace not in part
        assert not any(trace in content for content in stored), trace


def rows(world: World) -> Iterator[Any]:
    with world.database.read() as session:
        for table in METADATA.sorted_tables:
            yield from session.execute(select(table))


def test_pages_are_shown_one_by_one(world: World, store: Folder, cleaner: Cleaning) -> None:
    [one] = bring(world, store, files.paper(3))
    cleaner.clean_all()
    pages = [shown(world, store, one, number) for number in range(3)]
    assert all(page.startswith(b"\xff\xd8\xff") for page in pages)
    for number in (-1, 3):
        with pytest.raises(NotFound):
            showing.part(store, world.keys["console"], row(world, one), number)


def test_what_does_not_open_stays_sealed_with_its_tip(world: World, store: Folder, cleaner: Cleaning) -> None:
    svg, zipped, good = bring(world, store, b"<svg><script>1</script></svg>", files.archive(), files.picture())
    assert cleaner.clean_all() == 3
    for one in (svg, zipped):
        found = row(world, one)
        assert (found.state, found.reason, found.clean) == ("broken", "unknown", None)
        with pytest.raises(NotFound):
            showing.part(store, world.keys["console"], found, 0)
    assert row(world, good).state == "clean"
    found = row(world, zipped)
    bound = found.bound("original_key")
    kept = sealing.read(store, world.keys["worker"], found.original, found.original_key_sealed, bound)
    assert b"".join(kept) == files.archive()
    with world.database.read() as session:
        assert session.scalar(select(Message.id)) is not None
        told = session.scalars(select(Event.type).where(Event.actor == cleaning.ACTOR).order_by(Event.seq)).all()
    kinds = ["org.tipline.attachment.broken", "org.tipline.attachment.clean"]
    assert sorted(told) == sorted([kinds[0], *kinds])
    assert cleaner.clean_all() == 0, "it is not tried again"


@pytest.mark.parametrize("harm", ["cut", "swapped", "gone"])
def test_an_original_that_was_touched_on_the_store_does_not_open(
    world: World, store: Folder, cleaner: Cleaning, tmp_path: Path, harm: str
) -> None:
    one, other = bring(world, store, files.picture(), files.picture())
    path = [next((tmp_path / "media").rglob(str(row(world, each).original))) for each in (one, other)]
    if harm == "cut":
        path[0].write_bytes(path[0].read_bytes()[:-20])
    elif harm == "swapped":
        path[0].write_bytes(path[1].read_bytes())
    else:
        path[0].unlink()
    cleaner.clean_all()
    assert (row(world, one).state, row(world, one).reason) == ("broken", "missing" if harm == "gone" else "damaged")
    assert row(world, other).state == "clean"


class Killed(BaseException):
    """What nobody catches: the process is gone."""


def killed(*_: object, **__: object) -> None:
    raise Killed


@pytest.mark.parametrize(
    "point",
    [(Workshop, "clean"), (Folder, "create"), (Cleaning, "_settle"), (Folder, "delete")],
    ids=["before the cleaner", "before the clean copy", "before it is written down", "before the original goes"],
)
def test_whoever_is_killed_on_the_way_is_taken_up_by_the_next(
    world: World,
    store: Folder,
    cleaner: Cleaning,
    monkeypatch: pytest.MonkeyPatch,
    point: tuple[type, str],
) -> None:
    [one] = bring(world, store, files.picture())
    with monkeypatch.context() as patch:
        patch.setattr(*point, killed)
        with pytest.raises(Killed):
            cleaner.clean_all()
    world.clock.forward(seconds=cleaning.LEASE.total_seconds() + 1)
    cleaner.clean_all()
    found = row(world, one)
    assert (found.state, found.original) == ("clean", None)
    assert shown(world, store, one)
    erasing.sweep(world.of("worker"), store, world.clock() + timedelta(days=36500))
    assert on_store(store, world) == {found.clean}


def test_a_file_that_takes_the_worker_down_is_given_up(
    world: World, store: Folder, cleaner: Cleaning, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, _ = bring(world, store, files.picture(), files.picture())
    for _ in range(cleaning.MOST_ATTEMPTS):
        with monkeypatch.context() as patch:
            patch.setattr(Workshop, "clean", killed)
            with pytest.raises(Killed):
                cleaner.clean_all()
        with world.database.write() as session:
            session.execute(update(Attachment).where(Attachment.id != one).values(again_at=START + timedelta(days=9)))
        world.clock.forward(seconds=cleaning.LEASE.total_seconds() + 1)
    cleaner.clean_all()
    assert sorted((row(world, one).state, str(row(world, one).reason))) == ["broken", "too_heavy"]


def test_a_store_that_is_away_costs_a_file_nothing(
    world: World, store: Folder, cleaner: Cleaning, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise Unavailable

    [one] = bring(world, store, files.picture())
    for _ in range(2 * cleaning.MOST_ATTEMPTS):
        with monkeypatch.context() as patch:
            patch.setattr(Folder, "open", away)
            with pytest.raises(Unavailable):
                cleaner.clean_all()
        world.clock.forward(minutes=2)
    assert cleaner.clean_all() == 1
    assert row(world, one).state == "clean"


def test_what_no_row_names_is_swept_and_nothing_else(world: World, store: Folder, cleaner: Cleaning) -> None:
    one, other = bring(world, store, files.picture(), b"broken")
    cleaner.clean_all()
    left = incoming.begin(store, world.keys["intake"], "demo", START)
    left.write(files.picture())
    left.finish()
    cut = incoming.begin(store, world.keys["intake"], "demo", START)
    cut.write(files.picture())
    assert erasing.sweep(world.of("worker"), store, world.clock()) == 0, "its row may still come"
    later = world.clock() + timedelta(days=36500)
    assert erasing.sweep(world.of("worker"), store, later) == 2
    assert on_store(store, world) == {row(world, one).clean, row(world, other).original}
    cut.abort()
