from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.core import key_files, log_keys
from gateway.core.errors import KeyRefused
from gateway.core.keys import PROCESSES, load

NOW = datetime(2026, 11, 21, 23, 0, tzinfo=UTC)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    key_files.init(tmp_path, [], NOW)
    return tmp_path


def test_signing_is_the_clocks_alone_and_everyone_verifies(root: Path) -> None:
    key = log_keys.signing(root / "clock")
    assert key is not None
    for process in PROCESSES:
        assert log_keys.verifying(root / process) == {log_keys.key_id(key.public_key()): key.public_key()}
        assert (log_keys.signing(root / process) is None) == (process != "clock")


def test_clock_starts_without_the_log_key(root: Path) -> None:
    (root / "clock" / "log.key").unlink()
    assert load(root / "clock", "clock").process == "clock"
    assert log_keys.signing(root / "clock") is None


def test_make_keeps_what_is_there_and_mends_what_is_missing(root: Path) -> None:
    before = log_keys.verifying(root / "console")
    (root / "console" / "log.pub").unlink()
    assert key_files.init(root, [], NOW) == ["log"]
    assert log_keys.verifying(root / "console") == before
    assert key_files.init(root, [], NOW) == []


def test_make_after_a_loss_keeps_what_verifies_the_past(root: Path) -> None:
    (before,) = log_keys.verifying(root / "console")
    (root / "clock" / "log.key").unlink()
    assert key_files.init(root, [], NOW) == ["log"]
    key = log_keys.signing(root / "clock")
    assert key is not None
    assert set(log_keys.verifying(root / "console")) == {before, log_keys.key_id(key.public_key())}


@pytest.mark.parametrize("content", [b"", b"-----BEGIN PRIVATE KEY-----\nnonsense\n-----END PRIVATE KEY-----\n"])
def test_damaged_keys_are_refused(root: Path, content: bytes) -> None:
    (root / "clock" / "log.key").write_bytes(content)
    (root / "clock" / "log.pub").write_bytes(content)
    with pytest.raises(KeyRefused, match=r"log\.key is unreadable"):
        log_keys.signing(root / "clock")
    with pytest.raises(KeyRefused, match=r"log\.pub is unreadable"):
        log_keys.verifying(root / "clock")


def test_keys_of_another_kind_are_refused(root: Path) -> None:
    (root / "clock" / "log.key").write_bytes((root / "courier" / "identity.key").read_bytes())
    (root / "clock" / "log.pub").write_bytes((root / "courier" / "identity.pub").read_bytes())
    with pytest.raises(KeyRefused, match="not an Ed25519 key"):
        log_keys.signing(root / "clock")
    with pytest.raises(KeyRefused, match="not an Ed25519 key"):
        log_keys.verifying(root / "clock")
