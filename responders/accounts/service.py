"""Accounts: signing in and out, sessions, and bearer tokens. The only writer of this capability's tables."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session, defer, undefer

from gateway.core.database import Database
from gateway.core.errors import BadInput, NotAllowed, NotFound
from gateway.core.events import emit
from gateway.core.records import new_id
from responders.accounts import attempts, browsers, passwords
from responders.accounts.records import Account, ApiToken, StaffSession

IDLE = timedelta(hours=12)
LONGEST = timedelta(hours=24)
SCOPES = ("cases:read", "cases:write", "alerts:write", "events:read", "metrics:read", "subscriptions:write")
ROLES = ("counsellor", "administrator", "officer", "operator")
ADMINISTRATOR = "administrator"
_ADMINISTRATORS = frozenset({"subscriptions:write"})

_WRONG = "Name or password is not right."
_TOUCH_EVERY = timedelta(minutes=1)


@dataclass(frozen=True)
class SignedIn:
    """A fresh session: `cookie` goes to the browser and is kept nowhere, `csrf` goes into its forms.

    `browser` is the browser's to keep when the session has ended, and is shown at the next sign-in.
    """

    cookie: str = field(repr=False)
    csrf: str = field(repr=False)
    browser: str = field(repr=False)
    account: Account


def create(
    session: Session, district_id: str, username: str, name: str, role: str, password: str, now: datetime
) -> Account:
    """Make an account. Raises: BadInput for an unknown role, a name that is taken, or a password not 12 to 200 long."""
    username = _plain(username)
    if role not in ROLES or not username:
        raise BadInput(f"An account has a name to sign in with and a role: {', '.join(ROLES)}.")
    if session.scalar(select(Account.id).where(Account.username == username)):
        raise BadInput("This name is taken.")
    account = Account(
        id=new_id(),
        district_id=district_id,
        username=username,
        name=name,
        role=role,
        password_phc=passwords.enclose(password),
        created_at=now,
    )
    session.add(account)
    session.flush()
    _event(session, "created", account, now, role=role)
    return account


def sign_in(database: Database, username: str, password: str, now: datetime, browser: str = "") -> SignedIn:
    """Check a name and password and open a session. Raises: NotAllowed, with the same words for both faults.

    It takes a `Database`: a wrong try must be kept, and the slow hash must not hold the write lock. `browser`: what an
    earlier sign-in gave this browser to keep.
    """
    with database.write() as session:
        query = select(Account).options(undefer(Account.password_phc)).where(Account.username == _plain(username))
        account = session.scalar(query)
        account_id, phc = (account.id, account.password_phc) if account else (None, passwords.NOBODY)
        attempt_id = attempts.begin(session, _counted(session, _plain(username), account_id, browser, now), now)
    right = passwords.verify(password, phc)
    with database.write() as session:
        account = session.get(Account, account_id) if account_id else None
        if right and account is not None and account.disabled_at is None:
            attempts.succeed(session, attempt_id)
            return _open(session, account, browser, now)
        _failed(session, account, now)
    raise NotAllowed(_WRONG)


def who(session: Session, cookie: str, now: datetime) -> tuple[Account, StaffSession] | None:
    """Find whose live session a cookie is: used within 12 hours, opened within 24, the account not disabled."""
    found = session.get(StaffSession, _hash(cookie)) if cookie else None
    if found is None or found.expires_at <= now or found.seen_at + IDLE <= now:
        return None
    account = session.get_one(Account, found.account_id)
    return None if account.disabled_at else (account, found)


def stale(found: StaffSession, now: datetime) -> bool:
    """Tell whether a session's last use should be noted anew (once a minute is enough)."""
    return found.seen_at + _TOUCH_EVERY <= now


def touch(session: Session, cookie: str, now: datetime) -> None:
    """Note that a person used their session just now."""
    found = session.get(StaffSession, _hash(cookie))
    if found is not None:
        found.seen_at = now


def sign_out(session: Session, cookie: str, now: datetime) -> None:
    """End the session of a cookie; its row is gone."""
    found = session.get(StaffSession, _hash(cookie))
    if found is not None:
        _event(session, "signed_out", session.get_one(Account, found.account_id), now)
        session.delete(found)


def issue_token(
    session: Session, district_id: str, name: str, scopes: list[str], now: datetime, valid_days: int | None = None
) -> str:
    """Make a bearer token; the answer is its only copy in plain. Raises: BadInput for no scope or an unknown one."""
    if not scopes or not set(scopes) <= set(SCOPES):
        raise BadInput(f"A token has at least one scope of: {', '.join(SCOPES)}.")
    plain = f"tip_{secrets.token_urlsafe(32)}"
    made = ApiToken(
        id=new_id(),
        district_id=district_id,
        name=name,
        token_hash=_hash(plain),
        scopes=sorted(set(scopes)),
        created_at=now,
        expires_at=now + timedelta(days=valid_days) if valid_days else None,
    )
    session.add(made)
    subject = f"token/{made.id}"
    emit(session, "token.issued", subject=subject, actor="process:operator", at=now, district_id=district_id,
         scopes=list(made.scopes))  # fmt: skip
    return plain


def token(session: Session, plain: str, now: datetime) -> ApiToken | None:
    """Find the live token a bearer shows."""
    found = session.scalar(select(ApiToken).where(ApiToken.token_hash == _hash(plain), ApiToken.revoked_at.is_(None)))
    return None if found is None or (found.expires_at and found.expires_at <= now) else found


def tokens(session: Session, district_id: str | None = None) -> list[ApiToken]:
    """List the tokens of a district, or of all, oldest first, those that have ended too; without their hashes."""
    query = select(ApiToken).options(defer(ApiToken.token_hash)).order_by(ApiToken.created_at, ApiToken.id)
    return list(session.scalars(query if district_id is None else query.where(ApiToken.district_id == district_id)))


def revoke_token(session: Session, token_id: str, now: datetime) -> ApiToken:
    """End a token: the next request that shows it is refused. Raises: NotFound, also for one that was revoked."""
    found = session.get(ApiToken, token_id, options=[defer(ApiToken.token_hash)])
    if found is None or found.revoked_at is not None:
        raise NotFound("There is no such token, or it was revoked. `tipline token list` shows their ids.")
    found.revoked_at = now
    emit(session, "token.revoked", subject=f"token/{found.id}", actor="process:operator", at=now,
         district_id=found.district_id)  # fmt: skip
    return found


def scopes_of(role: str) -> frozenset[str]:
    """Tell what a member of staff may do: everything, but where events go to is the administrators' to say."""
    return frozenset(SCOPES) - (frozenset() if role == ADMINISTRATOR else _ADMINISTRATORS)


def of_district(session: Session, district_id: str) -> list[Account]:
    """List the people of a district who can sign in, by name."""
    query = select(Account).where(Account.district_id == district_id, Account.disabled_at.is_(None))
    return list(session.scalars(query.order_by(Account.name)))


def _counted(session: Session, username: str, account_id: str | None, browser: str, now: datetime) -> str:
    """Say under which key a try is counted: a browser that this account knows has a count of its own."""
    if account_id and browser and browsers.knows(session, _hash(browser), account_id, now):
        return _hash(f"{account_id} {browser}")
    return _hash(username)


def _open(session: Session, account: Account, browser: str, now: datetime) -> SignedIn:
    session.execute(delete(StaffSession).where(StaffSession.expires_at <= now))
    cookie, csrf = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    made = StaffSession(cookie_hash=_hash(cookie), account_id=account.id, csrf=csrf, created_at=now, seen_at=now)
    made.expires_at = now + LONGEST
    session.add(made)
    if not browsers.is_ours(session, _hash(browser)):
        browser = secrets.token_urlsafe(32)
    browsers.remember(session, _hash(browser), account.id, now)
    _event(session, "signed_in", account, now)
    return SignedIn(cookie, csrf, browser, account)


def _failed(session: Session, account: Account | None, now: datetime) -> None:
    """An unknown name is a code, never the name: people type passwords into that field."""
    if account is not None:
        _event(session, "sign_in_failed", account, now, code="disabled" if account.disabled_at else "wrong_password")
        return
    emit(session, "account.sign_in_failed", subject="account/unknown", actor="process:console", at=now,
         district_id=None, code="unknown_name")  # fmt: skip


def _event(session: Session, what: str, account: Account, now: datetime, **data: str) -> None:
    actor = "process:console" if what == "sign_in_failed" else f"account:{account.id}"
    subject = f"account/{account.id}"
    emit(
        session, f"account.{what}", subject=subject, actor=actor, at=now, district_id=account.district_id, **data
    )  # fmt: skip


def _plain(username: str) -> str:
    return username.strip().casefold()


def _hash(secret: str) -> str:
    """Cookies and tokens have 256 bits of their own, so a fast hash is enough."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
