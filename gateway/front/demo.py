"""The demo: accounts at a stand-in carrier, and for each process its own secrets of them.

Whoever runs the demo owns every folder under `var/`, so here the walls between processes are tested, not real.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from contextlib import closing
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path

from channels.phone.config import Account, Contact, Line, PhoneConfig, SharedKey, load
from exports.cap.signature import make_key
from gateway.core import cap_keys, key_files, pseudonyms
from gateway.core.database import Database
from gateway.front import environment, migrations, seed, stories, valkey
from gateway.front.doctor.lines import FALLBACK, OVERRIDES
from gateway.front.places import PORTS, Var, port
from gateway.front.roles import granting
from responders.accounts import service as accounts

_SIGNS_DAYS = 825
"""How long the demo's certificate for alerts holds."""


@dataclass(frozen=True)
class Demo:
    """What to tell whoever started it."""

    username: str
    administrator: str
    password: str = field(repr=False)
    urls: Mapping[str, str]

    def welcome(self, var: Var) -> str:
        """Say where to go."""
        return (
            "\nTipline runs. Ctrl-C stops it; your data stays (`make reset` clears it).\n\n"
            f"  The phones   {self.urls['phones']}   text the school, see the page arrive\n"
            f"  The console  {self.urls['console']}   sign in: {self.username} / {self.password}\n"
            f"               or {self.administrator}, the same password: an administrator, who connects systems\n"
            f"               (see /developers there), and is the second person whom an alert needs\n"
            f"  Public side  {self.urls['intake']}\n\n"
            f"  Logs         {var.logs}\n"
        )


def prepare(var: Var, environ: Mapping[str, str], now: datetime, database_url: str | None = None) -> Demo:
    """Make whatever is missing: secrets, keys, tables, the district and its past. What is there stays.

    Raises: SettingsRefused, KeyRefused, Unavailable.
    """
    var.root.mkdir(parents=True, exist_ok=True, mode=0o700)
    urls = {process: f"http://127.0.0.1:{port(process, environ)}" for process in PORTS}
    carrier = _carrier(var, urls)
    environment.write_private(var.phones_config, json.dumps(asdict(carrier), indent=1, default=str))
    shared = {"DATABASE_URL": database_url} if database_url else {}
    reporters, paging = carrier.accounts
    for process, values in _shares(reporters, paging, urls["phones"]).items():
        environment.write(var.env(process), {**(shared or _own_way(var, process)), **values})
    valkey.prepare(var)
    key_files.init(var.keys, [stories.DISTRICT], now)
    if cap_keys.current(var.keys / cap_keys.HOLDER) is None:
        pair = cap_keys.bring(*make_key(stories.DISTRICT_NAME, now, _SIGNS_DAYS))
        cap_keys.install(var.keys, pair, now, key_files.replace)
    alone = environment.of_children(environ, only_files=True)
    settings = environment.load("operator", var, alone)
    password = _password(var)
    _fill(database_url or environment.owner_url(var, alone), settings.keys_dir, password, now)
    administrator = next(person for person in stories.STAFF if person.role == accounts.ADMINISTRATOR)
    return Demo(stories.STAFF[0].username, administrator.username, password, urls)


def _own_way(var: Var, process: str) -> dict[str, str]:
    """Leave each process its own role in the database, where `tipline database roles` has given it one."""
    if not var.env("owner").exists():
        return {}
    return {name: value for name, value in environment.read(var.env(process)).items() if name == "DATABASE_URL"}


def _fill(database_url: str, keys_dir: Path, password: str, now: datetime) -> None:
    with closing(Database(database_url)) as database:
        migrations.upgrade(database)
        if granting.exist(database):
            granting.apply(database)
        seed.fill(database, keys_dir, password, now)


def _carrier(var: Var, urls: Mapping[str, str]) -> PhoneConfig:
    """Describe the stand-in: the accounts it had before, lines whose webhooks are where intake listens now."""
    if var.phones_config.exists():
        accounts = tuple(_with_key(account) for account in load(var.phones_config).accounts)
    else:
        accounts = (_account("reporters"), _account("paging"))
    reporters, paging = accounts
    webhook = f"{urls['intake']}/sms/inbound"
    first, second = webhook + OVERRIDES, webhook + FALLBACK
    lines = [Line(number, reporters.sid, label, first, second) for number, label in stories.report_lines()]
    return PhoneConfig(
        store=var.phones_store,
        accounts=accounts,
        lines=(*lines, Line(stories.PAGING_LINE, paging.sid, "Pages", first, second)),
        student_number=stories.STUDENT,
        contacts=tuple(Contact(person.name, person.number) for person in stories.STAFF),
        console_url=urls["console"],
        public_url=urls["intake"],
    )


def _account(name: str) -> Account:
    return _with_key(
        Account(
            sid="AC" + secrets.token_hex(16),
            auth_token=secrets.token_hex(16),
            api_key_sid="SK" + secrets.token_hex(16),
            api_key_secret=secrets.token_hex(16),
            name=name,
        )
    )


def _with_key(account: Account) -> Account:
    """Let an account sign its webhooks with a key of their own, so that nobody here needs its auth token."""
    if account.shared_key is not None:
        return account
    return replace(account, shared_key=SharedKey("SK" + secrets.token_hex(16), secrets.token_hex(32)))


def _shares(reporters: Account, paging: Account, carrier_url: str) -> dict[str, dict[str, str]]:
    """Say what each process is told: intake verifies, the courier texts reporters, the worker pages staff."""
    verify = {
        "TWILIO_ACCOUNT_SID": reporters.sid,
        "TWILIO_WEBHOOK_SECRET": reporters.shared_key.secret if reporters.shared_key else "",
        "TWILIO_PAGING_ACCOUNT_SID": paging.sid,
        "TWILIO_PAGING_WEBHOOK_SECRET": paging.shared_key.secret if paging.shared_key else "",
    }
    text = {
        "TWILIO_API_BASE_URL": carrier_url,
        "TWILIO_ACCOUNT_SID": reporters.sid,
        "TWILIO_API_KEY": reporters.api_key_sid,
        "TWILIO_API_SECRET": reporters.api_key_secret,
    }
    page = {
        "TWILIO_API_BASE_URL": carrier_url,
        "TWILIO_PAGING_ACCOUNT_SID": paging.sid,
        "TWILIO_PAGING_API_KEY": paging.api_key_sid,
        "TWILIO_PAGING_API_SECRET": paging.api_key_secret,
    }
    return {"intake": verify, "courier": text, "worker": page, "console": {}, "clock": {}, "operator": verify}


def _password(var: Var) -> str:
    """Draw the demo's password once: easy to type, and new for each installation."""
    path = var.env("demo")
    known = environment.read(path).get("DEMO_PASSWORD")
    if known:
        return known
    drawn = "-".join(pseudonyms.draw(secrets.randbelow) for _ in range(2)).lower().replace(" ", "-")
    environment.write(path, {"DEMO_PASSWORD": drawn})
    return drawn
