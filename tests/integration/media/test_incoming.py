"""A file on its way in: sealed from its first byte, bounded while it streams, written down with its message."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select

from gateway.core import chunks
from gateway.core.errors import KeyRefused, NoRoom, TooLarge, Unavailable
from gateway.core.media import incoming, kinds, sealing
from gateway.core.media.folder import Folder
from gateway.core.media.incoming import Finished
from gateway.core.media.records import Attachment
from gateway.core.records import Event
from tests.support.world import START, World

PICTURE = b"\xff\xd8\xff\xe0" + b"this would be a picture " * 20_000
FILM = b"\x00\x00\x00\x20ftypisom"


def take(world: World, store: Folder, content: bytes = PICTURE) -> Finished:
    file = incoming.begin(store, world.keys["intake"], "demo", START)
    for start in range(0, len(content), 10_000):
        file.write(content[start : start + 10_000])
    return file.finish()


def attach(world: World, *files: Finished) -> str:
    message_id = world.text("look at this")
    with world.of("intake").write() as session:
        incoming.attach(session, message_id, files, district_id=world.district_id, actor="reporter", now=START)
    return message_id


def write_on(file: incoming.Incoming) -> None:
    for _ in itertools.count():
        file.write(bytes(1 << 20))


def files(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.is_file()]


def test_a_file_is_sealed_on_the_store_and_opens_to_what_came(world: World, store: Folder, tmp_path: Path) -> None:
    finished = take(world, store)
    attach(world, finished)
    with world.of("worker").read() as session:
        row = session.scalars(select(Attachment)).one()
    assert (row.state, row.kind, row.size, row.position) == ("sealed", "jpeg", len(PICTURE), 0)
    bound = row.bound("original_key")
    opened = sealing.read(store, world.keys["worker"], row.original, row.original_key_sealed, bound)
    assert b"".join(opened) == PICTURE
    [path] = files(tmp_path / "media")
    assert path.stat().st_mode & 0o777 == 0o600
    assert b"this would be" not in path.read_bytes()


@pytest.mark.parametrize("process", ["intake", "courier"])
def test_whoever_took_it_in_cannot_open_it(world: World, store: Folder, process: str) -> None:
    finished = take(world, store)
    assert finished.key_sealed is not None
    with pytest.raises(KeyRefused):
        world.keys[process].open(finished.key_sealed, f"attachments/{finished.id}/original_key")


def test_no_byte_is_ever_in_the_clear_while_it_streams(world: World, store: Folder, tmp_path: Path) -> None:
    file = incoming.begin(store, world.keys["intake"], "demo", START)
    for _ in range(40):
        file.write(PICTURE[:10_000])
        assert all(b"this would be" not in path.read_bytes() for path in files(tmp_path))
    file._writing._writing._file.flush()  # type: ignore[attr-defined]
    [path] = files(tmp_path / "media")
    assert path.stat().st_size > chunks.CHUNK, "so something was there to be looked at"
    file.abort()
    assert files(tmp_path / "media") == []


@pytest.mark.parametrize(
    ("head", "most"),
    [(b"\xff\xd8\xff", 16 * 2**20), (FILM, 100 * 2**20), (b"PK\x03\x04", kinds.UNKNOWN_BYTES)],
    ids=["picture", "film", "who knows"],
)
def test_an_endless_file_ends_at_its_limit_and_leaves_nothing(
    world: World, store: Folder, tmp_path: Path, head: bytes, most: int
) -> None:
    file = incoming.begin(store, world.keys["intake"], "demo", START)
    file.write(head)
    with pytest.raises(TooLarge):
        write_on(file)
    assert most < file.size <= most + (1 << 20)
    assert files(tmp_path / "media") == []


def test_below_the_watermark_files_are_refused_and_words_are_not(world: World, tmp_path: Path) -> None:
    full = Folder(tmp_path / "media", keep_free_bytes=1 << 62)
    with pytest.raises(NoRoom):
        incoming.begin(full, world.keys["intake"], "demo", START)
    message_id = attach(world, incoming.refused("no_room"))
    with world.of("console").read() as session:
        columns = select(Attachment.message_id, Attachment.state, Attachment.reason, Attachment.original)
        assert session.execute(columns).one() == (message_id, "refused", "no_room", None)


def test_a_disk_that_fills_up_on_the_way_ends_a_file(
    world: World, store: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = incoming.begin(store, world.keys["intake"], "demo", START)
    file.write(FILM + bytes(1 << 20))
    monkeypatch.setattr(store, "_keep_free", 1 << 62)
    with pytest.raises(NoRoom):
        write_on(file)
    assert files(tmp_path / "media") == []


@pytest.mark.parametrize("step", [lambda file: file.write(bytes(1 << 20)), lambda file: file.finish()])
def test_a_disk_that_fails_leaves_nothing_half(
    world: World,
    store: Folder,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    step: Callable[[incoming.Incoming], object],
) -> None:
    def fail(*_: object) -> None:
        raise OSError(5, "I/O error")

    file = incoming.begin(store, world.keys["intake"], "demo", START)
    file.write(PICTURE)
    monkeypatch.setattr(os, "fsync", fail)
    close = file._writing._writing._file.close  # type: ignore[attr-defined]
    broken = type("Broken", (), {"write": fail, "flush": fail, "close": lambda _: close()})
    monkeypatch.setattr(file._writing._writing, "_file", broken())
    with pytest.raises(Unavailable):
        step(file)
    assert files(tmp_path / "media") == []


def test_what_is_written_down_is_told_by_ids_and_codes(world: World, store: Folder) -> None:
    finished = take(world, store)
    message_id = attach(world, finished, incoming.refused("too_large"))
    with world.of("clock").read() as session:
        told = session.scalars(select(Event).where(Event.type.startswith("org.tipline.attachment")).order_by(Event.seq))
        found = [(event.type, event.subject, event.data) for event in told]
    assert found[0] == (
        "org.tipline.attachment.sealed",
        f"attachment/{finished.id}",
        {"message": message_id, "attachment_kind": "jpeg", "reason": None},
    )
    assert found[1][0] == "org.tipline.attachment.refused"
    assert found[1][2]["reason"] == "too_large"


def test_nobodys_message_is_sealed_to_the_common_key(world: World, store: Folder) -> None:
    file = incoming.begin(store, world.keys["courier"], None, START)
    file.write(PICTURE)
    finished = file.finish()
    assert finished.key_sealed is not None
    assert world.keys["worker"].open(finished.key_sealed, f"attachments/{finished.id}/original_key")
