"""`tipline keys`: rotate, escrow and recover, as a person at the command line meets them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.core import escrow, key_files
from gateway.core.keys import PROCESSES, load
from gateway.front import cli
from gateway.front.places import Var

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def tipline(var: Var, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run `tipline keys` on a copy of the demo; answers the exit code and all that it said."""
    monkeypatch.setenv("TIPLINE_VAR", str(var.root))

    def run(*words: str) -> tuple[int, str]:
        code = cli.main(["keys", *words])
        out, err = capsys.readouterr()
        return code, out + err

    return run


@pytest.fixture
def out(tipline: Run, tmp_path: Path) -> Path:
    """An escrow of three shares, of which two are needed."""
    assert tipline("escrow", "--shares", "3", "--needed", "2", "--out", str(tmp_path / "escrow"))[0] == 0
    return tmp_path / "escrow"


def shares(out: Path, *numbers: int) -> list[str]:
    return [word for number in numbers for word in ("--share", str(out / f"share-{number}-of-3.txt"))]


def test_keys_that_are_lost_come_back_from_archive_and_shares(tipline: Run, var: Var, out: Path) -> None:
    kept = escrow.read(var.keys)
    envelope = load(var.keys / "intake", "intake").seal_address("+13035550123", "x")
    shutil.rmtree(var.keys)
    code, said = tipline("recover", "--archive", str(out / "keys.escrow"), *shares(out, 1, 3))
    assert code == 0
    assert f"{len(kept)} key files" in said
    assert escrow.read(var.keys) == kept
    assert load(var.keys / "courier", "courier").open(envelope, "x") == "+13035550123"


def test_recover_check_proves_every_share_and_writes_nothing(tipline: Run, var: Var, out: Path) -> None:
    shutil.rmtree(var.keys)
    code, said = tipline("recover", "--check", "--archive", str(out / "keys.escrow"), *shares(out, 1, 2, 3))
    assert (code, "The shares open the archive" in said) == (0, True)
    assert not var.keys.exists()


def test_recover_check_says_when_the_archive_has_grown_old(tipline: Run, out: Path) -> None:
    assert tipline("rotate", "index")[0] == 0
    code, said = tipline("recover", "--check", "--archive", str(out / "keys.escrow"), *shares(out, 1, 2))
    assert (code, "lacks 1 private keys" in said) == (1, True)
    code, said = tipline("recover", "--check", "--json", "--archive", str(out / "keys.escrow"), *shares(out, 1, 2))
    assert json.loads(said)["missing"] == ["courier/index.key"]


def test_recover_overwrites_no_other_keys(tipline: Run, var: Var, out: Path) -> None:
    tipline("rotate", "identity")
    before = escrow.read(var.keys)
    code, said = tipline("recover", "--archive", str(out / "keys.escrow"), *shares(out, 1, 2))
    assert (code, "holds other keys" in said) == (2, True)
    assert escrow.read(var.keys) == before


def test_recover_says_what_is_wrong_with_files(tipline: Run, out: Path, tmp_path: Path) -> None:
    archive, photo = ["--archive", str(out / "keys.escrow")], tmp_path / "photo"
    photo.write_bytes(b"\xff\xfe")
    for words, sentence in (
        ([*archive], "Name the shares"),
        ([*archive, *shares(out, 1)], "2 different shares are needed, and 1 were given"),
        ([*archive, *shares(out, 1), "--share", str(photo)], "is no text"),
        ([*archive, *shares(out, 1), "--share", "nowhere.txt"], "nowhere.txt cannot be read"),
        (["--archive", "nowhere", *shares(out, 1, 2)], "nowhere cannot be read"),
        (["--archive", str(photo), *shares(out, 1, 2)], "not an archive"),
    ):
        code, said = tipline("recover", *words)
        assert (code, sentence in said) == (2, True), said


def test_escrow_is_for_its_holders_eyes_only_and_prints_no_key(tipline: Run, var: Var, tmp_path: Path) -> None:
    code, said = tipline("escrow", "--out", str(tmp_path / "new"), "--json")
    answer = json.loads(said)
    assert (code, len(answer["shares"])) == (0, 5)
    mnemonics = [Path(path).read_text().splitlines()[-1] for path in answer["shares"]]
    assert [len(words.split()) for words in mnemonics] == [33] * 5
    assert not [words for words in mnemonics if " ".join(words.split()[:2]) in said]
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "new").glob("share*")} == {0o600}
    index = (var.keys / "courier" / "index.key").read_text()
    assert index not in said
    assert index.encode() not in Path(answer["archive"]).read_bytes()


def test_escrow_refuses_a_folder_that_is_not_empty_and_impossible_numbers(tipline: Run, out: Path) -> None:
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    for words, sentence in (
        (["--out", str(out)], "is not empty"),
        (["--out", str(out / "new"), "--shares", "3", "--needed", "4"], "2 to 16 shares"),
    ):
        code, said = tipline("escrow", *words)
        assert (code, sentence in said) == (2, True), said
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


def test_rotate_says_what_comes_next_and_prints_no_key(tipline: Run, var: Var) -> None:
    code, said = tipline("rotate", "content", "--district", "demo", "--json")
    assert code == 0
    assert all(name.startswith("content/demo/") for name in json.loads(said)["rotated"])
    code, said = tipline("rotate", "index")
    assert (code, "--finish" in said, "escrow" in said) == (0, True, True)
    assert (var.keys / "courier" / "index.key").read_text() not in said
    code, said = tipline("list")
    assert (code, "index/old-" in said) == (0, True)


def test_rotate_finish_refuses_too_early_and_where_a_process_cannot_read_its_folder(tipline: Run, var: Var) -> None:
    tipline("rotate", "identity")
    code, said = tipline("rotate", "identity", "--finish")
    assert (code, "Wait 10 more minutes" in said) == (2, True), said
    (var.keys / "clock" / "identity.pub").write_text("spoilt")
    code, said = tipline("rotate", "identity", "--finish")
    assert (code, "identity.pub is missing or damaged" in said) == (2, True)
    assert key_files.old_keys(var.keys, "identity")


def test_rotate_finish_has_nothing_to_do_without_a_rotation(tipline: Run) -> None:
    code, said = tipline("rotate", "outbound", "--finish", "--json")
    assert (code, json.loads(said)) == (0, {"deleted": []})


def test_init_makes_what_is_missing_and_tells_running_processes(tipline: Run, var: Var) -> None:
    running = {process: load(var.keys / process, process) for process in PROCESSES}
    shutil.rmtree(var.keys / "console" / "content")
    code, said = tipline("init", "--json")
    assert (code, "content/demo/2026-12" in json.loads(said)["made"]) == (0, True)
    assert running["console"].replaced() == frozenset()
    assert len(running["console"]._keys().content) == len(running["worker"]._keys().content)


def test_init_says_that_a_key_is_lost_and_recover_brings_it_back(tipline: Run, var: Var, out: Path) -> None:
    kept = escrow.read(var.keys)
    (var.keys / "courier" / "identity.key").unlink()
    code, said = tipline("init")
    assert (code, "lost: identity" in said, "tipline keys recover" in said) == (2, True, True)
    assert tipline("recover", "--archive", str(out / "keys.escrow"), *shares(out, 1, 2))[0] == 0
    assert tipline("init")[0] == 0
    assert escrow.read(var.keys) == kept


def test_init_makes_new_keys_in_place_of_lost_ones_when_it_is_told_to(tipline: Run, var: Var) -> None:
    (var.keys / "courier" / "identity.key").unlink()
    code, said = tipline("init", "--give-up-lost", "--json")
    assert (code, json.loads(said)["made"]) == (0, ["identity"])
