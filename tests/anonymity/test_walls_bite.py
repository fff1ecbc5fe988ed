"""Breaking one wall at a time: what holds it refuses, and were that gone too, the suite would see it.

Each break is made in a copy of what a run left, and with the house's own code: sealing, hashing, logging, queueing.
"""

from __future__ import annotations

import copy
import hashlib
import hmac
import json
import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from redis import Redis
from rq.job import Job
from rq.serializers import JSONSerializer
from sqlalchemy import create_engine, text
from sqlalchemy.exc import IntegrityError

from gateway.core import keys, logs, numbers, settings
from gateway.core.database import Database
from gateway.core.errors import KeyRefused, SettingsRefused
from gateway.core.numbers import Address
from gateway.core.seal import key_id, seal, sealed_to, unseal
from tests.anonymity.scene import Scene
from tests.anonymity.stage import SAID, TOLD, inflated
from tests.anonymity.table import TABLE
from tests.anonymity.thief import rob

pytestmark = pytest.mark.e2e
KINDS = ("numbers", "words", "files", "threads", "people")
GIVEN_AWAY = ("numbers", "words", "people")
WORD = "quillfeather"
_BEGIN = b"PRIVATE KEY"


@pytest.fixture(scope="session")
def copied(scene: Scene) -> Scene:
    """Leave out what the demo brought along, so that a thief is quick: only our people's messages and threads stay."""
    rows = {name: list(found) for name, found in scene.rows.items()}
    sids = {one.sid for one in scene.truth.texts.values()}
    threads = {row["thread_id"] for row in rows["messages"] if row["provider_sid"] in sids}
    rows["messages"] = [row for row in rows["messages"] if row["thread_id"] in threads or row["provider_sid"] in sids]
    ours = {row["id"] for row in rows["messages"]}
    rows["threads"] = [row for row in rows["threads"] if row["id"] in threads]
    rows["tokens"] = [row for row in rows["tokens"] if row["thread_id"] in threads]
    rows["sends"] = [row for row in rows["sends"] if row["thread_id"] in threads]
    rows["case_assessments"] = [row for row in rows["case_assessments"] if row["message_id"] in ours]
    for name in ("events", "log_seals", "pages"):
        rows[name] = []
    month = sorted(name for name in scene.keys["worker"] if "content/" in name and name.endswith(".key"))
    used = [name for name in month if _kid(scene.keys["worker"], name) in {_to(row) for row in rows["messages"]}]
    unused = set(month) - set(used)
    held = {who: {n: c for n, c in files.items() if n not in unused} for who, files in scene.keys.items()}
    return replace(scene, rows=rows, keys=held, database={})


def _kid(files: Mapping[str, bytes], name: str) -> bytes:
    return key_id(_public(files[name.removesuffix("key") + "pub"]))


def _public(pem: bytes) -> X25519PublicKey:
    found = serialization.load_pem_public_key(pem)
    assert isinstance(found, X25519PublicKey)
    return found


def _to(row: Mapping[str, Any]) -> bytes:
    return sealed_to(row["words_sealed"])


def breaches(scene: Scene, thief: str) -> set[str]:
    """Name the cells of a thief's row that no longer hold."""
    row = next(one for one in TABLE if one.thief == thief)
    got, expected = rob(scene.loot(thief), scene.truth), row.expected(scene.truth)
    return {kind for kind in KINDS if getattr(got, kind) != getattr(expected, kind)}


def _row(scene: Scene, table: str) -> dict[str, Any]:
    """The row of a table that is about the one who told of the feather."""
    sid = scene.truth.texts["told"].sid
    message = next(row for row in scene.rows["messages"] if row["provider_sid"] == sid)
    if table == "messages":
        return message
    column = "thread_id" if table == "tokens" else "id"
    return next(row for row in scene.rows[table] if row[column] == message["thread_id"])


def _number_in_a_column(scene: Scene) -> Scene:
    scene.rows["cases"][0]["unsure_reason"] = "asked for (404) 555-0151"
    return scene


def _number_in_a_tie(scene: Scene) -> Scene:
    scene.rows["likenesses"].append({"id": "1", "kind": "alike", "detail_sealed": b"both name (404) 555-0151"})
    return scene


def _index(make: Callable[[Scene, bytes], bytes]) -> Callable[[Scene], Scene]:
    def break_it(scene: Scene) -> Scene:
        token = _row(scene, "tokens")
        token["blind_index"] = token["blind_index"][:8] + make(scene, f"{token['line_id']} {TOLD}".encode())
        return scene

    return break_it


def _by_secret(process: str) -> Callable[[Scene, bytes], bytes]:
    """Key the index with a secret that another process has."""

    def digest(scene: Scene, content: bytes) -> bytes:
        secret = max(scene.secrets[process], key=len)
        return hmac.digest(hmac.digest(secret.encode(), b"district demo", "sha256"), content, "sha256")

    return digest


def _sealed_to_content(scene: Scene) -> Scene:
    """Seal an address to the key of words, which worker and console have."""
    thread, held = _row(scene, "threads"), scene.keys["console"]
    name = next(name for name in held if name.endswith(".key")).removesuffix("key") + "pub"
    thread["address_sealed"] = seal(_public(held[name]), TOLD.encode(), f"threads/{thread['id']}/address")
    return scene


def _unmasked(scene: Scene) -> Scene:
    """Seal the words as they were written, the sender's number with them."""
    message, held = _row(scene, "messages"), scene.keys["console"]
    public = _public(held[next(name for name in held if name.endswith(".key")).removesuffix("key") + "pub"])
    assert numbers.mask(SAID["told"][2], Address(TOLD, "e164")) != SAID["told"][2]
    message["words_sealed"] = seal(public, SAID["told"][2].encode(), f"messages/{message['id']}/words")
    return scene


def _key_given(process: str, name: str, of: str) -> Callable[[Scene], Scene]:
    def break_it(scene: Scene) -> Scene:
        given = next(key for key in scene.keys[of] if key.startswith(name) and key.endswith(".key"))
        held = {**scene.keys[process], given: scene.keys[of][given]}
        return replace(scene, keys={**scene.keys, process: held})

    return break_it


def _account_given(scene: Scene) -> Scene:
    """Give the worker the API key of the account that reporters text."""
    return replace(scene, listed={**scene.listed, "worker": scene.listed["worker"] + scene.listed["courier"]})


def _still_listed(process: str) -> Callable[[Scene], Scene]:
    """Let the carrier keep what should be gone, or answer whom it should not."""

    def break_it(scene: Scene) -> Scene:
        text_of = scene.truth.texts["told"]
        record = {"sid": text_of.sid, "from": text_of.number, "body": SAID["told"][2]}
        return replace(scene, listed={**scene.listed, process: (*scene.listed[process], record)})

    return break_it


def _key_lost(scene: Scene) -> Scene:
    held = {name: content for name, content in scene.keys["courier"].items() if name != "identity.key"}
    return replace(scene, keys={**scene.keys, "courier": held})


def _id_in_a_job(scene: Scene) -> Scene:
    return _job_with(message=_row(scene, "messages")["id"])(scene)


def _number_in_a_backup(scene: Scene) -> Scene:
    return replace(scene, opened_backups={**scene.opened_backups, "more": f'{{"address":"{TOLD}"}}'.encode()})


def _to_another_receipt(scene: Scene) -> Scene:
    """Seal what one web reporter says to another's receipt."""
    key = serialization.load_pem_private_key(scene.receipts["web"], None)
    assert isinstance(key, X25519PrivateKey)
    _, message, thread = scene.truth.texts["other web"].names
    copied = {"id": "1" * 32, "thread_id": thread, "message_id": message}
    sealed = seal(key.public_key(), b"wobblethorn", f"copies/{copied['id']}/words")
    return replace(scene, rows={**scene.rows, "copies": [*scene.rows["copies"], {**copied, "words_sealed": sealed}]})


def _receipt_kept(scene: Scene) -> Scene:
    return replace(scene, keys={**scene.keys, "intake": {**scene.keys["intake"], "kept.key": scene.receipts["web"]}})


def _key_beside_its_file(scene: Scene) -> Scene:
    """Let a file's key stand in its row as it is."""
    row = scene.rows["attachments"][0]
    console = [serialization.load_pem_private_key(pem, None) for pem in scene.keys["console"].values() if _BEGIN in pem]
    for key in (one for one in console if isinstance(one, X25519PrivateKey)):
        with suppress(KeyRefused):
            row["reason"] = unseal(key, row["clean_key_sealed"], f"attachments/{row['id']}/clean_key").decode()
    assert row["reason"]
    return scene


def _logged(line: str) -> Callable[[Scene], Scene]:
    return lambda scene: replace(scene, logs={**scene.logs, "log/intake.log": line.encode()})


def _job_with(**carried: str) -> Callable[[Scene], Scene]:
    """Put something into a job, as RQ writes it: JSON, deflated."""

    def break_it(scene: Scene) -> Scene:
        job = Job.create("gateway.front.jobs.drain", kwargs=carried, connection=Redis(), serializer=JSONSerializer)
        written = b"".join(
            str(part).encode() if not isinstance(part, bytes) else part for part in job.to_dict().values()
        )
        return replace(scene, valkey=inflated({**scene.valkey, "valkey/appendonlydir/a.aof": written}))

    return break_it


def _open_backup(scene: Scene) -> Scene:
    return replace(scene, backups={"backup": json.dumps({"address": TOLD, "words": WORD}).encode()})


@dataclass(frozen=True)
class Break:
    """A broken wall: what breaks it, whose row must then fail, and in which columns."""

    make: Callable[[Scene], Scene]
    thief: str
    seen: frozenset[str]


def _breaks(make: Callable[[Scene], Scene], thief: str, *seen: str) -> Break:
    return Break(make, thief, frozenset(seen))


BREAKS = {
    "a number in clear in a column": _breaks(_number_in_a_column, "database", "numbers"),
    "a number in clear in a tie of cases": _breaks(_number_in_a_tie, "ties of cases", "numbers"),
    "an index that is a bare SHA-256": _breaks(_index(lambda _, c: hashlib.sha256(c).digest()), "database", "numbers"),
    "an index keyed with what stands in the database": _breaks(
        _index(lambda _, content: hmac.digest(b"demo", content, "sha256")), "clock", "numbers"
    ),
    "an index keyed with a secret of intake": _breaks(_index(_by_secret("intake")), "intake", "numbers"),
    "an index keyed with a secret of the worker": _breaks(_index(_by_secret("worker")), "worker", "numbers"),
    "an address sealed to the key of words": _breaks(_sealed_to_content, "console", "numbers", "people"),
    "words sealed unmasked": _breaks(_unmasked, "console", "numbers"),
    "the console has the identity key": _breaks(
        _key_given("console", "identity", "courier"), "console", "numbers", "people"
    ),
    "the console has the index key": _breaks(_key_given("console", "index", "courier"), "console", "numbers"),
    "intake has a key of words": _breaks(_key_given("intake", "content", "console"), "intake", "words", "files"),
    "intake keeps a receipt": _breaks(_receipt_kept, "intake", "words"),
    "a web reporter's words sealed to another's receipt": _breaks(_to_another_receipt, "a receipt", "words"),
    "a file's key in clear beside it": _breaks(_key_beside_its_file, "database", "files"),
    "a web reporter's address in a log": _breaks(_logged('{"peer": "127.0.0.77:4711"}'), "logs", "words"),
    "the clock has the outbound key": _breaks(_key_given("clock", "outbound", "courier"), "clock", "words"),
    "the worker has the reporters' account": _breaks(_account_given, "worker", "numbers", "people"),
    "a number in a log": _breaks(_logged('{"event": "from +14045550151"}'), "logs", "numbers"),
    "words in a log": _breaks(_logged('{"event": "he hid a Quillfeather"}'), "logs", "words"),
    "words in a job": _breaks(_job_with(text=f"he hid a {WORD}"), "valkey", "words"),
    "a number in a job": _breaks(_job_with(sender=TOLD), "valkey", "numbers"),
    "a message's id in a job": _breaks(_id_in_a_job, "valkey", "threads"),
    "a number in clear in a backup": _breaks(_number_in_a_backup, "opened backups", "numbers"),
    "the courier has lost a key": _breaks(_key_lost, "courier", "numbers", "people"),
    "a text that was not deleted": _breaks(_still_listed("courier"), "carrier: reporters", *GIVEN_AWAY),
    "a page line that knows reporters": _breaks(_still_listed("worker"), "carrier: paging", *GIVEN_AWAY),
    "a webhook secret that opens an account": _breaks(_still_listed("intake"), "carrier: webhooks", *GIVEN_AWAY),
    "a backup that is not sealed": _breaks(_open_backup, "backups", "numbers", "words"),
}


def test_there_is_a_break_for_every_thief() -> None:
    assert {broken.thief for broken in BREAKS.values()} == {row.thief for row in TABLE}


@pytest.mark.parametrize("broken", BREAKS.values(), ids=BREAKS)
def test_breaking_a_wall_breaks_its_cell(copied: Scene, broken: Break) -> None:
    assert breaches(copied, broken.thief) == set()
    rows, listed = copy.deepcopy(copied.rows), copied.listed
    assert breaches(broken.make(replace(copied, rows=rows, listed=listed)), broken.thief) == broken.seen


@pytest.mark.parametrize(
    ("process", "key"), [("console", "identity"), ("worker", "identity"), ("clock", "content"), ("intake", "outbound")]
)
def test_a_role_still_holds_where_a_key_has_leaked(copied: Scene, process: str, key: str) -> None:
    holder = "console" if key == "content" else "courier"
    leaked = _key_given(process, key, holder)(copied)
    assert breaches(leaked, process) != set()
    assert breaches(leaked.with_roles(process), process) == set()


@pytest.mark.parametrize(
    "content",
    [
        b"TIPLINE_CONSOLE_URL=http://x/?from=%2B14045550151\0",
        b"a page of a table " + "4045550151".encode("utf-16-le"),
        b"a log for recovery \\x" + b"4045550151".hex().encode(),
        b"Headers({'location': '/sms?Body=QuillFeather'})",
        b"DETAIL:  parameters: $1 = '+14045550151'",
    ],
    ids=["environment", "database file", "log for recovery", "header", "server log"],
)
def test_the_search_of_a_run_sees_it(copied: Scene, content: bytes) -> None:
    assert list(copied.found({"somewhere": content})) == ["somewhere"]


@pytest.mark.parametrize(
    ("process", "key"),
    [
        ("console", "identity.key"), ("console", "index.key"), ("console", "outbound.key"), ("worker", "identity.key"),
        ("worker", "index.key"), ("intake", "identity.key"), ("intake", "content"), ("clock", "identity.key"),
        ("clock", "content"), ("courier", "content"), ("intake", "log.key"),
    ],
)  # fmt: skip
def test_a_process_refuses_a_key_too_many(scene: Scene, tmp_path: Path, process: str, key: str) -> None:
    holder = {"content": "console", "log.key": "clock"}.get(key, "courier")
    given = next(name for name in scene.keys[holder] if name.startswith(key) and name.endswith(".key"))
    for name, content in {**scene.keys[process], given: scene.keys[holder][given]}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    with pytest.raises(KeyRefused, match="must not hold"):
        keys.load(tmp_path, process)
    shutil.rmtree(tmp_path)


@pytest.mark.parametrize(
    ("process", "secret"),
    [
        ("worker", "TWILIO_API_SECRET"), ("courier", "TWILIO_PAGING_API_SECRET"), ("console", "TWILIO_API_SECRET"),
        ("intake", "TWILIO_API_SECRET"), ("clock", "TWILIO_WEBHOOK_SECRET"), ("worker", "TWILIO_AUTH_TOKEN"),
    ],
)  # fmt: skip
def test_a_process_refuses_a_secret_too_many(process: str, secret: str) -> None:
    with pytest.raises(SettingsRefused, match=f"must not be given {secret}"):
        settings.load(process, {secret: "x", "DATABASE_URL": "sqlite://", "REDIS_URL": "x", "TIPLINE_KEYS_DIR": "."})


def _log_of_an_error(capsys: pytest.CaptureFixture[str]) -> str:
    logs.setup("intake", "DEBUG")
    try:
        form = {"From": TOLD, "Body": SAID["told"][2]}
        raise ValueError(f"cannot take {form}")
    except ValueError as error:
        logs.log().error("a request failed unforeseen", error=error)
    return capsys.readouterr().err


def test_an_address_in_an_exception_stays_out_of_the_log_and_shows_if_it_did_not(
    copied: Scene, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    line = _log_of_an_error(capsys)
    assert "a request failed unforeseen" in line
    assert copied.found({"log": line.encode()}) == {}
    monkeypatch.setattr(logs, "places", str)
    assert copied.found({"log": _log_of_an_error(capsys).encode()}) != {}


def test_a_database_error_does_not_tell_what_it_was_given(tmp_path: Path, copied: Scene) -> None:
    """The house's engine hides parameters; one that does not would tell them."""
    url = f"sqlite:///{tmp_path / 'a.db'}"
    ours = Database(url)
    for engine, tells in ((ours.engine, False), (create_engine(url), True)):
        with engine.begin() as connection:
            connection.execute(text("CREATE TABLE IF NOT EXISTS t (n TEXT NOT NULL UNIQUE, o TEXT NOT NULL)"))
        with pytest.raises(IntegrityError) as caught, engine.begin() as connection:
            connection.execute(text("INSERT INTO t (n) VALUES (:n)"), {"n": TOLD})
        assert (copied.found({"error": f"{caught.value!r} {caught.value}".encode()}) != {}) is tells
        engine.dispose()
    ours.close()
