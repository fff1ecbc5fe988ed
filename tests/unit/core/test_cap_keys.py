"""The key that signs alerts: the worker's alone, with a certificate that everybody knows before it is used."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.exceptions import UnsupportedAlgorithm

from exports.cap.signature import make_key
from gateway.core import cap_keys, escrow, key_files, keys
from gateway.core.cap_keys import Pair
from gateway.core.errors import BadInput, KeyRefused, NotFound
from gateway.core.keys import PROCESSES

NOW = datetime(2026, 11, 21, 23, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def pairs() -> tuple[Pair, Pair]:
    one, two = (cap_keys.bring(*make_key("Cedar Valley", NOW, 825)) for _ in range(2))
    return one, two


@pytest.fixture
def root(tmp_path: Path, pairs: tuple[Pair, Pair]) -> Path:
    key_files.init(tmp_path, [], NOW)
    assert cap_keys.install(tmp_path, pairs[0], NOW, key_files.replace)
    return tmp_path


def ids(root: Path, process: str = "console") -> dict[str, str]:
    found = cap_keys.certificates(root / process)
    return {name.partition("-")[2][:4] or "now": Pair(b"", pem).id for name, pem in found.items()}


def test_pair_is_the_workers_and_every_process_has_the_certificate(root: Path, pairs: tuple[Pair, Pair]) -> None:
    assert cap_keys.signing(root / "worker") == pairs[0]
    assert (root / "worker" / "cap.key").stat().st_mode & 0o077 == 0
    for process in PROCESSES:
        assert ids(root, process) == {"now": pairs[0].id}
        keys.load(root / process, process)
        if process != "worker":
            assert cap_keys.signing(root / process) is None
            assert b"PRIVATE" not in (root / process / "cap.pub").read_bytes()


@pytest.mark.parametrize("process", [name for name in PROCESSES if name != "worker"])
def test_every_other_process_refuses_to_start_with_it(root: Path, process: str) -> None:
    shutil.copy(root / "worker" / "cap.key", root / process / "cap.key")
    with pytest.raises(KeyRefused, match=rf"{process} must not hold these keys.*cap\.key"):
        keys.load(root / process, process)


def test_a_prepared_key_is_known_before_it_signs_and_the_old_certificate_stays(
    root: Path, pairs: tuple[Pair, Pair]
) -> None:
    assert not cap_keys.install(root, pairs[1], NOW, key_files.replace)
    assert cap_keys.signing(root / "worker") == pairs[0]
    assert ids(root) == {"now": pairs[0].id, "next": pairs[1].id}
    keys.load(root / "worker", "worker")
    cap_keys.switch(root, NOW, key_files.replace)
    assert cap_keys.signing(root / "worker") == pairs[1]
    assert ids(root) == {"now": pairs[1].id, pairs[0].id[:4]: pairs[0].id}
    assert not (root / "worker" / "cap").exists()
    cap_keys.settle(root, NOW + timedelta(days=826), key_files.replace)
    assert ids(root) == {"now": pairs[1].id}


def test_the_prepared_pair_signs_once_the_one_in_use_has_ended(root: Path, pairs: tuple[Pair, Pair]) -> None:
    worker, ended = root / "worker", NOW + timedelta(days=825)
    assert cap_keys.usable(worker, ended - timedelta(seconds=1)) == pairs[0]
    with pytest.raises(KeyRefused, match="has ended"):
        cap_keys.usable(worker, ended)
    later = cap_keys.bring(*make_key("Cedar Valley", NOW + timedelta(days=825), 825))
    cap_keys.install(root, later, NOW, key_files.replace)
    assert cap_keys.usable(worker, ended - timedelta(seconds=1)) == pairs[0]
    assert cap_keys.usable(worker, ended) == later
    with pytest.raises(KeyRefused, match="has ended"):
        cap_keys.usable(worker, ended + timedelta(days=825))
    assert cap_keys.usable(root / "console", NOW) is None


def test_a_certificate_that_does_not_hold_is_not_taken_into_use(root: Path, pairs: tuple[Pair, Pair]) -> None:
    with pytest.raises(BadInput, match="has ended"):
        cap_keys.install(root, pairs[1], NOW + timedelta(days=825), key_files.replace)
    assert ids(root) == {"now": pairs[0].id}
    cap_keys.install(root, pairs[1], NOW, key_files.replace)
    for now in (NOW - timedelta(days=1), NOW + timedelta(days=825)):
        with pytest.raises(BadInput, match="does not hold"):
            cap_keys.switch(root, now, key_files.replace)
    assert cap_keys.signing(root / "worker") == pairs[0]


def test_switching_without_a_prepared_key_is_refused(root: Path) -> None:
    with pytest.raises(NotFound, match="keys rotate cap"):
        cap_keys.switch(root, NOW, key_files.replace)


def test_a_switch_that_was_cut_off_is_brought_to_its_end(root: Path, pairs: tuple[Pair, Pair]) -> None:
    cap_keys.install(root, pairs[1], NOW, key_files.replace)

    def dies(path: Path, content: bytes, mode: int) -> None:
        if path.parent.name == "courier":
            raise OSError("disk")
        key_files.replace(path, content, mode)

    with pytest.raises(OSError, match="disk"):
        cap_keys.switch(root, NOW, dies)
    cap_keys.settle(root, NOW, key_files.replace)
    for process in PROCESSES:
        assert ids(root, process) == {"now": pairs[1].id, pairs[0].id[:4]: pairs[0].id}


def test_key_is_listed_and_kept_by_the_escrow(root: Path, pairs: tuple[Pair, Pair]) -> None:
    cap_keys.install(root, pairs[1], NOW, key_files.replace)
    listed = {file.name: file for file in key_files.listing(root) if file.process == "worker" and "cap" in file.name}
    assert set(listed) == {"cap.key", "cap.pub", "cap/next.key", "cap-next.pub"}
    assert listed["cap.key"].kid == listed["cap.pub"].kid == pairs[0].id[:16]
    held = escrow.read(root)
    assert held["worker/cap.key"].encode() == pairs[0].together
    assert held["worker/cap/next.key"].encode() == pairs[1].together


def test_a_pair_from_elsewhere_must_fit_together(pairs: tuple[Pair, Pair], tmp_path: Path) -> None:
    assert cap_keys.bring(pairs[0].key, pairs[0].certificate) == pairs[0]
    key_files.init(tmp_path, [], NOW)
    other = (tmp_path / "courier" / "identity.key").read_bytes()
    for key, certificate, why in (
        (pairs[0].key, pairs[1].certificate, "not that key's"),
        (b"nonsense", pairs[0].certificate, "as PEM"),
        (other, pairs[0].certificate, "must be RSA"),
    ):
        with pytest.raises(BadInput, match=why):
            cap_keys.bring(key, certificate)


def test_a_damaged_key_is_refused(root: Path) -> None:
    (root / "worker" / "cap.key").write_bytes(b"-----BEGIN PRIVATE KEY-----\nnonsense\n-----END PRIVATE KEY-----\n")
    with pytest.raises(KeyRefused, match=r"cap\.key is unreadable"):
        cap_keys.signing(root / "worker")
    (root / "worker" / "cap.pub").write_bytes(b"nonsense")
    with pytest.raises(KeyRefused, match=r"cap\.pub is unreadable"):
        cap_keys.certificates(root / "worker")


def test_a_key_that_cannot_be_read_or_is_of_no_known_kind_is_refused(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise UnsupportedAlgorithm("a curve of nobody's")

    with monkeypatch.context() as patched:
        patched.setattr("gateway.core.cap_keys.serialization.load_pem_private_key", unknown)
        with pytest.raises(KeyRefused, match=r"cap\.key is unreadable"):
            cap_keys.signing(root / "worker")
    (root / "worker" / "cap.key").unlink()
    (root / "worker" / "cap.key").mkdir()
    with pytest.raises(KeyRefused, match=r"cap\.key is unreadable"):
        cap_keys.signing(root / "worker")
