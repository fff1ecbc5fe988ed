"""Escrow: enough shares restore every key, too few or wrong ones say so, and nothing is ever overwritten."""

from __future__ import annotations

import itertools
import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.core import escrow, key_files
from gateway.core.errors import BadInput, KeyRefused, NotFound
from gateway.core.escrow import Escrow
from gateway.core.keys import PROCESSES, load

NOW = datetime(2026, 11, 21, 23, 0, tzinfo=UTC)
SECRET, NONCE = bytes(range(32)), bytes(12)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("keys")
    key_files.init(folder, ["demo"], NOW)
    for kind in ("identity", "index"):
        key_files.rotate(folder, kind)
    key_files.rotate(folder, "content", of_month="2026-11")
    return folder


@pytest.fixture(scope="module")
def made(root: Path) -> Escrow:
    return escrow.make(root, shares=5, needed=3, now=NOW, secret=SECRET, nonce=NONCE)


def test_any_three_of_five_shares_restore_every_key(root: Path, made: Escrow, tmp_path: Path) -> None:
    for some in itertools.combinations(made.shares, 3):
        assert escrow.open_archive(made.archive, some).keys == escrow.read(root)
    archive = escrow.open_archive(made.archive, made.shares[1:4])
    assert escrow.restore(archive, tmp_path) == len(escrow.read(root))
    assert escrow.read(tmp_path) == escrow.read(root)
    assert {path.stat().st_mode & 0o777 for path in tmp_path.rglob("*.key")} == {0o600}
    envelope = load(root / "intake", "intake").seal_address("words", "x")
    assert load(tmp_path / "courier", "courier").open(envelope, "x") == "words"
    assert [load(tmp_path / process, process).process for process in PROCESSES] == list(PROCESSES)


def test_all_shares_at_once_prove_each_of_them(made: Escrow) -> None:
    assert escrow.open_archive(made.archive, made.shares).made_at == "2026-11-21T23:00:00.000Z"


def test_a_share_is_thirty_three_words_and_may_be_typed_untidily(made: Escrow) -> None:
    assert {len(words.split()) for words in made.shares} == {33}
    typed = [words.upper().replace(" ", "\n  ") for words in made.shares[:3]]
    assert escrow.open_archive(made.archive, typed).keys


def test_open_archive_says_what_is_wrong_with_the_shares(root: Path, made: Escrow) -> None:
    other = escrow.make(root, shares=3, needed=2, now=NOW, secret=bytes(32), nonce=NONCE)
    first, second, third, *_ = made.shares
    mistyped = " ".join(["academic", *third.split()[1:]])
    for shares, sentence in (
        ([], "Name the shares"),
        ([first, second], "3 different shares are needed, and 2 were given"),
        ([first, second, second], "3 different shares are needed, and 2 were given"),
        ([first, second, mistyped], "Share 3 is mistyped or damaged"),
        ([first, second, "no such words"], "Share 3 is mistyped or damaged"),
        ([first, second, other.shares[0]], "belong to different archives"),
        (list(other.shares[:2]), "do not open this archive"),
    ):
        with pytest.raises(BadInput, match=sentence) as refused:
            escrow.open_archive(made.archive, shares)
        assert not any(word in refused.value.public.split() for word in first.split()[4:])


@pytest.mark.parametrize("spoil", [lambda a: a[:-1] + bytes([a[-1] ^ 1]), lambda a: a[:20], lambda _: b"junk" * 9])
def test_open_archive_refuses_a_damaged_archive(made: Escrow, spoil: Callable[[bytes], bytes]) -> None:
    with pytest.raises(BadInput, match=r"do not open this archive|is not an archive"):
        escrow.open_archive(spoil(made.archive), made.shares[:3])


@pytest.mark.parametrize(("shares", "needed"), [(5, 1), (2, 3), (17, 3), (0, 0)])
def test_make_refuses_impossible_numbers(root: Path, shares: int, needed: int) -> None:
    with pytest.raises(BadInput, match="2 to 16"):
        escrow.make(root, shares=shares, needed=needed, now=NOW, secret=SECRET, nonce=NONCE)


def test_make_refuses_where_there_are_no_keys(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        escrow.make(tmp_path, shares=5, needed=3, now=NOW, secret=SECRET, nonce=NONCE)


def test_archive_shows_no_key_and_printing_shows_neither(root: Path, made: Escrow) -> None:
    for text in escrow.read(root).values():
        assert text.encode() not in made.archive
    archive = escrow.open_archive(made.archive, made.shares[:3])
    assert "KEY" not in repr(archive)
    assert made.shares[0].split()[5] not in repr(made)


def test_restore_overwrites_no_other_key_and_may_run_twice(made: Escrow, tmp_path: Path) -> None:
    archive = escrow.open_archive(made.archive, made.shares[:3])
    key_files.init(tmp_path, [], NOW)
    before = escrow.read(tmp_path)
    with pytest.raises(KeyRefused, match="holds other keys"):
        escrow.restore(archive, tmp_path)
    assert escrow.read(tmp_path) == before
    again = tmp_path / "again"
    assert escrow.restore(archive, again) == escrow.restore(archive, again)


def test_missing_and_uncovered_tell_an_archive_that_has_grown_old(root: Path, made: Escrow, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(root, tmp_path / "keys"))
    archive = escrow.open_archive(made.archive, made.shares[:3])
    assert escrow.uncovered(copy) is None
    escrow.note(copy, NOW)
    assert (escrow.missing(archive, copy), escrow.uncovered(copy)) == ([], 0)
    key_files.rotate(copy, "outbound")
    assert escrow.missing(archive, copy) == ["courier/outbound.key"]
    assert escrow.uncovered(copy) == 1
    noted = json.loads((copy / "escrow.json").read_text())
    assert set(noted) == {"made_at", "kids"}
