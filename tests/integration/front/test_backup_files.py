"""Files of attachments in backups: those of a folder and of a bucket, of any size, lost and back again."""

from __future__ import annotations

import errno
import json
import os
import shutil
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import select

from gateway.core import backups, escrow, sealed_file
from gateway.core.errors import KeyRefused, NoRoom
from gateway.core.keys import KeySet, load
from gateway.core.media import erasing, incoming, sealing, showing, stores
from gateway.core.media import folder as folder_module
from gateway.core.media.cleaning import Cleaning
from gateway.core.media.folder import Folder
from gateway.core.media.records import Attachment
from gateway.core.media.storing import Read, Store
from gateway.core.media.workshop import Workshop
from gateway.core.records import Message
from gateway.front.backup import keys as backup_keys
from gateway.front.doctor.backups import backup
from tests.support import files
from tests.support.backup_site import Site, is_empty, rewritten
from tests.support.world import World


@dataclass
class Drawer:
    """An installation with attachments: `lose` loses their files, or only goes to an empty place."""

    site: Site
    url: str
    lose: Callable[[], Store]

    @property
    def store(self) -> Store:
        return stores.connect(self.url, 0)

    def bring(self, *contents: bytes) -> list[str]:
        """Text a line with these files; the answer is their ids."""
        world, store = self.site.world, self.store
        message_id, taken = world.text("look at this"), []
        for content in contents:
            file = incoming.begin(store, world.keys["intake"], "demo", world.clock())
            file.write(content)
            taken.append(file.finish())
        with world.of("intake").write() as session:
            now = world.clock()
            incoming.attach(session, message_id, taken, district_id=world.district_id, actor="reporter", now=now)
        return [one.id for one in taken]

    def clean(self) -> int:
        world = self.site.world
        return Cleaning(world.of("worker"), world.keys["worker"], self.store, Workshop(), world.clock).clean_all()


@pytest.fixture(params=["folder", "bucket"])
def drawer(request: pytest.FixtureRequest, site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Drawer:
    """Give an installation whose files lie in a folder, then one whose files lie in a bucket."""
    return _drawer(request, site, tmp_path, monkeypatch, bucket=request.param == "bucket")


@pytest.fixture
def folder(request: pytest.FixtureRequest, site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Drawer:
    """Give one whose files lie in a folder."""
    return _drawer(request, site, tmp_path, monkeypatch, bucket=False)


def _drawer(
    request: pytest.FixtureRequest, site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, bucket: bool
) -> Drawer:
    url = (tmp_path / "media").as_uri()
    if bucket:
        url = request.getfixturevalue("s3").replace("/some/prefix", f"/{tmp_path.name}")
    monkeypatch.setenv("TIPLINE_MEDIA_URL", url)

    def lose() -> Store:
        store = stores.connect(url, 0)
        for name in all_of(site.world, store):
            store.delete(name)
        return store

    return Drawer(site, url, lose)


def all_of(world: World, store: Store) -> set[str]:
    """List all that lies on a store."""
    return set(store.names(world.clock().replace(year=2100)))


def row(world: World, one: str) -> Attachment:
    with world.database.read() as session:
        return session.get_one(Attachment, one)


def original(store: Store, keys: KeySet, found: Attachment) -> bytes:
    return b"".join(sealing.read(store, keys, found.original, found.original_key_sealed, found.bound("original_key")))


def test_files_come_back_from_a_backup_with_keys_from_the_escrow(drawer: Drawer, tmp_path: Path) -> None:
    site = drawer.site
    shown, broken = drawer.bring(files.picture(), files.archive())
    assert drawer.clean() == 2
    waiting, large = drawer.bring(files.picture("PNG"), os.urandom(10 << 20))
    shared = escrow.make(
        site.keys, shares=3, needed=2, now=site.world.clock(), secret=os.urandom(32), nonce=os.urandom(12)
    )
    before = all_of(site.world, drawer.store)
    path = site.backup()
    with site.world.database.read() as session:
        noted = backups.last(session)
    assert noted
    assert (noted.files, noted.missing) == (4, 0)

    database, store = site.lose(), drawer.lose()
    assert all_of(site.world, store) == set()
    code, said = site.restore(path, "--check")
    assert (code, "4 files of attachments" in said) == (0, True), said
    code, said = site.restore(path)
    assert (code, "4 files of attachments" in said, "not in it" in said.split("Restored.")[0]) == (0, True, False), said
    assert all_of(site.world, store) == before
    recovered = tmp_path / "recovered"
    escrow.restore(escrow.open_archive(shared.archive, shared.shares[1:]), recovered)
    town = World(database, {"worker": load(recovered / "worker", "worker")}, site.world.clock)
    worker = town.keys["worker"]
    size, content = showing.part(store, worker, row(town, shown), 0)
    picture = b"".join(content)
    assert (picture[:3], len(picture)) == (b"\xff\xd8\xff", size)
    assert original(store, worker, row(town, broken)) == files.archive()
    assert original(store, worker, row(town, waiting)) == files.picture("PNG")
    assert len(original(store, worker, row(town, large))) == 10 << 20
    again = Cleaning(database, worker, store, Workshop(), site.world.clock)
    assert again.clean_all() == 2, "what waited to be cleaned is cleaned after the restore"
    assert row(town, waiting).state == "clean"


def test_no_file_is_ever_held_whole(folder: Drawer) -> None:
    folder.bring(os.urandom(16 << 20), os.urandom(16 << 20))
    with folder.site.world.database.write() as session:
        named = session.scalars(select(Attachment.original)).all()
    for name in named:  # as large as a film may be; what is in it does not matter on the way
        with (Path(folder.url.removeprefix("file://")) / str(name)[:2] / str(name)).open("ab") as file:
            file.truncate(100 << 20)
    tracemalloc.start()
    try:
        path = folder.site.backup()
        folder.site.lose()
        folder.lose()
        assert folder.site.restore(path)[0] == 0
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert path.stat().st_size > 200 << 20
    assert most < 30 << 20, f"{most:,}"


def test_a_file_that_is_cleaned_or_erased_meanwhile_is_no_fault(
    folder: Drawer, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = folder.site
    kept, erased = folder.bring(files.archive(), files.archive())
    assert folder.clean() == 2
    [waiting] = folder.bring(files.picture())
    first = row(site.world, waiting).original
    opened, done = Folder.open, list[str]()

    @contextmanager
    def go_on(self: Folder, name: str) -> Iterator[Read]:
        if not done:  # The rows are read; now everyone goes on.
            done.append(name)
            with site.world.database.write() as session:
                session.delete(session.get_one(Attachment, erased))
            assert folder.clean() == 1
            erasing.sweep(site.world.database, folder.store, site.world.clock().replace(year=2100))
        with opened(self, name) as take:
            yield take

    monkeypatch.setattr(Folder, "open", go_on)
    path = site.folder / "a.backup"
    code, said = site.tipline("backup", "--out", path)
    assert (code, "1 files of attachments; 2 more were cleaned or erased" in said) == (0, True), said
    assert done == [first], "what may go is read first"
    site.lose()
    folder.lose()
    code, said = site.restore(path)
    assert (code, "2 files that its rows name are not in it" in said) == (0, True), said
    assert all_of(site.world, folder.store) == {row(site.world, kept).original}


@pytest.mark.parametrize("harm", ["gone", "unreadable"])
def test_a_file_that_is_lost_is_told_and_costs_nobody_else(
    folder: Drawer, harm: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    site, words = folder.site, "a second one"
    lost, good = folder.bring(files.archive(), files.archive() + b"more")
    message, name = site.world.text(words), row(site.world, lost).original
    if harm == "gone":
        folder.store.delete(str(name))
    else:
        opened = Folder.open

        @contextmanager
        def tear(self: Folder, asked: str) -> Iterator[Read]:
            def read(size: int) -> bytes:
                raise OSError(errno.EIO, os.strerror(errno.EIO))

            with opened(self, asked) as take:
                yield read if asked == name else take

        monkeypatch.setattr(Folder, "open", tear)
    path = site.folder / "a.backup"
    code, said = site.tipline("backup", "--out", path)
    assert (code, "1 are missing where TIPLINE_MEDIA_URL says" in said) == (1, True), said
    with site.world.database.read() as session:
        finding = backup(session, site.keys, site.world.clock())
    assert (finding.level, "TIPLINE_MEDIA_URL" in finding.words) == ("fault", True)
    monkeypatch.undo()
    monkeypatch.setenv("TIPLINE_MEDIA_URL", folder.url)
    monkeypatch.setenv("TIPLINE_VAR", str(site.folder / "var"))
    database, store = site.lose(), folder.lose()
    code, said = site.restore(path)
    assert (code, "1 files that its rows name are not in it" in said) == (0, True), said
    town = World(database, site.world.keys, site.world.clock)
    assert original(store, town.keys["worker"], row(town, good)) == files.archive() + b"more"
    assert all_of(town, store) == {row(town, good).original}
    with database.read() as session:
        assert session.get(Message, message)


def test_a_store_that_is_away_is_no_backup_unless_it_is_asked_for(
    folder: Drawer, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = folder.site
    folder.bring(files.archive())
    away = "s3://key:secret@tips/x?endpoint=http://127.0.0.1:9&region=us-east-1"
    monkeypatch.setenv("TIPLINE_MEDIA_URL", away)
    code, said = site.tipline("backup", "--out", site.out)
    assert (code, "does not answer" in said, "--without-files" in said) == (2, True, True), said
    assert list(site.out.iterdir()) == []
    path = site.folder / "a.backup"
    code, said = site.tipline("backup", "--out", path, "--without-files")
    assert (code, "copy those yourself" in said) == (0, True), said
    with site.world.database.read() as session:
        finding = backup(session, site.keys, site.world.clock())
    assert "without the files" in finding.words
    site.lose()
    code, said = site.restore(path)
    assert (code, "It holds no files of attachments" in said) == (0, True), said


def test_a_backup_of_before_files_were_in_it_is_read_still(folder: Drawer) -> None:
    folder.bring(files.archive())
    code, said = folder.site.tipline("backup", "--out", folder.site.folder / "0.backup", "--without-files")
    assert code == 0, said

    def older(lines: list[dict[str, dict[str, object]]]) -> None:
        lines[0].update(tipline_backup=1)  # type: ignore[call-overload]
        del lines[-1]["end"]["files"]

    path = rewritten(folder.site, folder.site.folder / "0.backup", older)
    folder.site.lose()
    code, said = folder.site.restore(path)
    assert (code, "It holds no files" in said) == (0, True), said


def _resealed(site: Site, path: Path, old: bytes, new: bytes) -> Path:
    """Seal other contents to the same key, as whoever has the public half could."""
    content = site.plain(path)
    assert content.count(old) == 1
    other = site.folder / "other.backup"
    with other.open("wb") as file:
        writer = sealed_file.Writer(file, backup_keys.public(site.keys / "backup.pub"))
        writer.write(content.replace(old, new))
        writer.close()
    return other


def test_a_file_that_was_changed_or_names_a_path_is_refused_and_nothing_kept(folder: Drawer) -> None:
    site = folder.site
    [one] = folder.bring(files.archive())
    name = str(row(site.world, one).original)
    with folder.store.open(name) as take:
        content = take(1 << 20)
    path = site.backup()
    site.lose()
    folder.lose()
    path_name = "../" * 8 + "evil.txt"
    assert len(path_name) == len(name)
    for old, new, sentence in (
        (content, content[:-1] + bytes([content[-1] ^ 1]), "not what the backup says it is"),
        (b'{"file":"' + name.encode(), b'{"file":"' + path_name.encode(), "that is none"),
        (b'{"bytes":', b'{"bites":', "that is none"),
        (b'"files":{"held":1', b'"files":{"held":2', "does not hold what it says"),
    ):
        code, said = site.restore(_resealed(site, path, old, new))
        assert (code, sentence in said, said.count("\n")) == (2, True, 1), said
        assert is_empty(site.url)
        assert all_of(site.world, folder.store) == set()
    assert not list(site.folder.rglob("evil.txt"))
    assert site.restore(path)[0] == 0


def test_a_store_without_room_leaves_the_target_empty_and_may_be_tried_again(
    folder: Drawer, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = folder.site
    folder.bring(files.archive(), files.archive())
    before = all_of(site.world, folder.store)
    path = site.backup()
    site.lose()
    folder.lose()
    create, done = Folder.create, list[str]()

    def fill(self: Folder, name: str) -> object:
        done.append(name)
        if len(done) == 2:
            place = Path(folder.url.removeprefix("file://")) / name[:2]
            place.mkdir(exist_ok=True)
            (place / f"{name}.part").write_bytes(b"what a kill leaves")
            raise NoRoom
        return create(self, name)

    with monkeypatch.context() as change:
        change.setattr(Folder, "create", fill)
        code, said = site.restore(path)
    assert (code, "no room for the files" in said, said.count("\n")) == (2, True, 1), said
    assert is_empty(site.url)
    assert site.restore(path)[0] == 0
    assert all_of(site.world, folder.store) == before


def test_a_store_that_keeps_other_bytes_than_it_was_given_leaves_the_target_empty(
    folder: Drawer, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = folder.site
    folder.bring(files.archive())
    path = site.backup()
    site.lose()
    folder.lose()
    put = folder_module._Writing.put
    with monkeypatch.context() as change:
        change.setattr(folder_module._Writing, "put", lambda self, content: put(self, content[:-1] + b"?"))
        code, said = site.restore(path)
    assert (code, "came out other than it went in" in said) == (2, True), said
    assert is_empty(site.url)
    assert site.restore(path)[0] == 0


def test_an_erased_file_in_an_old_backup_opens_for_nobody_once_its_month_s_key_is_gone(folder: Drawer) -> None:
    site = folder.site
    [one] = folder.bring(files.archive())
    path = site.backup()
    database, store = site.lose(), folder.lose()
    assert site.restore(path)[0] == 0
    town = World(database, site.world.keys, site.world.clock)
    assert original(store, town.keys["worker"], row(town, one)) == files.archive()
    left = site.folder / "left"
    shutil.copytree(site.keys / "worker", left)
    (left / "content" / "demo" / "2026-11.key").unlink()
    keys = load(left, "worker")
    with pytest.raises(KeyRefused):
        original(store, keys, row(town, one))


def test_machines_are_told_of_files_too(folder: Drawer) -> None:
    folder.bring(files.archive())
    code, said = folder.site.tipline("backup", "--out", folder.site.folder / "a.backup", "--json")
    assert (code, {key: json.loads(said)[key] for key in ("files", "gone", "missing")}) == (
        0, {"files": 1, "gone": 0, "missing": 0}
    )  # fmt: skip
    code, said = folder.site.restore(folder.site.folder / "a.backup", "--check", "--json")
    assert (code, json.loads(said)["files"]["held"]) == (0, 1)
