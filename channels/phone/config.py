"""What a stand-in is started with: accounts, lines, demo phones."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class SharedKey:
    """A key that signs webhooks with HMAC-SHA256 in place of the account's auth token.

    Source: https://www.twilio.com/docs/usage/webhooks/webhook-shared-keys
    """

    sid: str
    secret: str

    def __repr__(self) -> str:
        """Hide the secret."""
        return f"SharedKey({self.sid!r}, ***)"


@dataclass(frozen=True)
class Account:
    """A carrier account: `sid` is AC and 32 hex digits; `name` is ours, e.g. "reporters" or "paging"."""

    sid: str
    auth_token: str
    api_key_sid: str = ""
    api_key_secret: str = ""
    name: str = ""
    shared_key: SharedKey | None = None
    messaging_service_sid: str | None = None

    def __repr__(self) -> str:
        """Hide the secrets."""
        return f"Account({self.sid!r}, ***, name={self.name!r})"


@dataclass(frozen=True)
class Line:
    """A number that belongs to an account. `number` is E.164; the URLs take Twilio's overrides, e.g. `#rc=3&rp=all`."""

    number: str
    account_sid: str
    label: str
    webhook_url: str
    fallback_url: str | None = None


@dataclass(frozen=True)
class Contact:
    """A responder whose phone the page can show."""

    name: str
    number: str


@dataclass(frozen=True)
class PhoneConfig:
    """Everything a stand-in knows at its start."""

    store: Path
    accounts: tuple[Account, ...]
    lines: tuple[Line, ...]
    student_number: str = "+13035550123"
    contacts: tuple[Contact, ...] = ()
    console_url: str = "http://127.0.0.1:8001"
    public_url: str = "http://127.0.0.1:8000"
    step_seconds: float = 0.15
    webhook_timeout_seconds: float = 15.0

    def account(self, sid: str) -> Account | None:
        """Find an account by its SID."""
        return next((account for account in self.accounts if account.sid == sid), None)

    def line(self, number: str) -> Line | None:
        """Find one of our lines by its E.164 number."""
        return next((line for line in self.lines if line.number == number), None)

    def lines_of(self, account_sid: str) -> list[Line]:
        """List the lines of an account, in the order given."""
        return [line for line in self.lines if line.account_sid == account_sid]


def parse(data: dict[str, Any]) -> PhoneConfig:
    """Make a config from plain JSON data: the dataclasses' own field names, tuples as lists.

    Raises: TypeError or KeyError for a field that is unknown or missing.
    """
    accounts = []
    for item in data["accounts"]:
        key = item.get("shared_key")
        accounts.append(Account(**{**item, "shared_key": SharedKey(**key) if key else None}))
    rest = {k: v for k, v in data.items() if k not in {"accounts", "lines", "contacts", "store"}}
    return PhoneConfig(
        store=Path(data["store"]),
        accounts=tuple(accounts),
        lines=tuple(Line(**item) for item in data["lines"]),
        contacts=tuple(Contact(**item) for item in data.get("contacts", ())),
        **rest,
    )


def load(path: Path) -> PhoneConfig:
    """Read a config from a JSON file; see `parse`."""
    data: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return parse(data)
