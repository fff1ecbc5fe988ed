"""A scene: the house run for real, with people who write, staff who work, and faults on purpose.

What each thief could carry off is taken while the processes still run.
"""

from __future__ import annotations

import base64
import contextlib
import itertools
import os
import re
import threading
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy import MetaData, create_engine, text
from twilio.request_validator import HMAC_SHA256

from channels.sms import sign
from gateway.core import receipts
from gateway.core.keys import PROCESSES
from gateway.core.receipts import Receipt
from gateway.front import environment, valkey
from gateway.front.backup.keys import private
from gateway.front.backup.reading import walk
from gateway.front.backup.rows import Shape
from gateway.front.places import Var
from tests.anonymity.scene import Scene
from tests.anonymity.thief import Rows, key_files
from tests.anonymity.truth import Text, Truth
from tests.support.files import picture
from tests.support.house import CEDAR, LINCOLN, PAGING, House, hidden, until

TOLD, KEPT, STRANGE, STOPPED, LANDLINE, BROKEN = (
    "+14045550151", "+525512345671", "+14045550153", "+14045550154", "+14045550155", "+14045550157",
)  # fmt: skip
UNSIGNED, UNLUCKY = "+14045550156", "+14045550158"
NUMBERS = (TOLD, KEPT, STRANGE, STOPPED, LANDLINE, BROKEN, UNSIGNED, UNLUCKY)
BROKEN_AS = "404-555-0157 ext"
"""How the carrier might garble a number: it is nobody's address, and still nobody's business."""
SAID = {
    "told": (TOLD, LINCOLN, "he hid a quillfeather in his locker. im on (404) 555-0151, 4o4 five five five 0151"),
    "kept": (KEPT, CEDAR, "mi amigo tiene una zarzamoreta, mi número es cincuenta y cinco uno dos 345671"),
    "strange": (STRANGE, PAGING, "is this the school? theres a brindlewick fight. 404.555.0153"),
    "stopped": (STOPPED, LINCOLN, "Marcus Wicklow sells vexilpuff in the gym"),
    "landline": (LANDLINE, LINCOLN, "marcus wicklow sells drugs in the oxtumble hall"),
}
WORDS = {
    "told": "quillfeather", "kept": "zarzamoreta", "strange": "brindlewick", "stopped": "vexilpuff",
    "landline": "oxtumble", "broken": "yarrowmint", "reply": "marzipan", "note": "dovetailer",
    "unsigned": "hobnocket", "unlucky": "pumpernaut", "web": "glimmerwort", "web answer": "tanglefroth",
    "web reply": "murkleberry", "other web": "wobblethorn", "alike": "wicklow",
}  # fmt: skip
REPORTED = {
    "web": {"text": "someone hid a glimmerwort", "where": "gym", "role": "student"},
    "other web": {"text": "they took his wobblethorn", "who": "two kids", "topic": "bullying"},
}
BROWSER, ADDRESS = "Snorkelbat/1.0", "127.0.0.77"
"""What the web reporters' browser says it is, and where it calls from."""
_PICTURE = {"content_type": "image/jpeg", "base64": base64.b64encode(picture()).decode()}
_ZEROS = bytes(512)
"""Most of a server's log for recovery is empty: there is nothing to find in it, and it takes long."""
_WAITING = "messages WHERE direction = 'in' AND (threaded_at IS NULL OR dispatched_at IS NULL)"


@dataclass
class Stage:
    """A running house and hands to act on it; `database_url` is where its rows are."""

    house: House
    database_url: str
    answers: list[bytes] = field(default_factory=list)
    spoken: list[bytes] = field(default_factory=list)
    sids: dict[str, tuple[str, str]] = field(default_factory=dict)
    done: threading.Event = field(default_factory=threading.Event)
    receipts: dict[str, Receipt] = field(default_factory=dict)
    seeds: dict[str, str] = field(default_factory=dict)

    @property
    def backup(self) -> Path:
        """Where the backup is written: on another machine, so to speak."""
        return self.house.var.parent / "backup.tipline"

    @property
    def var(self) -> Var:
        """The folder of the house."""
        return Var(self.house.var)

    def play(self) -> None:
        """Let everything happen."""
        threading.Thread(target=self._overhear, daemon=True).start()
        for line in (CEDAR, PAGING):
            self.house.tipline("lines", line, "--no-delete-at-carrier")
        httpx.post(f"{self.house.phones_url}/control", json={"numbers": {LANDLINE: "not_mobile"}}).raise_for_status()
        for label, (number, line, words) in SAID.items():
            more = {"media": [_PICTURE]} if label == "told" else {}
            self.sids[label] = (str(self.house.text(number, words, to=line, **more)["sid"]), number)
        self.house.text(STOPPED, "STOP")
        with self._browser() as browser:
            for label, said in REPORTED.items():
                self._report(browser, label, said)
        self._go_wrong()
        for number in (TOLD, KEPT, STRANGE):
            until(lambda number=number: self.house.received(number), f"a receipt on {number}")  # type: ignore[misc]
        self._work()
        until(lambda: self._count("likenesses"), "two cases to be tied")
        until(self._is_clean, "both pictures to be cleaned")
        until(self._is_forgotten, "the carrier to forget what it may")
        self.house.tipline("backup", "key", "--out", str(self.backup.with_suffix(".key")))
        self.house.tipline("backup", "--out", str(self.backup))

    def _go_wrong(self) -> None:
        """Unsigned, garbled, over-long, while a table is away: each with a number and words in it."""
        form = {"MessageSid": "SM" + "5" * 32, "From": UNSIGNED, "To": LINCOLN, "Body": f"{UNSIGNED} hobnocket"}
        self._post({**form, "AccountSid": self._told("intake")["TWILIO_ACCOUNT_SID"]}, signed=False, status=403)
        self.sids["broken"] = ("SM" + "6" * 32, BROKEN)
        form = {"MessageSid": self.sids["broken"][0], "From": BROKEN_AS, "To": LINCOLN}
        self._post({**form, "Body": f"a yarrowmint fell. {BROKEN_AS}"}, status=200)
        unlucky = {"From": UNLUCKY, "To": LINCOLN, "Body": f"pumpernaut {UNLUCKY}"}
        if self._post({**unlucky, "MessageSid": "SM\0" + "7" * 80}, status=None).is_success:
            self.sids["unlucky"] = ("SM\0" + "7" * 80, UNLUCKY)  # SQLite keeps what PostgreSQL refuses
        until(lambda: self._count(_WAITING) == 0, "everything to be threaded before a table is away")
        with self._table_away():
            assert self._post({**unlucky, "MessageSid": "SM" + "8" * 32}, status=None).is_server_error
            self._get(f"{self.house.public_url}/")
            self._break_report()
            self._get(f"{self.house.public_url}/nowhere/{UNLUCKY}?Body=pumpernaut")

    def _browser(self) -> httpx.Client:
        """Come as somebody on the web does, from an address that nobody else has."""
        transport = httpx.HTTPTransport(local_address=ADDRESS)
        headers = {"User-Agent": BROWSER, "Accept": "text/html"}
        return httpx.Client(base_url=self.house.public_url, headers=headers, transport=transport, timeout=30)

    def _report(self, browser: httpx.Client, label: str, said: Mapping[str, str]) -> None:
        """Report on the web; the page with the receipt is its reporter's alone."""
        form = browser.get("/s/lincoln").text
        self.seeds[label] = hidden(form, "once")
        sent = {**said, "once": self.seeds[label], "puzzle": hidden(form, "puzzle"), "solution": ""}
        files = {"files": ("IMG_0001.jpg", picture(), "image/jpeg")} if label == "web" else None
        page = browser.post("/s/lincoln", data=sent, files=files)
        (shown,) = re.findall(r'id="receipt"[^>]*>([^<]+)<', page.text)
        self.receipts[label] = receipts.parse(shown)

    def _break_report(self) -> None:
        """Send a form that must be shown again while it cannot be; what comes back its reporter alone sees."""
        with self._browser() as browser:
            browser.post("/s/lincoln", data={"text": f"pumpernaut {UNLUCKY}", "where": "x" * 2000})

    def _come_back(self, said: str) -> None:
        """Read the reply with the receipt, guess at another, and answer."""
        receipt = self.receipts["web"].shown()
        with self._browser() as browser:
            wrong = receipt[:-1] + ("1" if receipt[-1] == "0" else "0")
            self._hear(browser.post("/back", data={"receipt": wrong}))
            talk = browser.post("/back", data={"receipt": receipt})
            assert WORDS["web reply"] in talk.text
            form = {"receipt": receipt, "once": hidden(talk.text, "once"), "text": said}
            assert browser.post("/back/answer", data=form).status_code == 200

    def _count(self, of: str) -> int:
        with self._connected() as connection:
            return int(connection.execute(text(f"SELECT count(*) FROM {of}")).scalar_one())  # noqa: S608 - constants

    @contextlib.contextmanager
    def _connected(self) -> Iterator[Any]:
        engine = create_engine(self.database_url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            yield connection
        engine.dispose()

    @contextlib.contextmanager
    def _table_away(self) -> Iterator[None]:
        """On PostgreSQL an error that nobody foresaw; on SQLite a database that does not answer."""
        with self._connected() as connection:
            if connection.dialect.name == "sqlite":
                connection.execute(text("PRAGMA legacy_alter_table=ON"))
            connection.execute(text("ALTER TABLE lines RENAME TO lines_away"))
            try:
                yield
            finally:
                connection.execute(text("ALTER TABLE lines_away RENAME TO lines"))

    def _post(self, form: dict[str, str], *, status: int | None, signed: bool = True) -> httpx.Response:
        url, told = f"{self.house.public_url}/sms/inbound", self._told("intake")
        form = {"AccountSid": told["TWILIO_ACCOUNT_SID"], **form}
        headers = sign(url, form, told["TWILIO_WEBHOOK_SECRET"], HMAC_SHA256) if signed else {}
        answer = httpx.post(url, data=form, headers=headers, timeout=30)
        assert status is None or answer.status_code == status, answer.text
        return self._hear(answer)

    def _get(self, url: str) -> None:
        self._hear(httpx.get(url, timeout=30))

    def _hear(self, answer: httpx.Response) -> httpx.Response:
        self.answers.append(repr(answer.headers).encode() + answer.content)
        return answer

    def _told(self, process: str) -> dict[str, str]:
        return environment.read(self.var.env(process))

    def _work(self) -> None:
        """Staff read, answer and write notes; another system asks for everything."""
        with self.house.browser() as browser:
            case = until(lambda: self._case(browser, "quillfeather"), "the case")
            self._say(browser, case, "reply", "was it marzipan?")
            self._say(browser, case, "notes", "dovetailer knows")
            web = until(lambda: self._case(browser, WORDS["web"]), "the case of the report")
            self._say(browser, web, "reply", f"is it a {WORDS['web reply']}?")
            self._come_back(f"no, a {WORDS['web answer']}")
            until(lambda: WORDS["web answer"] in browser.get(f"/cases/{web}").text, "the answer")
            for path in ("/", "/?show=all", "/on-call", "/unclear", "/metrics", "/readyz", "/healthz", "/nowhere"):
                browser.get(path)
        until(lambda: "was it marzipan?" in self.house.received(TOLD), "the reply")
        for path in ("/readyz", "/healthz", "/metrics", "/"):
            self._get(self.house.public_url + path)
            self._get(self.house.console_url + path)
        self.house.tipline("doctor", "--json", check=False)

    def _say(self, browser: httpx.Client, case: str, what: str, words: str) -> None:
        shown = browser.get(f"/cases/{case}").text
        form = {"csrf": hidden(shown), "text": words}
        origin = {"Origin": self.house.console_url}
        for path in (re.findall(rf'action="(/cases/[^"]+/{what})"', shown)[0], f"/cases/{case}/export/niem"):
            assert browser.post(path, data=form, headers=origin).status_code == 200

    def _is_clean(self) -> bool:
        with self._connected() as connection:
            states = connection.execute(text("SELECT state FROM attachments")).scalars().all()
        return list(states) == ["clean"] * 2

    def _case(self, browser: httpx.Client, word: str) -> str | None:
        numbers = dict.fromkeys(re.findall(r"/cases/(\d{4}-\d{4})", browser.get("/?show=all").text))
        return next((number for number in numbers if word in browser.get(f"/cases/{number}").text), None)

    def _is_forgotten(self) -> bool:
        """Whether the carrier has deleted what came in at a line whose texts may go, and what went out there."""
        mine = [one for one in self._listed("courier") if {one["from"], one["to"]} & set(NUMBERS)]
        return {one["sid"] for one in mine if LINCOLN in {one["from"], one["to"]}} == set()

    def _listed(self, process: str) -> tuple[Mapping[str, Any], ...]:
        """Try every pair of what a process was told as a way into every account that it was told of."""
        told = list(self._told(process).values())
        accounts = [value for value in told if re.fullmatch(r"AC[0-9a-f]{32}", value)]
        found: list[Mapping[str, Any]] = []
        for account, user, password in itertools.product(accounts, told, told):
            url = f"{self.house.phones_url}/2010-04-01/Accounts/{account}/Messages.json"
            answer = httpx.get(url, params={"PageSize": 1000}, auth=(user, password), timeout=30)
            found += answer.json()["messages"] if answer.status_code == 200 else []
        return tuple(found)

    def _redis(self) -> Any:
        return Redis.from_url(valkey.url(self.var))  # its types know nothing of monitor, scan and dump

    def _overhear(self) -> None:
        """Keep every byte that anybody sends to Valkey; under load its first answer may not be the one awaited."""
        while not self.done.is_set():
            with contextlib.suppress(RedisError, OSError, ValueError, IndexError), self._redis().monitor() as heard:
                for one in heard.listen():
                    self.spoken.append(_unescaped(str(one["command"])))
                    if self.done.is_set():
                        break

    def take(self, data: Path | None) -> Scene:
        """Carry off everything; `data` is the folder of a PostgreSQL, if that is where the rows are."""
        until(lambda: any(b"drain" in inflated({"": one})[""] for one in self.spoken), "a job to be overheard")
        self.done.set()
        rows = self._rows()
        root = self.house.var
        files = {str(p.relative_to(root)): p.read_bytes() for p in sorted(root.rglob("*")) if p.is_file()}
        database = _part(files, "tipline.db") if data is None else _files(data, but="log")
        carrier = ("phones.db", "env/phones.json")
        rest = ("tipline.db", "valkey/", "log/", "keys/", *carrier)
        return Scene(
            truth=self._truth(rows),
            rows=rows,
            keys={process: key_files(root / "keys" / process) for process in PROCESSES},
            secrets={process: tuple(self._told(process).values()) for process in PROCESSES},
            listed={process: self._listed(process) for process in PROCESSES},
            database=database,
            valkey=inflated({**_part(files, "valkey/"), **self._dump()}),
            logs=_part(files, "log/"),
            elsewhere={**{n: c for n, c in files.items() if not n.startswith(rest)}, **_processes(root)},
            backups={"backup": self.backup.read_bytes()},
            opened_backups=self._opened(),
            receipts={label: _pem(receipt) for label, receipt in self.receipts.items()},
            files={Path(name).name: content for name, content in _part(files, "media/").items()},
            server_log=(data / "log").read_bytes() if data else b"",
            answers=self.answers,
            pages=self.house.seen,
        )

    def _rows(self) -> dict[str, list[dict[str, Any]]]:
        metadata = MetaData()
        with self._connected() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("CHECKPOINT"))
            metadata.reflect(connection)
            return {
                name: [dict(row) for row in connection.execute(table.select()).mappings()]
                for name, table in metadata.tables.items()
            }

    def _truth(self, rows: Rows) -> Truth:
        stored = {row["provider_sid"]: row for row in rows["messages"]}
        texts = {
            label: Text(number, sid, (sid, stored[sid]["id"], stored[sid]["thread_id"] or sid))
            for label, (sid, number) in self.sids.items()
        }
        texts |= {label: text for one in self.receipts for label, text in self._on_web(one, rows).items()}
        secret = {f"browser of {label}": BROWSER for label in self.receipts} | {"address": ADDRESS}
        for label, receipt in self.receipts.items():
            secret |= {f"receipt of {label}": receipt.shown().replace("-", ""), f"seed of {label}": self.seeds[label]}
            secret |= {f"shown receipt of {label}": receipt.shown()}
        return Truth(
            NUMBERS, {**WORDS, **secret}, texts, kept=frozenset({"kept"}), strange=frozenset({"strange"}),
            files=frozenset({"told", "web"}),
            opened={"web": frozenset({"web", "web reply", "web answer"}), "other web": frozenset({"other web"})},
        )  # fmt: skip

    def _on_web(self, label: str, rows: Rows) -> dict[str, Text]:
        """Find what was said with a receipt: the report, then the answer."""
        lookup = self.receipts[label].lookup_id
        (thread,) = [row["id"] for row in rows["threads"] if row["receipt_lookup"] == lookup]
        said = [row for row in rows["messages"] if row["thread_id"] == thread and row["direction"] == "in"]
        said.sort(key=lambda row: str(row["at"]))
        sids = [str(row["provider_sid"]) for row in said]
        return {
            name: Text("", sid, (sid, row["id"], thread))
            for name, sid, row in zip((label, f"{label} answer"), sids, said, strict=False)
        }

    def _opened(self) -> dict[str, bytes]:
        found: dict[str, bytes] = {}

        def put(shape: Shape, lines: Iterator[bytes]) -> None:
            found[shape.name] = b"\n".join(lines)

        key = private(self.backup.with_suffix(".key"))
        walk(self.backup, key, lambda _head: None, put, lambda name, file: found.update({name: b"".join(file)}))
        return found

    def _dump(self) -> dict[str, bytes]:
        with self._redis() as client:
            keys = list(client.scan_iter(count=1000))
            held = {f"key {key!r}": key + bytes(client.dump(key) or b"") for key in keys}
        return {**held, "spoken": b"\n".join(self.spoken)}


def _pem(receipt: Receipt) -> bytes:
    return receipt.private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _unescaped(command: str) -> bytes:
    return command.encode("latin-1", "replace").decode("unicode_escape", "replace").encode("latin-1", "replace")


def _part(files: Mapping[str, bytes], start: str) -> dict[str, bytes]:
    return {name: content for name, content in files.items() if name.startswith(start)}


def _files(folder: Path, *, but: str) -> dict[str, bytes]:
    found = {}
    for path in sorted(folder.rglob("*")):
        with contextlib.suppress(OSError):  # a server makes files and takes them away as it runs
            if path.is_file() and path.name != but:
                found[str(path.relative_to(folder))] = path.read_bytes().replace(_ZEROS, b"")
    return found


def _processes(var: Path) -> dict[str, bytes]:
    """What the system tells of every process of the house: environment and command line."""
    found = {}
    for path in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            told = (path / "environ").read_bytes()
            if os.fsencode(f"TIPLINE_VAR={var}") in told:
                found[f"process {path.name}"] = told + (path / "cmdline").read_bytes()
                found[f"limits {path.name}"] = (path / "limits").read_bytes()
    return found


def inflated(blobs: Mapping[str, bytes]) -> dict[str, bytes]:
    """Add what lies deflated inside of bytes: RQ compresses what its jobs carry."""
    found = {}
    for name, content in blobs.items():
        parts = []
        for start in (match.start() for match in re.finditer(b"x[\x01\x5e\x9c\xda]", content)):
            with contextlib.suppress(zlib.error):
                parts.append(zlib.decompressobj().decompress(content[start:]))
        found[name] = b"\n".join([content, *parts])
    return found
