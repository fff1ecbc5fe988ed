"""Tables of the accounts capability."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from gateway.core.records import Base, Id, new_id


class Account(Base):
    """A member of staff who can sign in."""

    __tablename__ = "accounts"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    district_id: Mapped[str] = mapped_column(ForeignKey("districts.id"))
    username: Mapped[str] = mapped_column(String(80), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    role: Mapped[str] = mapped_column(String(20))
    """`counsellor`, `administrator`, `officer` (school resource officer) or `operator` (night operator)."""
    password_phc: Mapped[str] = mapped_column(String(300), deferred=True)
    """Read where a password is verified alone: no other process has a right to it."""
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]


class StaffSession(Base):
    """A signed-in browser. Only the hash of its cookie is kept."""

    __tablename__ = "staff_sessions"
    cookie_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"))
    csrf: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class KnownBrowser(Base):
    """A browser from which an account has signed in before. Only the hash of its cookie is kept."""

    __tablename__ = "known_browsers"
    browser_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    seen_at: Mapped[datetime]


class SignInAttempt(Base):
    """A try to sign in, so that guessing is slowed: by account name, never by address."""

    __tablename__ = "sign_in_attempts"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    username: Mapped[str] = mapped_column(String(80))
    """The hash of the name that was typed; from a known browser, of the browser's cookie and the account."""
    at: Mapped[datetime]
    succeeded: Mapped[bool]
    __table_args__ = (Index("sign_in_attempts_recent", "username", "at"),)


class ApiToken(Base):
    """A bearer token of another system. Only its hash is kept."""

    __tablename__ = "api_tokens"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    district_id: Mapped[str] = mapped_column(ForeignKey("districts.id"))
    name: Mapped[str] = mapped_column(String(120))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    scopes: Mapped[list[str]]
    """`cases:read`, `cases:write`, `alerts:write`, `events:read`, `metrics:read`, `subscriptions:write`."""
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
