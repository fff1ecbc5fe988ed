"""Known browsers: one that has signed in before counts its own wrong tries, so nobody else's keep its owner out."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from responders.accounts.records import KnownBrowser

KEPT = timedelta(days=90)
"""How long a browser is known after its last sign-in."""


def knows(session: Session, browser_hash: str, account_id: str, now: datetime) -> bool:
    """Tell whether this account has signed in from a browser, told by the hash of its cookie, in the last 90 days."""
    found = session.get(KnownBrowser, (browser_hash, account_id))
    return found is not None and found.seen_at > now - KEPT


def is_ours(session: Session, browser_hash: str) -> bool:
    """Tell whether a browser's cookie is one that we gave out: two people who share a browser keep the same."""
    return (
        session.scalar(select(KnownBrowser.browser_hash).where(KnownBrowser.browser_hash == browser_hash).limit(1))
        is not None
    )


def remember(session: Session, browser_hash: str, account_id: str, now: datetime) -> None:
    """Note that an account has signed in from a browser; what has lapsed is forgotten."""
    session.execute(delete(KnownBrowser).where(KnownBrowser.seen_at <= now - KEPT))
    session.merge(KnownBrowser(browser_hash=browser_hash, account_id=account_id, seen_at=now))
