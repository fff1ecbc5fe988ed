"""Whatever happens to a backup or on the way: one clear error, no half file, an empty target."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gateway.core import chunks, sealed_file
from gateway.front import cli
from gateway.front.backup import rows
from gateway.front.roles import granting
from tests.support.backup_site import Site, crowd_of, is_empty, rewritten


def _other(file: bytes) -> bytes:
    return b"SQLite format 3\x00" + bytes(len(file))


def _flip(at: float) -> Callable[[bytes], bytes]:
    def flip(file: bytes) -> bytes:
        changed = bytearray(file)
        changed[int(len(file) * at)] ^= 4
        return bytes(changed)

    return flip


def _swap(file: bytes) -> bytes:
    head, size = 154, chunks.CHUNK + 16
    return file[:head] + file[head + size : head + 2 * size] + file[head : head + size] + file[head + 2 * size :]


DAMAGES: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "cut off": (lambda file: file[:-1000], "damaged or cut off"),
    "cut at a chunk": (lambda file: file[: 154 + chunks.CHUNK + 16], "damaged or cut off"),
    "one bit, early": (_flip(0.2), "damaged or cut off"),
    "one bit, late": (_flip(0.99), "damaged or cut off"),
    "chunks swapped": (_swap, "damaged or cut off"),
    "other file": (_other, "not a backup of Tipline"),
    "empty": (lambda _file: b"", "not a backup of Tipline"),
}


def test_damaged_backup_gives_one_clear_error_and_leaves_the_target_empty(site: Site) -> None:
    crowd_of(site, 100, 20)
    path = site.backup()
    whole = path.read_bytes()
    site.lose()
    for name, (damage, sentence) in DAMAGES.items():
        path.write_bytes(damage(whole))
        for words in ((), ("--check",)):
            code, said = site.restore(path, *words)
            assert (code, sentence in said, said.count("\n")) == (2, True, 1), (name, said)
        assert is_empty(site.url), name
    path.write_bytes(whole)
    assert site.restore(path)[0] == 0


def test_other_key_or_none_gives_one_clear_error(site: Site) -> None:
    path = site.backup()
    assert site.tipline("backup", "key", "--out", site.folder / "new.key")[0] == 0
    site.lose()
    for key, sentence in (
        (site.folder / "new.key", "sealed to the key"),
        (site.folder / "none.key", "There is no"),
        (path, "not a private key of backups"),
        (site.keys / "clock" / "log.key", "not a private key of backups"),
    ):
        code, said = site.tipline("restore", path, "--key", key)
        assert (code, sentence in said) == (2, True), said
    assert is_empty(site.url)
    assert site.restore(path, "--check")[0] == 0, "the old key opens what was sealed to it"


CHANGES: dict[str, tuple[Callable[[list[Any]], object], str]] = {
    "newer tables": (lambda lines: lines[0].update(revision="9999"), "this one is older"),
    "newer format": (lambda lines: lines[0].update(tipline_backup=3), "this one is older"),
    "newer values": (lambda lines: lines[1].update(columns=[["line", "vector"]]), "newer version"),
    "row too few": (lambda lines: lines.remove(next(x for x in lines if isinstance(x, list))), "does not hold what"),
    "no end": (lambda lines: lines.pop(), "has no end"),
    "more after the end": (lambda lines: lines.append(lines[1]), "does not hold what"),
    "no head": (lambda lines: lines.pop(0), "this one is older"),
}


def test_backup_of_other_contents_is_refused(site: Site) -> None:
    site.world.text("gun")
    path = site.backup()
    site.lose()
    for name, (change, sentence) in CHANGES.items():
        code, said = site.restore(rewritten(site, path, change))
        assert (code, sentence in said) == (2, True), (name, said)
        assert is_empty(site.url), name


def test_row_that_points_at_nothing_leaves_the_target_empty(site: Site) -> None:
    def change(lines: list[Any]) -> None:
        start = next(i for i, x in enumerate(lines) if isinstance(x, dict) and x.get("table") == "schools")
        row = next(i for i in range(start, len(lines)) if isinstance(lines[i], list))
        lines[row][1] = "nobody"
        tally = rows.Tally()
        for line in lines[start + 1 :]:
            if isinstance(line, dict):
                break
            tally.add(rows.line(line))
        lines[-1]["end"]["tables"]["schools"] = tally.to_json()

    path = rewritten(site, site.backup(), change)
    site.lose()
    code, said = site.restore(path)
    assert (code, "point at others" in said) == (2, True), said
    assert is_empty(site.url)


def test_disk_that_is_full_gives_one_clear_error_and_no_file(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    crowd_of(site, 100, 5)

    def fail(_writer: object, _content: bytes) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(sealed_file.Writer, "_put", fail)
    code, said = site.tipline("backup", "--out", site.out)
    assert (code, "No space left" in said, said.count("\n")) == (2, True, 1), said
    assert list(site.out.iterdir()) == []


KILLED = """
import os, signal, sys
from gateway.core import sealed_file
from gateway.front import cli
from gateway.front.backup import restoring
def die(*_): os.kill(os.getpid(), signal.SIGKILL)
if sys.argv[1] == "backup":
    put, done = sealed_file.Writer._put, []
    sealed_file.Writer._put = lambda self, content: (put(self, content), done.append(1), len(done) > 1 and die())
else:
    restoring._Loading.compare = die
cli.main(sys.argv[1:])
"""


def _killed(site: Site, *words: object) -> None:
    site.tipline("keys", "list")  # sets the environment
    environ = {**os.environ, "PYTHONPATH": str(Path(cli.__file__).parents[2])}
    done = subprocess.run([sys.executable, "-c", KILLED, *map(str, words)], env=environ, check=False)
    assert done.returncode == -signal.SIGKILL


def test_kill_half_way_leaves_nothing_that_looks_like_a_backup_and_an_empty_target(site: Site) -> None:
    crowd_of(site, 200, 20)
    _killed(site, "backup", "--out", site.out)
    assert [path.suffix for path in site.out.iterdir()] == [".part"]
    path = site.backup()
    site.lose()
    _killed(site, "restore", path, "--key", site.key)
    assert is_empty(site.url)
    code, said = site.restore(path)
    assert code == 0, said


def test_database_without_tables_gives_one_clear_error_and_no_file(site: Site) -> None:
    site.lose()
    code, said = site.tipline("backup", "--out", site.out)
    assert (code, "not those of this version" in said) == (2, True), said
    assert list(site.out.iterdir()) == []


@pytest.mark.postgres
def test_only_the_owner_backs_up_and_restores(site: Site) -> None:
    if site.world.database.is_sqlite:
        pytest.skip("SQLite has no roles")
    path, owner = site.backup(), site.url
    site.url = granting.url_of(site.world.database, "operator")
    code, said = site.tipline("backup", "--out", site.out)
    assert (code, "database's owner" in said) == (2, True), said
    assert list(site.out.iterdir()) == []
    site.url = owner
    empty = site.lose()
    site.url = granting.url_of(empty, "operator")
    code, said = site.restore(path)
    assert (code, "Nothing was kept" in said) == (2, True), said
