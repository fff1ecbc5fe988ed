"""Who an actor is: the names behind `account:<id>`, `contact:<id>`, `token:<id>` and our own processes."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from responders.accounts.records import Account, ApiToken
from responders.directory.records import Responder

_PERSONS = ("account:", "contact:")


def is_person(actor: str | None) -> bool:
    """Tell whether somebody on staff acted in person, by account or by phone.

    What other systems do by token may be by itself, as what ours do, and so follow a report within seconds; commands at
    the server may be run by a timer.
    """
    return actor is not None and actor.startswith(_PERSONS)


@dataclass(frozen=True)
class People:
    """The names of a district, read once for a page."""

    names: dict[str, str]

    def name(self, actor: str | None) -> str:
        """Name an actor; what our own processes do, the house does."""
        if actor is None:
            return "Nobody"
        if actor == "reporter":
            return "The reporter"
        return self.names.get(actor) or ("Tipline" if actor.startswith("process:") else "Someone")


def read(session: Session, district_id: str) -> People:
    """Read the names of a district: accounts, responders' phones and other systems."""
    names: dict[str, str] = {}
    for prefix, key, name, owner in (
        ("account", Account.id, Account.name, Account.district_id),
        ("contact", Responder.contact_id, Responder.name, Responder.district_id),
        ("token", ApiToken.id, ApiToken.name, ApiToken.district_id),
    ):
        rows = session.execute(select(key, name).where(owner == district_id))
        names.update({f"{prefix}:{one}": called for one, called in rows})
    return People(names)
