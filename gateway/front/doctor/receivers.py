"""Those whom the district's events go to: do they take them, and can their secrets be kept?"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from gateway.front.doctor.finding import Finding
from responders.subscriptions.records import ACTIVE, DEAD, DELETED, WAITING, Delivery, Subscription

WHAT = "receivers of events"


def receivers(session: Session, keys_dir: Path) -> Finding:
    """Look whether every receiver agrees and takes events, and whether there is a key for their secrets."""
    if not (keys_dir / "worker" / "delivery.key").exists():
        return Finding(WHAT, "warning", "There is no key for their secrets yet. Run `tipline keys init`.")
    states = session.execute(select(Subscription.state, Subscription.failures, Subscription.name)).all()
    there = [one for one in states if one[0] != DELETED]
    away = sorted(name for state, failures, name in there if state == WAITING or (state == ACTIVE and failures > 3))
    dead = session.scalar(select(func.count()).select_from(Delivery).where(Delivery.state == DEAD)) or 0
    if away:
        words = f"{', '.join(away)}: not reached, or does not agree. The console says why, under Subscriptions."
        return Finding(WHAT, "warning", words)
    if dead:
        words = (
            f"{dead} events were given up. The console shows which; `tipline events replay --dead` sends them again."
        )
        return Finding(WHAT, "warning", words)
    return Finding(WHAT, "ok", f"{len(there)} are sent events." if there else "Nobody is sent events.")
