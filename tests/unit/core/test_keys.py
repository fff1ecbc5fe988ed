from __future__ import annotations

import shutil
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.core import key_files, key_losses
from gateway.core.errors import KeyRefused
from gateway.core.keys import GRANTS, MONTHS_AHEAD, PROCESSES, KeySet, load

NOW = datetime(2026, 11, 21, 23, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("keys")
    key_files.init(root, ["demo"], NOW)
    return root


@pytest.fixture
def root(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "keys"))


def sets(root: Path) -> dict[str, KeySet]:
    return {process: load(root / process, process) for process in PROCESSES}


@pytest.mark.parametrize(
    ("what", "who_opens"),
    [("address", {"courier"}), ("outbound", {"courier"}), ("words", {"worker", "console"}), ("delivery", {"worker"})],
)
def test_load_gives_each_process_what_the_table_grants_and_no_more(made: Path, what: str, who_opens: set[str]) -> None:
    keys = sets(made)
    for sealing in keys.values():
        envelope = {
            "address": sealing.seal_address("+13035550123", "x"),
            "outbound": sealing.seal_outbound("+13035550123", "x"),
            "words": sealing.seal_words("demo", NOW, "+13035550123", "x"),
            "delivery": sealing.seal_delivery("+13035550123", "x"),
        }[what]
        opened = set()
        for process, holder in keys.items():
            try:
                assert holder.open(envelope, "x") == "+13035550123"
                opened.add(process)
            except KeyRefused:
                pass
        assert opened == who_opens


def test_blind_index_is_the_couriers_alone(made: Path) -> None:
    keys = sets(made)
    index = keys["courier"].blind_index("demo", "+13035550123")
    assert index == keys["courier"].blind_index("demo", "+13035550123")
    assert index != keys["courier"].blind_index("elsewhere", "+13035550123")
    for process in set(PROCESSES) - {"courier"}:
        with pytest.raises(KeyRefused):
            keys[process].blind_index("demo", "+13035550123")


@pytest.mark.parametrize(
    ("process", "surplus"),
    [
        (process, name)
        for process in PROCESSES
        for name, purpose in ((name, name) for name in ("identity", "outbound", "index", "log", "delivery"))
        if purpose not in GRANTS[process]
    ],
)
def test_load_refuses_a_surplus_key(root: Path, process: str, surplus: str) -> None:
    holder = next(name for name in PROCESSES if surplus in GRANTS[name])
    shutil.copy(root / holder / f"{surplus}.key", root / process / f"{surplus}.key")
    with pytest.raises(KeyRefused, match=f"{process} must not hold these keys.*{surplus}.key"):
        load(root / process, process)


@pytest.mark.parametrize("process", ["intake", "courier", "clock"])
def test_load_refuses_a_content_key_where_tips_are_not_read(root: Path, process: str) -> None:
    key = "content/demo/2026-11.key"
    shutil.copy(root / "worker" / key, root / process / key)
    with pytest.raises(KeyRefused, match="must not hold"):
        load(root / process, process)


@pytest.mark.parametrize(
    ("process", "name"),
    [("courier", "identity.key"), ("courier", "index.key"), ("intake", "identity.pub"), ("console", "outbound.pub")],
)
def test_load_refuses_a_missing_key(root: Path, process: str, name: str) -> None:
    (root / process / name).unlink()
    with pytest.raises(KeyRefused, match="tipline keys init"):
        load(root / process, process)


def test_load_refuses_a_damaged_key(root: Path) -> None:
    (root / "courier" / "identity.key").write_text("-----BEGIN PRIVATE KEY-----\nnonsense\n-----END PRIVATE KEY-----\n")
    with pytest.raises(KeyRefused, match=r"identity\.key is unreadable or damaged"):
        load(root / "courier", "courier")


def test_load_refuses_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(KeyRefused, match="no key folder"):
        load(tmp_path / "nowhere", "intake")


def test_seal_words_takes_the_latest_month_there_is_when_the_right_one_is_missing(made: Path) -> None:
    keys = sets(made)
    far = datetime(2031, 1, 1, tzinfo=UTC)
    assert keys["worker"].open(keys["intake"].seal_words("demo", far, "words", "x"), "x") == "words"
    before = datetime(2020, 1, 1, tzinfo=UTC)
    assert keys["worker"].open(keys["intake"].seal_words("demo", before, "words", "x"), "x") == "words"


def test_seal_words_of_an_unknown_district_go_to_the_common_keys(made: Path) -> None:
    keys = sets(made)
    assert keys["worker"].open(keys["intake"].seal_words("elsewhere", NOW, "words", "x"), "x") == "words"


@pytest.mark.parametrize("words", ["", "🔫 ñ", "\ud83d alone", "nul \x00 nul", "x" * 1600])
def test_words_survive_whatever_they_are(made: Path, words: str) -> None:
    keys = sets(made)
    assert keys["console"].open(keys["intake"].seal_words("demo", NOW, words, "x"), "x") == words


def test_init_makes_what_is_missing_and_keeps_what_is_there(root: Path) -> None:
    envelope = load(root / "intake", "intake").seal_address("+13035550123", "x")
    (root / "intake" / "identity.pub").unlink()
    shutil.rmtree(root / "console")
    assert key_files.init(root, ["demo"], NOW)
    assert key_files.init(root, ["demo"], NOW) == []
    assert load(root / "courier", "courier").open(envelope, "x") == "+13035550123"
    again = load(root / "intake", "intake").seal_address("+13035550199", "x")
    assert load(root / "courier", "courier").open(again, "x") == "+13035550199"


def test_load_refuses_halves_that_are_not_of_one_key(root: Path) -> None:
    for process, name, other in (
        ("courier", "identity", "outbound"),
        ("worker", "content/demo/2026-11", "content/demo/2026-12"),
    ):
        public = root / process / f"{name}.pub"
        public.write_bytes((root / process / f"{other}.pub").read_bytes())
        with pytest.raises(KeyRefused, match=f"{name}.pub is not the public half"):
            load(root / process, process)


@pytest.mark.parametrize(
    ("files", "named"),
    [
        (["courier/identity.key"], "identity"),
        (["courier/outbound.key", "intake/outbound.pub"], "outbound"),
        (["worker/content/demo/2026-11.key", "console/content/demo/2026-11.key"], "content/demo/2026-11"),
        (["courier/index.key"], "index"),
        (["courier/index.key", "courier/identity.key", "courier/outbound.key"], "identity, outbound, index"),
    ],
)
def test_init_makes_no_key_over_one_that_is_lost(root: Path, files: list[str], named: str) -> None:
    kept = {name: (root / name).read_bytes() for name in files}
    for name in files:
        (root / name).unlink()
    there = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    with pytest.raises(KeyRefused, match=rf"lost: {named}\..*tipline keys recover"):
        key_files.init(root, ["demo"], NOW)
    assert {path: path.read_bytes() for path in root.rglob("*") if path.is_file()} == there
    for name, content in kept.items():
        (root / name).write_bytes(content)
    assert key_files.init(root, ["demo"], NOW) == []


def test_init_makes_no_key_over_a_public_half_of_another(root: Path) -> None:
    (root / "intake" / "identity.pub").write_bytes((root / "intake" / "outbound.pub").read_bytes())
    with pytest.raises(KeyRefused, match="lost: identity"):
        key_files.init(root, ["demo"], NOW)


def test_init_gives_a_lost_key_up_when_it_is_told_to(root: Path) -> None:
    for name in ("identity", "index"):
        (root / "courier" / f"{name}.key").unlink()
    assert key_files.init(root, ["demo"], NOW, give_up_lost=True) == ["index", "identity"]
    assert key_losses.lost(root) == []
    for process in PROCESSES:
        envelope = load(root / process, process).seal_address("+13035550123", "x")
        assert load(root / "courier", "courier").open(envelope, "x") == "+13035550123"


@pytest.mark.parametrize("steps", range(12))
def test_init_cut_off_anywhere_can_be_run_again(tmp_path: Path, steps: int, monkeypatch: pytest.MonkeyPatch) -> None:
    left, write = iter(range(steps)), key_files._write

    def failing(path: Path, content: bytes, mode: int) -> None:
        if next(left, None) is None:
            raise InterruptedError
        write(path, content, mode)

    monkeypatch.setattr(key_files, "_write", failing)
    with pytest.raises(InterruptedError):
        key_files.init(tmp_path, [], NOW)
    monkeypatch.setattr(key_files, "_write", write)
    assert key_files.init(tmp_path, [], NOW)
    assert sets(tmp_path).keys() == set(PROCESSES)
    assert key_losses.lost(tmp_path) == []


def test_init_keeps_private_keys_to_their_owner(made: Path) -> None:
    modes = {stat.S_IMODE(path.stat().st_mode) for path in made.rglob("*.key")}
    assert modes == {0o600}


def test_init_makes_keys_for_two_years(made: Path) -> None:
    assert key_files.months_left(made, "demo", NOW) == MONTHS_AHEAD + 1
    assert key_files.months_left(made, "nowhere", NOW) == 0


def test_listing_names_keys_and_shows_none(made: Path) -> None:
    listed = list(key_files.listing(made))
    private = {(file.process, file.name) for file in listed if file.private and "/" not in file.name}
    of_courier = {("courier", "identity.key"), ("courier", "index.key"), ("courier", "outbound.key")}
    assert private == of_courier | {("clock", "log.key"), ("worker", "delivery.key")}
    secret = (made / "courier" / "index.key").read_text()
    assert all(secret not in repr(file) for file in listed)


def test_key_set_shows_no_key_when_printed(made: Path) -> None:
    printed = repr(load(made / "courier", "courier"))
    assert printed == "KeySet(process='courier')"


def test_house_that_has_no_key_for_deliveries_yet_goes_on(made: Path, tmp_path: Path) -> None:
    root = Path(shutil.copytree(made, tmp_path / "before"))
    for path in root.rglob("delivery.*"):
        path.unlink()
    keys = sets(root)
    assert keys["worker"].open(keys["intake"].seal_words("demo", NOW, "words", "x"), "x") == "words"
    with pytest.raises(KeyRefused, match="tipline keys init"):
        keys["console"].seal_delivery("secret", "x")
    assert "delivery" in key_files.init(root, ["demo"], NOW)
    assert keys["worker"].open(keys["console"].seal_delivery("secret", "x"), "x") == "secret"
