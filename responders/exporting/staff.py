"""Who on staff did something, as it may leave: by name and role, or by role alone where the policy says so.

Who did it by phone is not told: see `rounds`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from exports.case_snapshot import ResponderSnapshot
from exports.words import Code, Policy, Words
from responders.accounts.records import Account, ApiToken
from responders.cases.people import People
from responders.directory.records import Responder

_ROLES = {
    "counsellor": "Counsellor",
    "administrator": "Administrator",
    "officer": "School resource officer",
    "operator": "Night operator",
    "system": "Another system",
}
_OPERATOR = "operator"
_PEOPLE = ("account:", "contact:", "token:")
_PHONE = "contact:"
_SOMEONE = ResponderSnapshot(Words("Someone"), Code("other"))
_BY_PHONE = ResponderSnapshot(Words("Somebody by phone"), Code("other"))


@dataclass(frozen=True)
class Staff:
    """The people of a district, by actor."""

    known: Mapping[str, ResponderSnapshot]

    def who(self, actor: str | None) -> ResponderSnapshot | None:
        """Find who an actor is; nobody when it is the house itself or a reporter."""
        if actor is None or not acts(actor):
            return None
        if actor.startswith(_PHONE):
            return _BY_PHONE
        return self.known.get(actor) or _SOMEONE

    @property
    def people(self) -> People:
        """Name them for sentences about what they did."""
        return People({actor: str((self.who(actor) or one).name) for actor, one in self.known.items()})

    def paged(self, contact_id: str) -> ResponderSnapshot:
        """Find who was paged."""
        return self.known.get(f"{_PHONE}{contact_id}") or _SOMEONE


def acts(actor: str) -> bool:
    """Tell whether an actor is to be named: somebody on staff, or another system of the district."""
    return actor == _OPERATOR or actor.startswith(_PEOPLE)


def read(session: Session, district_id: str, policy: Policy) -> Staff:
    """Read the people of a district."""
    accounts = select(Account.id, Account.name, Account.role).where(Account.district_id == district_id)
    contacts = select(Responder.contact_id, Responder.name, Responder.role).where(Responder.district_id == district_id)
    tokens = select(ApiToken.id, ApiToken.name).where(ApiToken.district_id == district_id)
    found = {
        **{f"account:{key}": (name, role) for key, name, role in session.execute(accounts)},
        **{f"contact:{key}": (name, role) for key, name, role in session.execute(contacts)},
        **{f"token:{key}": (name, "system") for key, name in session.execute(tokens)},
        _OPERATOR: ("The server's operator", "administrator"),
    }
    return Staff({actor: _shown(name, role, policy) for actor, (name, role) in found.items()})


def _shown(name: str, role: str, policy: Policy) -> ResponderSnapshot:
    return ResponderSnapshot(Words(name if policy.names_staff else _ROLES.get(role, "Staff")), Code(role))
